"""What was measured, kept in bench/results: peers.json for what changes only with its package, and
aarch64.json for the last whole measurement of our own."""
import gzip
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


def store(name, content):
    os.makedirs(DIRECTORY, exist_ok=True)
    path = os.path.join(DIRECTORY, name)
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, sort_keys=True)
        file.write("\n")
    os.rename(path + ".part", path)


def version(package, root):
    """The package's version as its changelog tells it."""
    path = os.path.join(measure.PLACE, root, "usr/share/doc", package, "changelog.Debian.gz")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return file.readline().split("(", 1)[1].split(")", 1)[0]


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def key(workload, engine, quick):
    """What a count depends on: equal keys, equal counts."""
    inputs = [digest(os.path.join(measure.PLACE, "input", name)) for name in workload.inputs(quick)]
    return " ".join([workload.package, version(workload.package, engine.root), *workload.words(quick), *inputs])
