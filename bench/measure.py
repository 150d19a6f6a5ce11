"""Runs one workload in one engine and counts the ARM64 instructions of all its processes."""
import gzip
import hashlib
import os
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, field

import inputs

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("GANTRY_BUILD", os.path.join(os.path.dirname(HERE), "build"))
PLACE = os.path.join(BUILD, "bench")
EMULATOR = os.path.join(BUILD, "aarch64", "bin", "gantry-x64")
GANTRY = "/opt/bench/gantry-x64"
TIME_LIMIT = "1800"  # seconds
CONTAINER = ("timeout", "--kill-after=5", TIME_LIMIT, "unshare", "--user", "--map-root-user",
             "--mount", "--pid", "--fork", "--kill-child")


@dataclass(frozen=True)
class Engine:
    name: str
    trees: tuple         # of build/bench; the first lies on top
    prefix: tuple = ()   # words before the workload's
    emulator: str = ""   # the ARM64 program that the kernel starts for amd64 programs
    variables: str = ""  # NAME=VALUE words for the environment
    package: str = ""    # the package of a peer, whose version is told by its tree
    package_tree: str = ""  # that tree, unless it is the last one

    def meaning(self):
        """What a count depends on, as far as the engine goes."""
        release = version(self.package, self.package_tree or self.trees[-1]) if self.package else ""
        words = [self.package or self.name, release, *self.prefix, self.variables]
        return " ".join(word for word in words if word)


AMD64 = Engine("amd64", ("amd64",))  # this machine's CPU: what the output must be
NATIVE = Engine("native", ("arm64",))
OURS = Engine("gantry", ("amd64",), (GANTRY, "--engine=jit"))
# With the code that an earlier run has stored.
STORED = Engine("stored", ("amd64",), (*OURS.prefix, "--code-store=/store"))
STORE = os.path.join(PLACE, "store")
QUIET = "BOX64_NOBANNER=1"
BOX64 = ("/usr/bin/box64",)
BOX64_TREES = ("amd64", "arm64", "box64")  # it forwards to ARM64 libraries
BOX64_SID_TREES = ("amd64", "box64-sid", "arm64")
EMULATED = f"{QUIET} BOX64_PREFER_EMULATED=1"
PEERS = [
    Engine("qemu", ("amd64", "qemu"), emulator="/opt/bench/qemu-x86_64", package="qemu-user"),
    Engine("box64", BOX64_TREES, BOX64, variables=QUIET, package="box64"),
    Engine("box64-emulated", BOX64_TREES, BOX64, package="box64", variables=EMULATED),
    Engine("box64-sid", BOX64_SID_TREES, BOX64, variables=QUIET, package="box64",
           package_tree="box64-sid"),
    Engine("box64-sid-emulated", BOX64_SID_TREES, BOX64, package="box64", variables=EMULATED,
           package_tree="box64-sid"),
]


def version(package, tree):
    """The package's version as its changelog in a tree of build/bench tells it."""
    path = os.path.join(PLACE, tree, "usr/share/doc", package, "changelog.Debian.gz")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return file.readline().split("(", 1)[1].split(")", 1)[0]


class Failure(Exception):
    """A workload did not run, or gave other output than on the CPU."""


@dataclass
class Process:
    path: str
    start: int  # where its code was loaded
    blocks: Counter = field(default_factory=Counter)  # address -> instructions executed


@dataclass
class Run:
    status: int
    digest: str   # of standard output and of the files in /work
    errors: str   # standard error
    processes: list

    @property
    def instructions(self):
        return sum(sum(process.blocks.values()) for process in self.processes)


def read_counts(directory):
    processes = []
    for name in sorted(name for name in os.listdir(directory) if not name.endswith(".part")):
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            _, start, path = file.readline().rstrip("\n").split(" ", 2)
            process = Process(path, int(start, 16))
            for line in file:
                address, instructions = line.split()
                process.blocks[int(address, 16)] += int(instructions)
        processes.append(process)
    return processes


def digest_of(output, directory):
    total = hashlib.sha256(output)
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), "rb") as file:
            total.update(name.encode() + b"\0" + file.read())
    return total.hexdigest()


def directory_of(workload, engine):
    return os.path.join(PLACE, "run", f"{workload.name}.{engine.name}")


def run_stored(workload, quick):
    """Of two runs, with nothing stored before the first, the second."""
    shutil.rmtree(STORE, ignore_errors=True)
    run(workload, STORED, quick)
    return run(workload, STORED, quick)


def run(workload, engine, quick):
    """Everything happens in directory_of(workload, engine), which is made anew."""
    directory = directory_of(workload, engine)
    shutil.rmtree(directory, ignore_errors=True)
    for part in ("work", "counts", "root"):
        os.makedirs(os.path.join(directory, part))
    os.makedirs(STORE, mode=0o700, exist_ok=True)
    inputs.make(workload.inputs(quick), os.path.join(PLACE, "input"))
    trees = ":".join(os.path.join(PLACE, tree) for tree in engine.trees)
    command = [*CONTAINER, os.path.join(HERE, "inside"), trees, os.path.join(PLACE, "input"),
               directory, STORE, os.path.join(PLACE, "tools"), engine.emulator, engine.variables,
               *engine.prefix, *workload.words(quick)]
    with open(os.path.join(directory, "stderr"), "wb") as errors:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=errors, check=False)
    with open(os.path.join(directory, "stderr"), encoding="utf-8", errors="replace") as file:
        errors = file.read()
    with open(os.path.join(directory, "stdout"), "wb") as file:
        file.write(done.stdout)
    return Run(done.returncode, digest_of(done.stdout, os.path.join(directory, "work")), errors,
               read_counts(os.path.join(directory, "counts")))
