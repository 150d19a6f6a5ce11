# shellcheck shell=bash
# "This machine runs ARM64 programs": true as it stands on an ARM64 machine, made true elsewhere with
# qemu-user behind binfmt_misc, for as long as the calling ./dev runs.

# shellcheck source=scripts/qemu.sh
. "$GANTRY_ROOT/scripts/qemu.sh"

arm64_is_simulated() { [[ $(host_arch) != aarch64 ]]; }

begin_arm64() {
  arm64_is_simulated || return 0
  ensure_qemu_user
  local answer=''
  coproc ARM64_HOLDER {
    setsid unshare --mount --propagation private "$GANTRY_ROOT/scripts/binfmt-hold.sh" \
      "gantry-dev-$$" "$QEMU_USER/qemu-aarch64" "$BUILD/qemu/binfmt_misc"
  }
  read -r -u "${ARM64_HOLDER[0]}" answer || true
  [[ $answer == ready ]] || die "cannot register qemu-aarch64 with binfmt_misc.
  This needs root with CAP_SYS_ADMIN and a kernel with CONFIG_BINFMT_MISC (modprobe binfmt_misc)."
}

end_arm64() {
  [[ ${ARM64_HOLDER_PID:-} ]] || return 0
  local pid=$ARM64_HOLDER_PID input=${ARM64_HOLDER[1]}
  exec {input}>&-
  wait "$pid" || true
}
