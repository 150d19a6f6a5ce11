"""The files that workloads read: made from fixed seeds, so that they are the same everywhere."""
import json
import os
import shutil
import struct

PROGRAMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")


class Numbers:
    """A linear congruential generator (Knuth's MMIX constants)."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % limit


def vocabulary(numbers, size):
    parts = "a e i o u an er in on re th st qu pl ar en ti ou ch br m s t d l n r".split()
    return ["".join(parts[numbers.below(len(parts))] for _ in range(1 + numbers.below(4)))
            for _ in range(size)]


def text(size):
    """Words of which few are frequent, in sentences and lines, as in prose. SIZE is in bytes."""
    numbers = Numbers(1)
    words = vocabulary(numbers, 6000)
    result, length, start = [], 0, True
    while length < size:
        rank = numbers.below(1 + numbers.below(1 + numbers.below(len(words))))
        word = words[rank].capitalize() if start else words[rank]
        start = numbers.below(12) == 0
        word += (".\n" if numbers.below(3) == 0 else ". ") if start else " "
        result.append(word)
        length += len(word)
    return "".join(result).encode()[:size]


def binary(size):
    """Records of small and large fields, as in a database or an executable. SIZE is in bytes."""
    numbers = Numbers(2)
    result = bytearray()
    while len(result) < size:
        result += struct.pack("<IIhBBq", len(result), numbers.below(4000), numbers.below(300) - 150,
                              numbers.below(4), 0, numbers.below(2**31) << numbers.below(8))
    return bytes(result[:size])


def people(count):
    """A JSON array of COUNT records."""
    numbers = Numbers(3)
    names = vocabulary(numbers, 400)

    def person(i):
        name = names[numbers.below(len(names))]
        return {"id": i, "name": name, "email": f"{name}@host{numbers.below(40)}.example",
                "age": 18 + numbers.below(70), "amount": numbers.below(100000) / 4,
                "active": numbers.below(4) > 0,
                "tags": [names[numbers.below(30)] for _ in range(numbers.below(5))]}

    return json.dumps([person(i) for i in range(count)], indent=1).encode()


MAKERS = {"text": text, "binary": binary, "people": people}


def make(names, directory):
    """Makes those of NAMES (KIND.NUMBER, or a file of programs/) that DIRECTORY lacks."""
    os.makedirs(directory, exist_ok=True)
    for name in names:
        path = os.path.join(directory, name)
        if os.path.exists(os.path.join(PROGRAMS, name)):
            shutil.copyfile(os.path.join(PROGRAMS, name), path)
        elif not os.path.exists(path):
            kind, size = name.split(".")
            with open(path + ".part", "wb") as file:
                file.write(MAKERS[kind](int(size)))
            os.rename(path + ".part", path)
