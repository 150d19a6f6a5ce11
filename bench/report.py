"""The table, its means and whether the targets are met. Rows are {workload: {engine: result}}, a
result is {"instructions": …} (ours has its split beside it) or {"failure": …}."""
import math

# Native instructions; what is shorter measures the start and is not part of the mean.
SMALLEST = 150e6
PEERS = ("qemu", "box64-emulated", "box64", "box64-sid-emulated", "box64-sid")
OTHERS = ("stored", *PEERS)  # ours again, with the code that an earlier run has stored
PARTS = ("code", "translation", "rest")


def ratio(row, engine, part="instructions"):
    """Instructions divided by the native ones, or None."""
    native = row.get("native", {}).get("instructions")
    count = row.get(engine, {}).get(part)
    return count / native if native and count is not None else None


def is_long(row):
    return row.get("native", {}).get("instructions", 0) >= SMALLEST


def mean(rows, engine):
    """The geometric mean over the long workloads that ran, and how many those are."""
    ratios = [ratio(row, engine) for row in rows.values() if is_long(row)]
    logs = [math.log(value) for value in ratios if value]
    return (math.exp(sum(logs) / len(logs)) if logs else None), len(logs)


def common_means(rows, engine):
    """Our mean and ENGINE's, over the long workloads that ran in both."""
    both = {name: row for name, row in rows.items() if ratio(row, "gantry") and ratio(row, engine)}
    return mean(both, "gantry")[0], mean(both, engine)[0]


def number(value):
    return "-" if value is None else f"{value:.2f}"


class Footnotes:
    """Messages of failures, which are too long for a cell."""

    def __init__(self):
        self.texts = []

    def cell(self, row, engine):
        failure = row.get(engine, {}).get("failure")
        if not failure:
            return number(ratio(row, engine))
        if failure not in self.texts:
            self.texts.append(failure)
        return f"failed ({self.texts.index(failure) + 1})"

    def lines(self):
        return [f"({i}) {text}" for i, text in enumerate(self.texts, 1)]


def table(rows, notes):
    lines = [["workload", "native M", "gantry", *(f"+{part}" for part in PARTS), *OTHERS]]
    for name, row in rows.items():
        native = row.get("native", {}).get("instructions")
        lines.append([name, f"{native / 1e6:.1f}" if native else notes.cell(row, "native"),
                      notes.cell(row, "gantry"),
                      *(number(ratio(row, "gantry", part)) for part in PARTS),
                      *(notes.cell(row, other) for other in OTHERS)])
    lines.append(["geometric mean", "", number(mean(rows, "gantry")[0]), "", "", "",
                  *(number(mean(rows, other)[0]) for other in OTHERS)])
    return lines


def is_behind(row, peer):
    """A long workload that the peer runs, and that we do not run, or with more instructions."""
    theirs = ratio(row, peer)
    return bool(theirs and is_long(row) and (ratio(row, "gantry") or math.inf) > theirs)


def targets(rows):
    """We mean to execute fewer instructions than every peer, on average and in each workload."""
    result = []
    for peer in PEERS:
        ours, theirs = common_means(rows, peer)
        if not theirs:
            continue
        behind = [name for name, row in rows.items() if is_behind(row, peer)]
        result.append(f"fewer than {peer}: {'met' if ours < theirs else 'not met'} on average "
                      f"({ours:.2f}, {theirs:.2f} where both run), "
                      + (f"not in {', '.join(behind)}" if behind else "met in each workload"))
    return result


def text(rows):
    notes = Footnotes()
    lines = table(rows, notes)
    widths = [max(len(cell) for cell in column) for column in zip(*lines)]
    shown = []
    for name, *cells in lines:
        padded = (cell.rjust(width) for cell, width in zip(cells, widths[1:]))
        shown.append("  ".join([name.ljust(widths[0]), *padded]).rstrip())
    return "\n".join([*shown, "", *notes.lines(), *targets(rows)])
