"""The table."""
import math

SMALLEST = 150e6  # instructions; what is shorter measures the start and is not part of the mean


def ratio(count, native):
    return f"{count / native:.2f}" if count else "-"


def mean(rows, name):
    """The geometric mean of ratios over the workloads that are long enough and have both counts."""
    logs = [math.log(row[name] / row["native"]) for row in rows.values()
            if row.get(name) and row.get("native", 0) >= SMALLEST]
    return math.exp(sum(logs) / len(logs)) if logs else None


def share(row, part):
    return f"{row['split'][part] / row['native']:.2f}" if row.get("split") else "-"


def lines(rows, peers):
    heads = ["workload", "native M", "gantry", "=code", "+translation", "+rest", *peers]
    table = [heads]
    for name, row in rows.items():
        native = row.get("native", 0)
        if not native or "failure" in row:
            table.append([name, f"{native / 1e6:.1f}", row["failure"]])
            continue
        table.append([name, f"{native / 1e6:.1f}", ratio(row.get("gantry"), native),
                      *(share(row, part) for part in ("code", "translation", "rest")),
                      *(ratio(row.get(peer), native) for peer in peers)])
    means = [mean(rows, name) for name in ("gantry", *peers)]
    means = [f"{value:.2f}" if value else "-" for value in means]
    table.append(["geometric mean", "", means[0], "", "", "", *means[1:]])
    return table


def text(rows, peers):
    table = lines(rows, peers)
    widths = [max(len(line[i]) for line in table if len(line) == len(table[0])) for i in range(len(table[0]))]
    result = []
    for line in table:
        cells = [cell.ljust(width) if i == 0 or len(line) < len(widths) else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(line, widths))]
        if len(line) < len(widths):
            cells[len(line) - 1] = line[-1]
        result.append("  ".join(cells).rstrip())
    return "\n".join(result)
