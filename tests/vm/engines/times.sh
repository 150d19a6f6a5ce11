# shellcheck shell=bash disable=SC2154
# How long a container takes to its first output and to its end, native and emulated: figures and no
# tests.

# since START: milliseconds.
since() { echo $(((${EPOCHREALTIME/./} - $1) / 1000)); }

# timed COMMAND…: until the first byte has reached the caller, and until the end.
timed() {
  local start=${EPOCHREALTIME/./} output first
  exec {output}< <("$@" 2>/dev/null </dev/null)
  read -r -N 1 -u "$output" || echo "no output: $*" >&2
  first=$(since "$start")
  wait $! || echo "failed: $*" >&2
  echo "$first $(since "$start")"
  exec {output}<&-
}

# median COLUMN FUNCTION: of what `report` has measured.
median() { cut -d ' ' -f "$1" "$work/times-$2" | sort -n | sed -n 5p; }

# report NAME FUNCTION…: each runs `echo`, nine times, in turns, as the machine may be busy now and then.
report() {
  local name=$1 function
  shift
  for _ in {1..9}; do
    for function; do timed "$function" >>"$work/times-$function"; done
  done
  for function; do
    echo "$name, ${function##*_}: first output after $(median 1 "$function") ms, end after $(median 2 "$function") ms"
  done
}

podman_run_native() { LOW_LEVEL=crun podman_native run --rm --network none $NATIVE echo one; }
podman_run_emulated() {
  LOW_LEVEL=crun podman_gantry run --rm --platform linux/amd64 --network none $EMULATED echo one
}
alone_native() { chroot "$work/tree-$native_arch" /bin/echo one; }
alone_emulated() { gantry-x64 "$work/tree-amd64/bin/busybox" echo one; }
sandbox_emulated() { gantry run --rootfs "$work/tree-amd64" -- echo one; }

report_times() {
  report 'podman run … echo' podman_run_native podman_run_emulated
  report 'echo alone' alone_native alone_emulated
  report 'gantry run … echo' sandbox_emulated
}
