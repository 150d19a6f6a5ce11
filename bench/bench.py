#!/usr/bin/env python3
"""Measures gantry-x64 by the ARM64 instructions it executes; called by ./dev bench, which makes
what it needs. See docs/bench.md."""
import argparse
import dataclasses
import os
import sys

import helpers
import hotspots
import measure
import plot
import report
import results
import split
from workloads import WORKLOADS


RESULT = ("instructions", "failure")  # what a result can hold; see report.py


def checked(workload, engine, quick, expected):
    """A run whose output is EXPECTED, the digest of the CPU's."""
    stored = engine == measure.STORED
    run = measure.run_stored(workload, quick) if stored else measure.run(workload, engine, quick)
    if run.status:
        message = run.errors.strip().splitlines()[-1:] or ["no message"]
        reason = f"by signal {run.status - 128}" if 128 < run.status < 192 else message[0]
        raise measure.Failure(f"{engine.name} ended with status {run.status}: {reason}")
    if expected and run.digest != expected:
        raise measure.Failure(f"{engine.name} gave other output than the CPU")
    return run


def remembered(workload, engine, options, expected):
    """The count of an engine that changes only with its package, measured where it is not known or
    options.again; None where it is not known and options do not ask for it."""
    slot = results.Slot(workload, engine, options.quick)
    known = slot.load()
    wanted = engine == measure.NATIVE or options.peers
    if wanted and (options.again or not known or known["with"] != engine.meaning()):
        try:
            run = checked(workload, engine, options.quick, expected)
            known = {"instructions": run.instructions}
        except measure.Failure as failure:
            known = {"failure": str(failure)}
        slot.store(known)
    return known


def measured(workload, options, symbols):
    """One row of the table: engine -> {"instructions": …} or {"failure": …}."""
    expected = checked(workload, measure.AMD64, options.quick, None).digest
    row = {}
    for engine in (measure.NATIVE, *measure.PEERS):
        comparable = engine != measure.NATIVE or workload.same_on_arm64
        known = remembered(workload, engine, options, expected if comparable else None)
        if known:
            row[engine.name] = {key: known[key] for key in RESULT if key in known}
    for engine in (measure.OURS, measure.STORED):
        try:
            ours = checked(workload, engine, options.quick, expected)
            row[engine.name] = {"instructions": ours.instructions,
                                **split.split(ours.processes, symbols)}
        except measure.Failure as failure:
            row[engine.name] = {"failure": str(failure)}
    return row


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("patterns", nargs="*", metavar="PATTERN")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--profile", metavar="WORKLOAD")
    parser.add_argument("--helpers", action="store_true")
    return parser.parse_args()


def profile_of(name, quick, symbols):
    """Runs a workload, and once more with a listing of all translated code, for --profile."""
    workload = next((workload for workload in WORKLOADS if workload.name == name), None)
    if not workload:
        sys.exit(f"bench: there is no workload {name}")
    hotspots.show_functions(checked(workload, measure.OURS, quick, None).processes, symbols, 60)
    listed = dataclasses.replace(measure.OURS, name="listing", prefix=(
        *measure.OURS.prefix, "--dump=host", "--log-file=/work/listing"))
    processes = checked(workload, listed, quick, None).processes
    listing = os.path.join(measure.directory_of(workload, listed), "work", "listing")
    with open(listing, encoding="utf-8") as log:
        hotspots.show_blocks(processes, log, 20)


def main():
    options = parse_arguments()
    chosen = [workload for workload in WORKLOADS if not options.patterns or
              any(pattern in workload.name for pattern in options.patterns)]
    if options.helpers:
        return helpers.show(chosen, options.quick)
    symbols = split.Symbols(measure.EMULATOR)
    if options.profile:
        return profile_of(options.profile, options.quick, symbols)
    rows = {}
    for workload in chosen:
        print(f"{workload.name}…", end=" ", file=sys.stderr, flush=True)
        rows[workload.name] = measured(workload, options, symbols)
    print(file=sys.stderr)
    print(report.text(rows))
    if not options.patterns and not options.quick:
        results.store("aarch64.json", rows)
        results.write("aarch64.svg", plot.svg(rows))
    return any("failure" in row[name] for row in rows.values() for name in ("gantry", "stored"))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except measure.Failure as failure:
        sys.exit(f"bench: {failure}")
