# shellcheck shell=bash
# ./dev bench: what translated programs cost, in executed ARM64 instructions.

# shellcheck source=scripts/build.sh disable=SC2153
. "$GANTRY_ROOT/scripts/build.sh"

BENCH=$BUILD/bench
BENCH_PACKAGES=coreutils,bzip2,gzip,xz-utils,zstd,lua5.4,python3,perl-base,gawk,sqlite3,openssl,jq,gcc
BENCH_PACKAGES+=,libc6-dev,zlib1g-dev

bench_usage() {
  cat <<'END_USAGE'
Usage: ./dev bench [--quick] [--peers] [--again] [PATTERN…]
       ./dev bench [--quick] --profile WORKLOAD
       ./dev bench [--quick] --helpers [PATTERN…]

Builds the aarch64 gantry-x64, runs the workloads of bench/workloads.py (those whose name contains a
PATTERN) and shows how many ARM64 instructions each takes, as a multiple of what Debian's native
ARM64 package takes. Every output is compared with that of this machine's CPU. A whole measurement
(no PATTERN, not --quick) is stored in bench/results.

  --quick             small inputs: seconds instead of minutes; start-up weighs more
  --peers             measure box64 and qemu-user where their counts are not known; takes long
  --again             measure native programs (and with --peers the peers) even where they are known
  --profile WORKLOAD  show the functions and the translated blocks that execute most instructions
  --helpers           show how often instructions are executed that have no translation of their own

docs/bench.md tells how to read the table.
END_USAGE
}

cmd_bench() {
  local argument
  for argument; do
    case $argument in -h | --help) bench_usage && return ;; esac
  done
  [[ $(host_arch) == x86_64 ]] || die "bench: outputs are compared with an x86-64 CPU's; this is none"
  cmd_build --target=gantry-x64 aarch64
  [[ " $* " != *" --helpers "* ]] || cmd_build --target=gantry-x64 --target=untranslated x86_64
  ensure_packages qemu-user gcc libc6-dev python3-minimal binutils util-linux
  with_lock bench measure "$@"
}

measure() {
  make_bench_tree arm64 "$BENCH_PACKAGES"
  make_bench_tree amd64 "$BENCH_PACKAGES"
  compile_python_modules
  make_bench_tools
  [[ " $* " != *" --peers "* ]] || make_peers
  forget_old_inputs
  install "$BUILD/aarch64/bin/gantry-x64" "$BENCH/tools/gantry-x64"
  [[ " $* " != *" --helpers "* ]] || make_counting_tool
  GANTRY_BUILD=$BUILD python3 -B "$GANTRY_ROOT/bench/bench.py" "$@"
}

# make_bench_tree NAME PACKAGES [ARCH [SUITE]]: build/bench/NAME; ARCH is NAME unless it is given.
make_bench_tree() {
  local arch=${3:-$1} suite=${4:-trixie} inputs dir=$BENCH/$1
  inputs="$suite $2"
  inputs_changed "$dir.inputs" "$inputs" || return 0
  say "making the $1 tree of the benchmark from the packages of Debian $suite (once)"
  debian_tree "$suite" "$arch" "$dir" --include="$2"
  record_inputs "$dir.inputs" "$inputs"
}

# What the maintainer scripts of Debian's python3 do: Python then reads modules instead of compiling
# them. Compiled modules are the same on every architecture.
compile_python_modules() {
  local modules=usr/lib/python3.13
  [[ ! -d $BENCH/arm64/$modules/json/__pycache__ ]] || return 0
  unshare --user --map-root-user --root="$BENCH/amd64" /usr/bin/python3 -m compileall -q \
    --invalidation-mode unchecked-hash "/$modules"
  (cd "$BENCH/amd64" && find "$modules" -name '*.pyc' -print0 | tar --null -cf - -T -) |
    tar -xf - -C "$BENCH/arm64"
}

# What the table compares with: box64 in a tree to lay below the others, since it uses libraries of
# both, the newest one, which brings a newer libc, and an ARM64 qemu-x86_64, which is static.
make_peers() {
  make_bench_tree box64 box64 arm64
  make_bench_tree box64-sid box64 arm64 sid
  make_bench_tree qemu qemu-user arm64
  cp "$BENCH/qemu/usr/bin/qemu-x86_64" "$BENCH/tools/"
}

forget_old_inputs() {
  local inputs
  inputs=$(sha256sum <"$GANTRY_ROOT/bench/inputs.py")
  inputs_changed "$BENCH/input.inputs" "$inputs" || return 0
  rm -rf "$BENCH/input"
  record_inputs "$BENCH/input.inputs" "$inputs"
}

# The interpreter that counts, on this machine's CPU.
make_counting_tool() {
  install "$BUILD/x86_64/bin/gantry-x64" "$BENCH/tools/gantry-x64.amd64"
}

# The counting QEMU, with its own loader and libraries since it runs in trees that have others.
make_bench_tools() {
  local tools=$BENCH/tools inputs qemu
  qemu=$(command -v qemu-aarch64)
  inputs=$(cat "$GANTRY_ROOT"/bench/{count,start}.c "$qemu" "$GANTRY_ROOT/scripts/bench.sh" | sha256sum)
  inputs_changed "$tools.inputs" "$inputs" || return 0
  rm -rf "$tools"
  mkdir -p "$tools/lib"
  gcc -O2 -Wall -Wextra -fPIC -shared -fvisibility=hidden -o "$tools/count.so" "$GANTRY_ROOT/bench/count.c"
  gcc -O2 -Wall -Wextra -static -o "$tools/start" "$GANTRY_ROOT/bench/start.c"
  ldd "$qemu" | awk '$3 ~ "^/" { print $3 }' | xargs cp -L -t "$tools/lib"
  cp -L "$qemu" "$tools/qemu-aarch64"
  cp -L "$(command -v env)" "$(command -v unshare)" "$tools/"
  cp -L /lib64/ld-linux-x86-64.so.2 "$tools/ld.so"
  mark_tools "$tools"/{start,ld.so,env,unshare}
  record_inputs "$tools.inputs" "$inputs"
}

# See bench/inside: what has a one in byte 15 is none of the programs that are registered there.
mark_tools() {
  local tool
  for tool; do printf '\1' | dd of="$tool" bs=1 seek=15 conv=notrunc status=none; done
}
