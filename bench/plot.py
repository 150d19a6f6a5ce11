"""Draws the table as bars: ours with its three parts, the peers beside it."""
import report

TITLE = "Executed ARM64 instructions, as a multiple of the native package's"
BAR, GAP, LEFT, WIDTH, TOP = 11, 14, 130, 620, 78  # pixels
COLOURS = {"code": "#2a6f97", "translation": "#f4a261", "rest": "#e76f51",
           "qemu": "#9d9d9d", "box64-emulated": "#b5c99a", "box64": "#718355",
           "box64-sid-emulated": "#d9c5e8", "box64-sid": "#9a77b5"}


def bar(x, y, width, colour, title):
    return (f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR - 1}" fill="{colour}">'
            f"<title>{title}</title></rect>")


def label(x, y, content, anchor="start", size=11):
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" font-size="{size}">{content}</text>'


def bars_of(name, row, y, scale, largest):
    """The bars of one workload from Y down; those that leave the drawing end with their number."""
    result = [label(LEFT - 8, y + BAR, name, "end")]
    x = LEFT
    for part in report.PARTS:
        width = (report.ratio(row, "gantry", part) or 0) * scale
        width = min(width, LEFT + WIDTH - x)
        result.append(bar(x, y, width, COLOURS[part], f"{name}: {part}"))
        x += width
    ends = [(x, report.ratio(row, "gantry"))]
    for i, peer in enumerate(report.PEERS, 1):
        value = report.ratio(row, peer)
        width = min(value or 0, largest) * scale
        result.append(bar(LEFT, y + i * BAR, width, COLOURS[peer], f"{name}: {peer}"))
        ends.append((LEFT + width, value))
    result += [label(end + 4, y + (i + 1) * BAR - 2, report.number(value), size=9)
               for i, (end, value) in enumerate(ends) if value]
    return result


def legend():
    result, x, y = [], LEFT, 30
    for name, colour in COLOURS.items():
        title = f"gantry: {name}" if name in report.PARTS else name
        width = 32 + 6 * len(title)
        if x + width > LEFT + WIDTH:
            x, y = LEFT, y + 18
        result += [bar(x, y, BAR, colour, title), label(x + BAR + 4, y + 9, title)]
        x += width
    return result


def svg(rows):
    rows = {name: row for name, row in rows.items() if report.is_long(row)}
    engines = ("gantry", *report.PEERS)
    ratios = [report.ratio(row, engine) or 0 for row in rows.values() for engine in engines]
    largest = min(max(ratios, default=1), 16)
    scale = WIDTH / largest
    step = BAR * (1 + len(report.PEERS)) + GAP
    parts = [label(LEFT, 18, TITLE, size=13), *legend()]
    for i, (name, row) in enumerate(rows.items()):
        parts += bars_of(name, row, TOP + i * step, scale, largest)
    means = [f"{engine} {report.number(report.mean(rows, engine)[0])}" for engine in engines]
    note = f"Geometric means: {'; '.join(means)}. The dashed line is native code."
    height = TOP + len(rows) * step + 30
    one = f"{LEFT + scale:.1f}"
    parts += [f'<line x1="{one}" y1="{TOP - 6}" x2="{one}" y2="{height - 34}" '
              'stroke="#000" stroke-dasharray="3 3"/>',
              label(LEFT, height - 10, note)]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" '
        f'width="{LEFT + WIDTH + 60}" height="{height}">',
        '<rect width="100%" height="100%" fill="#fff"/>', *parts, "</svg>\n"])
