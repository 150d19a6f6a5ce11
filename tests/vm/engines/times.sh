# shellcheck shell=bash disable=SC2154
# How long a container takes to its end, native and emulated: figures and no tests.

# time_of COMMAND…: in milliseconds, the median of five.
time_of() {
  local start _
  for _ in 1 2 3 4 5; do
    start=${EPOCHREALTIME/./}
    "$@" >/dev/null 2>&1 </dev/null || echo "failed: $*" >&2
    echo $(((${EPOCHREALTIME/./} - start) / 1000))
  done | sort -n | sed -n 3p
}

report_times() {
  local native emulated
  native=$(time_of podman run --rm --network none $NATIVE true)
  emulated=$(time_of podman run --rm --platform linux/amd64 --network none $EMULATED true)
  echo "podman run … true: $native ms native, $emulated ms emulated"
  native=$(time_of chroot "$work/tree-$native_arch" /bin/true)
  emulated=$(time_of gantry-x64 "$work/tree-amd64/bin/busybox" true)
  echo "true alone: $native ms native, $emulated ms emulated"
  echo "gantry run … true: $(time_of gantry run --rootfs "$work/tree-amd64" -- true) ms"
}
