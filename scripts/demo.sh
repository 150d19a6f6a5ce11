# shellcheck shell=bash
# ./dev demo: an amd64 image under podman on ARM64, from nothing.

# shellcheck source=scripts/build.sh
. "$GANTRY_ROOT/scripts/build.sh"
# shellcheck source=scripts/podman.sh
. "$GANTRY_ROOT/scripts/podman.sh"
# shellcheck source=scripts/arm64.sh
. "$GANTRY_ROOT/scripts/arm64.sh"

cmd_demo() {
  case ${1:-} in
    '') ;;
    -h | --help)
      echo "Usage: ./dev demo"
      return
      ;;
    *) die "demo takes no arguments" ;;
  esac
  [[ $EUID == 0 ]] || die "demo needs root: it installs packages and starts containers"
  # shellcheck disable=SC2119  # without arguments: the default architectures
  ensure_built
  ensure_image
  ensure_podman
  with_lock podman run_demo
}

run_demo() {
  trap demo_cleanup EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  install_host_programs
  import_image
  begin_arm64
  podman_job "$GANTRY_ROOT/scripts/demo-steps.sh" || die "a command of the demo failed (see above)"
}

demo_cleanup() {
  # A second Ctrl-C must not keep what this takes away.
  trap '' INT TERM HUP
  end_podman_job
  end_arm64
}
