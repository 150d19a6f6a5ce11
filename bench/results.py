"""What was measured, kept in bench/results: peers.json for what changes only with its package, and
aarch64.json for the last whole measurement of our own."""
import hashlib
import json
import os

import measure

DIRECTORY = os.path.join(measure.HERE, "results")


def load(name):
    path = os.path.join(DIRECTORY, name)
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write(name, text):
    os.makedirs(DIRECTORY, exist_ok=True)
    path = os.path.join(DIRECTORY, name)
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".part", path)


def store(name, content):
    write(name, json.dumps(content, indent=1, sort_keys=True) + "\n")


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


class Slot:
    """Where the count of one workload in one engine is remembered."""

    def __init__(self, workload, engine, quick):
        self.workload = workload.name + (".quick" if quick else "")
        self.engine = engine
        self.of = self.describe(workload, quick)

    def describe(self, workload, quick):
        """What a count depends on, as far as the workload goes."""
        version = measure.version(workload.package, self.engine.trees[0])
        paths = (os.path.join(measure.PLACE, "input", name) for name in workload.inputs(quick))
        words = [workload.package, version, *workload.words(quick), *map(digest, paths)]
        return " ".join(words)

    def load(self):
        """None when the workload was another one then."""
        known = load("peers.json").get(self.workload, {}).get(self.engine.name)
        return known if known and known["of"] == self.of else None

    def store(self, count):
        content = load("peers.json")
        content.setdefault(self.workload, {})[self.engine.name] = {
            "of": self.of, "with": self.engine.meaning(), **count}
        store("peers.json", content)
