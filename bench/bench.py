#!/usr/bin/env python3
"""Measures gantry-x64 by the ARM64 instructions it executes; called by ./dev bench, which makes what
it needs. See docs/bench.md."""
import argparse
import sys

import measure
import report
import results
import split
from workloads import WORKLOADS


def checked(workload, engine, quick, expected):
    """A run whose output is EXPECTED, the digest of the CPU's."""
    run = measure.run(workload, engine, quick)
    if run.status:
        words = run.errors.strip().splitlines()[-1:] or ["no message"]
        raise measure.Failure(f"{engine.name} ended with status {run.status}: {words[0]}")
    if expected and run.digest != expected:
        raise measure.Failure(f"{engine.name} gave other output than the CPU")
    return run


def remembered(workload, engine, quick, expected, again):
    """The count of an engine that changes only with its package; measured once."""
    store = results.load("peers.json")
    slot = store.setdefault(workload.name + (".quick" if quick else ""), {})
    key = results.key(workload, engine, quick)
    if again or slot.get(engine.name, {}).get("key") != key:
        count = checked(workload, engine, quick, expected).instructions
        slot[engine.name] = {"key": key, "instructions": count}
        results.store("peers.json", store)
    return slot[engine.name]["instructions"]


def measured(workload, options, symbols):
    """One row of the table."""
    row = {}
    try:
        expected = checked(workload, measure.AMD64, options.quick, None).digest
        native_output = expected if workload.same_on_arm64 else None
        row["native"] = remembered(workload, measure.NATIVE, options.quick, native_output, options.peers)
        ours = checked(workload, measure.OURS, options.quick, expected)
        row["gantry"] = ours.instructions
        row["split"] = split.split(ours.processes, symbols)
    except measure.Failure as failure:
        row["failure"] = str(failure)
    return row


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description="Counts executed ARM64 instructions.")
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help="only workloads whose name contains one")
    parser.add_argument("--quick", action="store_true", help="small inputs")
    parser.add_argument("--peers", action="store_true", help="measure again what is remembered of other programs")
    parser.add_argument("--profile", metavar="WORKLOAD", help="show where the instructions of one workload go")
    return parser.parse_args()


def profile(name, quick, symbols):
    workload = next((workload for workload in WORKLOADS if workload.name == name), None)
    if not workload:
        sys.exit(f"there is no workload {name}")
    ours = measure.run(workload, measure.OURS, quick)
    total = ours.instructions
    print(f"{total / 1e6:.1f} million instructions, status {ours.status}")
    for function, count in split.by_function(ours.processes, symbols).most_common(60):
        print(f"{100 * count / total:6.2f}%  {count:13d}  {function[:140]}")


def main():
    options = parse_arguments()
    symbols = split.Symbols(measure.EMULATOR)
    if options.profile:
        return profile(options.profile, options.quick, symbols)
    rows = {}
    for workload in WORKLOADS:
        if not options.patterns or any(pattern in workload.name for pattern in options.patterns):
            print(f"{workload.name}…", end=" ", file=sys.stderr, flush=True)
            rows[workload.name] = measured(workload, options, symbols)
    print(file=sys.stderr)
    print(report.text(rows, []))
    return any("failure" in row for row in rows.values())


if __name__ == "__main__":
    sys.exit(main())
