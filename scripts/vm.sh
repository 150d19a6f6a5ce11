# shellcheck shell=bash
# ./dev vm: a real ARM64 kernel under qemu-system-aarch64, with podman 5, crun and our programs.

# shellcheck source=scripts/build.sh
. "$GANTRY_ROOT/scripts/build.sh"
# shellcheck source=scripts/vm-disk.sh
. "$GANTRY_ROOT/scripts/vm-disk.sh"

vm_usage() {
  cat <<'END'
Usage: ./dev vm [-- COMMAND [ARGUMENTS…]]

Boots an ARM64 machine (QEMU, Debian trixie's kernel, podman 5 and crun) with this tree's gantry-x64,
gantry-runtime and gantry installed, runs COMMAND in it and powers it off; the exit status is the
command's. Without COMMAND it runs the demo. A COMMAND that is one word is read by bash, so that
  ./dev vm -- 'podman images; podman run --rm --platform linux/amd64 localhost/gantry-demo uname -m'
works; 'bash' in a terminal gives a shell. The image is localhost/gantry-demo. What COMMAND writes to
the machine's disk is gone afterwards. There is no network. GANTRY_VM_BOOT holds further words for
the kernel's command line.
END
}

cmd_vm() {
  case ${1:-} in
    -h | --help)
      vm_usage
      return
      ;;
    --) shift ;;
    '') ;;
    *)
      vm_usage >&2
      die "vm: put -- before the command: ./dev vm -- $*"
      ;;
  esac
  [[ $EUID == 0 ]] || die "vm needs root: it installs packages and makes Debian trees"
  ensure_packages qemu-system-arm
  ensure_built aarch64
  ensure_vm_disk
  run_vm "$@"
}

run_vm() {
  remove_stale_runs
  VM_RUN=$VM_DIR/run.$$
  mkdir "$VM_RUN"
  trap vm_cleanup EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  local devices=() status
  make_vm_programs "$@"
  mkfifo "$VM_RUN"/{stdout,stderr}
  if [[ -e $VM_RUN/programs/vm/terminal ]]; then
    devices=(-chardev "stdio,id=terminal,signal=off" -device "virtconsole,chardev=terminal")
  else
    cat "$VM_RUN/stdout" &
    cat "$VM_RUN/stderr" >&2 &
    devices=(
      -chardev "stdio,id=stdin,signal=off" -device "virtserialport,chardev=stdin,name=stdin"
      -chardev "file,id=stdout,path=$VM_RUN/stdout"
      -device "virtserialport,chardev=stdout,name=stdout"
      -chardev "file,id=stderr,path=$VM_RUN/stderr"
      -device "virtserialport,chardev=stderr,name=stderr"
    )
  fi

  say "booting the ARM64 machine"
  start_qemu "${devices[@]}" <&0 &
  VM_PID=$!
  wait "$VM_PID" || die "QEMU failed"
  VM_PID=''
  wait
  status=$(cat "$VM_RUN/status" 2>/dev/null) || true
  [[ $status ]] || {
    tail -n 20 "$VM_RUN/kernel.log" >&2
    die "the ARM64 machine stopped before the command ended; the above is its kernel's log"
  }
  exit "$status"
}

start_qemu() {
  # KVM where the processor is ARM64 itself; elsewhere every instruction is emulated.
  # Without SVE: stores by it to code that was executed go unnoticed in QEMU 7.2, which then executes
  # the old code, and memcpy(3) uses it.
  local machine=(-M virt -cpu "max,pauth-impdef=on,sve=off" -accel "tcg,thread=multi")
  if [[ $(host_arch) == aarch64 && -w /dev/kvm ]]; then
    machine=(-M "virt,gic-version=host" -cpu host -accel kvm)
  fi
  exec setpriv --pdeathsig KILL qemu-system-aarch64 "${machine[@]}" -smp 2 -m 2048 -display none -monitor none -nic none \
    -no-reboot -kernel "$VM_DIR/kernel" -initrd "$VM_DIR/initrd" \
    -append "console=ttyAMA0 quiet loglevel=4 panic=-1 rdinit=/init ${GANTRY_VM_BOOT:-}" \
    -serial "file:$VM_RUN/kernel.log" \
    -drive "file=$VM_DIR/debian.ext4,format=raw,if=virtio,snapshot=on" \
    -drive "file=$VM_RUN/programs.ext4,format=raw,if=virtio,readonly=on" \
    -device virtio-serial-pci \
    -chardev "file,id=status,path=$VM_RUN/status" -device "virtserialport,chardev=status,name=status" \
    "$@"
}

# The second disk: what changes often, so that the big one need not be made anew.
make_vm_programs() {
  local programs=$VM_RUN/programs program
  mkdir -p "$programs/vm"
  for program in gantry gantry-runtime gantry-x64; do
    [[ ! -e $BUILD/aarch64/bin/$program ]] ||
      llvm-strip-19 --strip-debug -o "$programs/$program" "$BUILD/aarch64/bin/$program"
  done
  cp "$GANTRY_ROOT/deploy/vm/init.sh" "$GANTRY_ROOT/scripts/demo-steps.sh" "$programs/vm/"
  if [[ -t 0 && -t 1 ]]; then
    # What the machine's terminal cannot ask this one for.
    echo "stty $(stty size <&0 | sed 's/\(.*\) /rows \1 columns /'); export TERM=${TERM@Q}" \
      >"$programs/vm/terminal"
  fi
  vm_command "$@" >"$programs/vm/command"
  truncate -s 64M "$VM_RUN/programs.ext4"
  mke2fs -q -t ext4 -m 0 -d "$programs" "$VM_RUN/programs.ext4"
}

vm_command() {
  # The machine's clock has whole seconds only, and none at all with some CPU models.
  echo "date --set=@$EPOCHSECONDS >/dev/null"
  case $# in
    0) echo "GANTRY_DEMO_IN_VM=1 exec /usr/libexec/gantry/vm/demo-steps.sh" ;;
    1) printf '%s\n' "$1" ;;
    *) printf '%q ' "$@" ;;
  esac
}

# What a ./dev vm that was killed could not remove.
remove_stale_runs() {
  local run
  for run in "$VM_DIR"/run.*; do
    [[ -d $run ]] && ! kill -0 "${run##*.}" 2>/dev/null && rm -rf "$run"
  done
  return 0
}

vm_cleanup() {
  trap '' INT TERM HUP
  if [[ ${VM_PID:-} ]]; then kill -KILL "$VM_PID" 2>/dev/null || true; fi
  rm -rf "$VM_RUN"
}
