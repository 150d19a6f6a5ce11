#!/bin/sh
# Runs a test suite in an x86-64 image on a runner of another architecture:
#   run-amd64-tests.sh IMAGE COMMAND [ARGUMENTS…]
# COMMAND runs in the current directory, which is mounted at the same place; what it writes there is
# there afterwards. The exit status is the command's. ENGINE is podman or docker (default: the first
# of them that is there), ENGINE_OPTIONS are further words for its `run`.
set -eu

[ $# -ge 2 ] || {
  echo "usage: run-amd64-tests.sh IMAGE COMMAND [ARGUMENTS…]" >&2
  exit 2
}
if [ -z "${ENGINE:-}" ]; then
  for ENGINE in podman docker ''; do
    [ -z "$ENGINE" ] || ! command -v "$ENGINE" >/dev/null || break
  done
fi
case ${ENGINE##*/} in
  # It finds gantry-runtime by the platform.
  podman) runtime='' ;;
  docker) runtime='--runtime gantry' ;;
  *)
    echo "run-amd64-tests.sh: neither podman nor docker is here" >&2
    exit 2
    ;;
esac

# shellcheck disable=SC2086  # words
in_image() { "$ENGINE" run --rm --platform linux/amd64 $runtime ${ENGINE_OPTIONS:-} "$@"; }

image=$1
shift
# A suite that runs natively by mistake would pass and prove nothing.
machine=$(in_image "$image" uname -m)
[ "$machine" = x86_64 ] || {
  echo "run-amd64-tests.sh: $image runs on $machine, not on x86_64" >&2
  exit 1
}
in_image --volume "$PWD:$PWD" --workdir "$PWD" "$image" "$@"
