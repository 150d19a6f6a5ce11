# shellcheck shell=bash
# The headers and libraries that a cross build compiles and links against: build/sysroot/ARCH.

# shellcheck source=scripts/debian.sh
. "$GANTRY_ROOT/scripts/debian.sh"

SYSROOT_PACKAGES=libc6-dev,libstdc++-14-dev,libgcc-14-dev,libyaml-cpp-dev,libseccomp-dev,libcap-dev
SYSROOT_PACKAGES+=,libgtest-dev,libffi-dev,nlohmann-json3-dev,libcli11-dev,zlib1g-dev,libarchive-dev
SYSROOT_PACKAGES+=,libzstd-dev,nettle-dev,libtomlplusplus-dev

ensure_sysroot() { with_lock "sysroot-$1" make_sysroot "$1"; }

make_sysroot() {
  local arch=$1 dir=$BUILD/sysroot/$1 suite inputs
  suite=$(first_suite "$arch")
  inputs="$suite $SYSROOT_PACKAGES"
  inputs_changed "$dir/.inputs" "$inputs" || return 0

  say "making the $arch sysroot from Debian $suite (once)"
  debian_tree "$suite" "$(debian_arch "$arch")" "$dir" --include="$SYSROOT_PACKAGES"
  record_inputs "$dir/.inputs" "$inputs"
}
