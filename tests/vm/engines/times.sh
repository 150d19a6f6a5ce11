# shellcheck shell=bash disable=SC2154
# How long a container takes to its first output and to its end, native and emulated: figures and no
# tests.

# since START: milliseconds.
since() { echo $(((${EPOCHREALTIME/./} - $1) / 1000)); }

to_end() {
  local start=${EPOCHREALTIME/./}
  "$@" >/dev/null 2>&1 </dev/null || echo "failed: $*" >&2
  since "$start"
}

# To the first byte that reaches the caller.
to_output() {
  local start=${EPOCHREALTIME/./} output
  exec {output}< <("$@" 2>/dev/null </dev/null)
  read -r -N 1 -u "$output" || echo "no output: $*" >&2
  since "$start"
  wait $!
  exec {output}<&-
}

# median to_end|to_output COMMAND…: of nine, in milliseconds.
median() {
  local _
  for _ in {1..9}; do "$@"; done | sort -n | sed -n 5p
}

# report NAME NATIVE EMULATED: two functions, each of which runs `echo`.
report() {
  echo "$1: first output after $(median to_output "$2") ms native, $(median to_output "$3") ms emulated;" \
    "end after $(median to_end "$2") ms native, $(median to_end "$3") ms emulated"
}

podman_run_native() { LOW_LEVEL=crun podman_native run --rm --network none $NATIVE echo one; }
podman_run_emulated() {
  LOW_LEVEL=crun podman_gantry run --rm --platform linux/amd64 --network none $EMULATED echo one
}
alone_native() { chroot "$work/tree-$native_arch" /bin/echo one; }
alone_emulated() { gantry-x64 "$work/tree-amd64/bin/busybox" echo one; }
gantry_run() { gantry run --rootfs "$work/tree-amd64" -- echo one; }

report_times() {
  report 'podman run … echo' podman_run_native podman_run_emulated
  report 'echo alone' alone_native alone_emulated
  echo "gantry run … echo: first output after $(median to_output gantry_run) ms," \
    "end after $(median to_end gantry_run) ms"
}
