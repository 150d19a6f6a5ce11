"""What of a workload's guest instructions has no translation of its own: it calls a C++ function, or
is left to the interpreter. Instructions are counted by the interpreter, on this machine's CPU."""
import os
import subprocess
from collections import Counter
from dataclasses import dataclass, field

import measure

BIN = os.path.join(measure.BUILD, "x86_64", "bin")
TOOL = "gantry-x64.amd64"  # in build/bench/tools
COUNTING = measure.Engine("counting", ("amd64",), (
    f"/opt/bench/{TOOL}", "--dump=counts", "--log-file=/work/counts"))


@dataclass
class Counts:
    total: int = 0
    times: Counter = field(default_factory=Counter)  # "lowering op instruction" -> executions

    def add(self, other):
        self.total += other.total
        self.times += other.times


def classified(log):
    """(Counts, number of the IR's operations) of the lines of --dump=counts."""
    done = subprocess.run([os.path.join(BIN, "untranslated"), "--counts"], stdin=log,
                          capture_output=True, text=True, check=True)
    first, *lines = done.stdout.splitlines()
    total, operations = map(int, first.split())
    counts = Counts(total)
    for line in lines:
        times, lowering = line.split(" ", 1)
        counts.times[lowering] = int(times)
    return counts, operations


def counts_of(workload, quick):
    run = measure.run(workload, COUNTING, quick)
    if run.status:
        raise measure.Failure(f"counting {workload.name} ended with status {run.status}")
    path = os.path.join(measure.directory_of(workload, COUNTING), "work", "counts")
    with open(path, "rb") as log:
        return classified(log)


def rows(name, counts, smallest):
    """The lines of a workload: all of each way of lowering, and what is at least the share SMALLEST."""
    sums = Counter()
    for lowering, times in counts.times.items():
        sums[f"{lowering.split()[0]} all"] += times
    yield f"\n{name}: {counts.total / 1e6:.1f} million guest instructions"
    for lowering, times in (*sums.most_common(), *counts.times.most_common()):
        if times >= smallest * counts.total or lowering in sums:
            how, op, instruction = (*lowering.split(" ", 2), "")[:3]
            share = 100 * times / counts.total
            yield f"  {how:12} {op:14} {instruction:20} {times:12} {share:9.4f}%"


def show(workloads, quick):
    together = Counts()
    for workload in workloads:
        counts, operations = counts_of(workload, quick)
        print("\n".join(rows(workload.name, counts, 1e-5)), flush=True)
        together.add(counts)
    print("\n".join(rows("together", together, 0)))
    print(f"\nThe IR has {operations} operations.")
