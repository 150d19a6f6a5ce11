# shellcheck shell=bash
# qemu-user from Debian trixie: static programs that run on any Debian of this machine's
# architecture, wherever they are copied or bound, and new enough for LoongArch. They are unpacked to
# build/qemu and not installed, so that the machine's own QEMU and its binfmt entries stay as they are.

# shellcheck source=scripts/debian.sh
. "$GANTRY_ROOT/scripts/debian.sh"

QEMU_USER=$BUILD/qemu/usr/bin

ensure_qemu_user() { with_lock qemu make_qemu_user; }

make_qemu_user() {
  local inputs
  inputs="trixie qemu-user $(host_arch)"
  inputs_changed "$BUILD/qemu/.inputs" "$inputs" || return 0
  say "fetching static qemu-user from Debian trixie (once)"
  debian_tree trixie "$(debian_arch "$(host_arch)")" "$BUILD/qemu.tree" --include=qemu-user
  rm -rf "$BUILD/qemu"
  mkdir -p "$QEMU_USER"
  local arch
  for arch in "${ARCHITECTURES[@]}"; do
    cp "$BUILD/qemu.tree/usr/bin/qemu-$arch" "$QEMU_USER/"
  done
  rm -rf "$BUILD/qemu.tree"
  record_inputs "$BUILD/qemu/.inputs" "$inputs"
}
