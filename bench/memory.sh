#!/bin/bash
# What the emulator adds to a process's memory, on a real ARM64 kernel (./dev vm): Debian's shell and
# Python, waiting for input, once as native arm64 programs and once as amd64 programs in gantry-x64.
# Prints, in KiB, the proportional set size (memory shared with others counts by its share), what of
# it is anonymous, that is private, and the page tables (proc_pid_smaps_rollup(5), proc_pid_status(5)).
set -euo pipefail
GANTRY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export GANTRY_ROOT
. "$GANTRY_ROOT/scripts/common.sh"
. "$GANTRY_ROOT/scripts/debian.sh"

trees=$BUILD/memory
for arch in amd64 arm64; do
  [[ -d $trees/$arch ]] ||
    debian_tree trixie "$arch" "$trees/$arch" --include=bash,dash,python3-minimal,libc-bin
done

cat >"$trees/measure" <<'END_OF_SCRIPT'
cd /tmp
mkfifo line
exec 3<>line
# kilobytes FILE FIELD
kilobytes() { awk -v field="$2:" '$1 == field { print $2 }' "/proc/$pid/$1"; }
measure() {
  local name=$1 root=$2 pid
  shift 2
  chroot "$root" "$@" <&3 >/dev/null &
  pid=$!
  # Until it waits.
  sleep 15
  printf '%-28s %8d %8d %8d\n' "$name" "$(kilobytes smaps_rollup Pss)" \
    "$(kilobytes smaps_rollup Anonymous)" "$(kilobytes status VmPTE)"
  kill -KILL "$pid"
  wait "$pid" 2>/dev/null
}
cp "$(readlink -f /usr/bin/gantry-x64)" amd64/gantry-x64
for root in amd64 arm64; do
  mkdir -p $root/{proc,dev}
  mount -t proc proc $root/proc
  mount --bind /dev $root/dev
done
python='import json, re, sys; print(len(re.sub("a+", "b", json.dumps([*range(9999)])))); sys.stdin.read()'
printf '%-28s %8s %8s %8s\n' '' Pss anon tables
measure "sh, native" arm64 /usr/bin/dash
measure "sh, emulated" amd64 /gantry-x64 /usr/bin/dash
measure "bash, native" arm64 /usr/bin/bash -c 'read x'
measure "bash, emulated" amd64 /gantry-x64 /usr/bin/bash -c 'read x'
measure "python3, native" arm64 /usr/bin/python3 -c "$python"
measure "python3, emulated" amd64 /gantry-x64 /usr/bin/python3 -c "$python"
END_OF_SCRIPT
tar -C "$trees" -c measure amd64 arm64 | "$GANTRY_ROOT/dev" vm -- 'tar -xC /tmp && bash /tmp/measure'
