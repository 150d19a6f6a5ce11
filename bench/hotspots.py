"""Which functions of the emulator and which translated blocks a workload's instructions are in."""
import re
from collections import Counter
from dataclasses import dataclass, field

import split

UNIT = re.compile(r"--- unit (\S+), entered at (\S+)")
BLOCK = re.compile(r"block (\S+):$")
WORD = re.compile(r"  ([0-9a-f]{4,})  [0-9a-f]{8}  ")


@dataclass
class Block:
    """A block of the listing that --dump=host logs."""
    guest: str
    words: list = field(default_factory=list)  # offsets in the unit
    lines: list = field(default_factory=list)


@dataclass
class Unit:
    guest: str
    entry: int  # host address of the block at `guest`
    blocks: list = field(default_factory=list)

    def addresses(self):
        """(host address, block) of every word."""
        first = next(block for block in self.blocks if block.guest == self.guest)
        start = self.entry - first.words[0]
        return ((start + offset, block) for block in self.blocks for offset in block.words)


def parse(lines):
    """The units of a log, one list a process: each begins anew at the start of its code cache."""
    processes, unit = [], None
    for line in lines:
        if match := UNIT.match(line):
            entry = int(match[2], 16)
            if not unit or entry < unit.entry:
                processes.append([])
            unit = Unit(match[1], entry)
            processes[-1].append(unit)
        elif unit and (match := BLOCK.match(line)):
            unit.blocks.append(Block(match[1]))
        elif unit and unit.blocks:
            unit.blocks[-1].lines.append(line.rstrip())
            if match := WORD.match(line):
                unit.blocks[-1].words.append(int(match[1], 16))
    return processes


def hot_blocks(units, executed):
    """(instructions, block) of the blocks of UNITS, hottest first."""
    counts, blocks = Counter(), {}
    for unit in units:
        for address, block in unit.addresses():
            if address in executed:
                counts[id(block)] += executed[address]
                blocks[id(block)] = block
    return [(count, blocks[key]) for key, count in counts.most_common()]


def show_functions(processes, symbols, count):
    total = sum(sum(process.blocks.values()) for process in processes)
    print(f"{total / 1e6:.1f} million instructions; the functions with most of them:\n")
    for name, instructions in split.by_function(processes, symbols).most_common(count):
        print(f"{100 * instructions / total:6.2f}%  {instructions:13d}  {name[:150]}")


def instructions_of(blocks):
    return sum(instructions for instructions, _ in blocks)


def show_blocks(processes, log, count):
    """The hottest blocks of the process that executed most."""
    executed = max((process.blocks for process in processes), key=lambda blocks: blocks.total())
    candidates = [hot_blocks(units, executed) for units in parse(log)]
    if not candidates:
        return
    hottest = max(candidates, key=instructions_of)
    total = instructions_of(hottest)
    print(f"\n{total / 1e6:.1f} million are in translated code; the blocks with most of them:")
    for instructions, block in hottest[:count]:
        share = f"{100 * instructions / total:6.2f}%"
        print(f"\n{share}  {instructions:13d}  {block.guest}, {len(block.words)} words")
        print("\n".join(block.lines))
