#!/bin/bash
# Makes this machine run programs of the machine ARCH with INTERPRETER for as long as its standard input is open:
# registers it with binfmt_misc, says "ready", and takes the registration away at end of file, which
# comes however the process at the other end goes, SIGKILL included.
# Usage: setsid unshare --mount --propagation private binfmt-hold.sh NAME INTERPRETER DIRECTORY ARCH
set -euo pipefail
name=$1 interpreter=$2 directory=$3 arch=$4
# e_machine of elf(5).
case $arch in
  aarch64) machine='\xb7\x00' ;;
  riscv64) machine='\xf3\x00' ;;
  loongarch64) machine='\x02\x01' ;;
esac

# A mount of our own, so that it does not matter whether the machine has one. It ends with this
# process; before Linux 6.7 the registration would stay.
mkdir -p "$directory"
mount -t binfmt_misc binfmt_misc "$directory"
trap 'echo -1 >"$directory/$name"' EXIT
trap '' INT HUP

# ELF, 64 bit, little endian, executable or shared object. P hands argv[0] on
# unchanged, F opens the interpreter now, so that it works in every root filesystem.
magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00'$machine
mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
printf '%s' ":$name:M::$magic:$mask:$interpreter:PF" >"$directory/register"

echo ready
cat >/dev/null || true
