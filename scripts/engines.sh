# shellcheck shell=bash
# Container engines from Debian's packages, unpacked to build/engines/SUITE and not installed: their
# own parsers are the judges of what `gantry install` writes.

# shellcheck source=scripts/debian.sh
. "$GANTRY_ROOT/scripts/debian.sh"

ENGINE_PACKAGES=bash,coreutils,grep,diffutils,containerd,docker.io,podman,crun
# trixie has containerd 1.7, Docker 26 and podman 5.4, forky containerd 2.1, Docker 28 and podman 5.8.
ENGINE_SUITES=(trixie forky)

ensure_engines() {
  local suite
  for suite in "${ENGINE_SUITES[@]}"; do with_lock "engines-$suite" make_engines "$suite"; done
}

make_engines() {
  local suite=$1 dir=$BUILD/engines/$1 inputs
  inputs="$suite $ENGINE_PACKAGES $(host_arch)"
  inputs_changed "$dir/.inputs" "$inputs" || return 0
  say "fetching container engines from Debian $suite (once)"
  debian_tree "$suite" "$(debian_arch "$(host_arch)")" "$dir" --include="$ENGINE_PACKAGES"
  record_inputs "$dir/.inputs" "$inputs"
}
