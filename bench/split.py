"""Where the emulator's instructions go: translated code, translation, or everything else."""
import bisect
import re
import subprocess
from collections import Counter

# Translation decodes, builds IR and lowers it. What of these namespaces translated code calls
# (helpers) is not distinguished: they are of interp, sem and jit's entry, which are not here.
TRANSLATION = re.compile(
    r"gantry::(ir|aarch64|x86)::|gantry::jit::CodeCache"
    r"|gantry::engine::.*(compile|translat|decode|BlockCache)"
    r"|gantry::interp::(handler_for|StepCache)|gantry::runtime::CodePages")
RUN = re.compile(r"gantry::(engine::run_translated|jit::enter)\b")
CODE = "translated code"


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


class Symbols:
    """The symbols of an ELF program and where its code lies in the file's own addresses."""

    def __init__(self, program):
        self.code_start, self.code_size = self.code_segment(program)
        found = []
        for line in output_of("nm", "--demangle", program):
            address, kind, name = (line.split(" ", 2) + ["", ""])[:3]
            if kind in "tTwW" and address and not name.startswith("$"):
                found.append((int(address, 16), name))
        found.sort()
        self.addresses = [address for address, _ in found]
        self.names = [name for _, name in found]

    @staticmethod
    def code_segment(program):
        for line in output_of("readelf", "-lW", program):
            if line.startswith("  LOAD") and " R E " in line:
                fields = line.split()
                return int(fields[2], 16), int(fields[5], 16)
        raise ValueError(f"{program} has no code segment")

    def name(self, process, address):
        """The function that holds ADDRESS in PROCESS; CODE when it is not the program's own."""
        offset = address - process.start
        if not 0 <= offset < self.code_size:
            return CODE
        index = bisect.bisect(self.addresses, self.code_start + offset) - 1
        return self.names[index] if index >= 0 else "?"


def by_function(processes, symbols):
    result = Counter()
    for process in processes:
        for address, instructions in process.blocks.items():
            result[symbols.name(process, address)] += instructions
    return result


def split(processes, symbols):
    """Instructions as {"code": …, "translation": …, "rest": …}."""
    result = {"code": 0, "translation": 0, "rest": 0}
    for name, instructions in by_function(processes, symbols).items():
        if name == CODE:
            result["code"] += instructions
        elif TRANSLATION.search(name) and not RUN.search(name):
            result["translation"] += instructions
        else:
            result["rest"] += instructions
    return result
