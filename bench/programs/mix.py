"""Objects, dictionaries, strings, sorting, regular expressions, JSON and big integers; N rounds."""
import json
import re
import sys
from dataclasses import dataclass


@dataclass
class Order:
    customer: str
    amount: int
    tags: list


def orders(count, state):
    for i in range(count):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        yield Order(f"customer-{state % 97:02d}", state % 1000, [f"t{state >> s & 7}" for s in (3, 9)])


def totals(items):
    result = {}
    for order in items:
        result[order.customer] = result.get(order.customer, 0) + order.amount
    return sorted(result.items(), key=lambda pair: (-pair[1], pair[0]))


def matrix(size):
    a = [[(i * j + i) % 7 / 3.0 for j in range(size)] for i in range(size)]
    return sum(sum(x * y for x, y in zip(row, column)) for row in a for column in zip(*a))


def main(rounds):
    for n in range(rounds):
        items = list(orders(4000, n))
        best = totals(items)
        text = json.dumps([vars(order) for order in items])
        found = re.findall(r'"customer-(\d)7", "amount": (\d+)', text)
        again = json.loads(text)
        digits = len(str(3 ** (2000 + n)))
        print(n, best[0], len(text), len(found), len(again), digits, f"{matrix(24):.4f}")


main(int(sys.argv[1]))
