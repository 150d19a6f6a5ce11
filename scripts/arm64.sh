# shellcheck shell=bash
# "This machine runs ARM64 programs": true as it stands on an ARM64 machine, made true elsewhere with
# qemu-user behind binfmt_misc, for as long as the calling ./dev runs. The same for other machines.

# shellcheck source=scripts/qemu.sh
. "$GANTRY_ROOT/scripts/qemu.sh"

arm64_is_simulated() { [[ $(host_arch) != aarch64 ]]; }

begin_arm64() { begin_machine aarch64; }
end_arm64() { end_machine; }

# begin_machine ARCH: one at a time, until end_machine.
begin_machine() {
  local arch=$1
  [[ $(host_arch) != "$arch" ]] || return 0
  ensure_qemu_user
  local answer=''
  coproc MACHINE_HOLDER {
    setsid unshare --mount --propagation private "$GANTRY_ROOT/scripts/binfmt-hold.sh" \
      "gantry-dev-$$" "$QEMU_USER/qemu-$arch" "$BUILD/qemu/binfmt_misc" "$arch"
  }
  read -r -u "${MACHINE_HOLDER[0]}" answer || true
  [[ $answer == ready ]] || die "cannot register qemu-$arch with binfmt_misc.
  This needs root with CAP_SYS_ADMIN and a kernel with CONFIG_BINFMT_MISC (modprobe binfmt_misc)."
}

end_machine() {
  [[ ${MACHINE_HOLDER_PID:-} ]] || return 0
  local pid=$MACHINE_HOLDER_PID input=${MACHINE_HOLDER[1]}
  exec {input}>&-
  wait "$pid" || true
}
