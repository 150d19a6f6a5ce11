"""What is measured: commands of Debian packages, of 150 million to a billion ARM64 instructions
each, and two that show what it costs to start a program."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    name: str
    package: str
    command: str        # words; {n} is the size; /input/FILE names an input (see inputs.py)
    sizes: tuple        # the full and the quick one
    same_on_arm64: bool = True  # the ARM64 package's output is that of the amd64 one

    def words(self, quick):
        return self.command.format(n=self.sizes[quick]).split()

    def inputs(self, quick):
        prefix = "/input/"
        return [word.removeprefix(prefix) for word in self.words(quick) if word.startswith(prefix)]


ZLIB_EXAMPLES = "/usr/share/doc/zlib1g-dev/examples"
AES = "-aes-128-cbc -K 000102030405060708090a0b0c0d0e0f -iv 0f0e0d0c0b0a09080706050403020100"

WORKLOADS = [
    Workload("true", "coreutils", "/usr/bin/true", (0, 0)),
    Workload("bzip2", "bzip2", "/usr/bin/bzip2 -c /input/text.{n}", (2500000, 250000)),
    Workload("gzip", "gzip", "/usr/bin/gzip -n -9 -c /input/text.{n}", (2500000, 400000)),
    Workload("xz", "xz-utils", "/usr/bin/xz -T1 -c /input/binary.{n}", (600000, 100000)),
    Workload("zstd", "zstd", "/usr/bin/zstd -q -9 --single-thread -c /input/text.{n}",
             (2000000, 250000)),
    Workload("zstd-threads", "zstd", "/usr/bin/zstd -q -9 -T2 -c /input/text.{n}",
             (2000000, 250000)),
    Workload("lua", "lua5.4", "/usr/bin/lua5.4 /input/mix.lua {n}", (16, 2)),
    Workload("python", "python3", "/usr/bin/python3 -S /input/mix.py {n}", (5, 1)),
    Workload("perl", "perl-base", "/usr/bin/perl /input/mix.pl {n} /input/text.150000", (5, 1)),
    Workload("gawk", "gawk", "/usr/bin/gawk -f /input/mix.awk /input/text.{n}",
             (1000000, 150000)),
    Workload("sqlite", "sqlite3", "/usr/bin/sqlite3 -batch -init /input/mix.sql :memory: .quit",
             (0, 0)),
    Workload("sha256", "openssl", "/usr/bin/openssl dgst -sha256 /input/binary.{n}",
             (100000000, 2000000)),
    Workload("sha256-small", "openssl", "/usr/bin/openssl dgst -sha256 /input/text.{n}",
             (300000, 300000)),
    Workload("aes", "openssl", f"/usr/bin/openssl enc {AES} -in /input/binary.{{n}}",
             (100000000, 2000000)),
    Workload("jq", "jq", "/usr/bin/jq -f /input/mix.jq /input/people.{n}", (8000, 800)),
    Workload("gcc", "gcc-14", f"/usr/bin/gcc -O2 -c -o /work/out.o {ZLIB_EXAMPLES}/gzjoin.c",
             (0, 0), same_on_arm64=False),
]
