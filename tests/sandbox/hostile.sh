# shellcheck shell=bash disable=SC2016,SC2154
# Root file systems that would like the host's files to change.

hostile_root() {
  rm -rf "$work/hostile"
  cp -a "$(root_of "$1")" "$work/hostile"
  mkdir -p "$work/outside"
  echo untouched >"$work/outside/file"
  chmod -R a+rwX "$work/outside"
}
outside_stays() { equal "file untouched" "$(cd "$work/outside" && grep -r . . | sed 's/^..//; s/:/ /')"; }

# Places where file systems are mounted, as links to the outside.
system_links() {
  local place
  for place in proc sys dev; do
    hostile_root "$2"
    rm -rf "$work/hostile/$place"
    ln -s "$work/outside" "$work/hostile/$place"
    fails_with 125 "/$place in the root filesystem is a symbolic link" \
      "$1" "$2" --rootfs "$work/hostile" -- true || return
    outside_stays || return
  done
}

# Links that volumes and files of ours land on stay inside.
mount_links() {
  hostile_root "$2"
  rm -rf "$work/hostile/mnt" "$work/hostile/etc/hosts"
  ln -s "$work/outside" "$work/hostile/mnt"
  ln -s "$work/outside/file" "$work/hostile/etc/hosts"
  ln -s ../../../../../../../../etc "$work/hostile/up"
  mkdir -p "$work/given"
  echo given >"$work/given/own"
  contains "$("$1" "$2" --rootfs "$work/hostile" --bind "$work/given:/mnt" --bind "$work/given:/up/x" -- \
    sh -c 'cat /mnt/own /etc/hosts /etc/x/own')" given || return
  outside_stays || return
  [[ ! -e /etc/x ]]
}

# A passwd that is a device, a FIFO or a link to the host's.
odd_passwd() {
  hostile_root "$2"
  rm "$work/hostile/etc/passwd"
  mkfifo "$work/hostile/etc/passwd"
  fails_with 125 '/etc/passwd' timeout 60 bash -c "$(declare -f run_as emulate_as as_root as_user)"'
    "$0" "$@"' "$1" "$2" --rootfs "$work/hostile" -- true || return
  rm "$work/hostile/etc/passwd"
  ln -s /etc/shadow "$work/hostile/etc/passwd"
  equal 'uid=0 gid=0(root)' "$("$1" "$2" --rootfs "$work/hostile" -- id | sed 's/ groups.*//')"
}

# What lies where the emulator is mounted is not run.
own_emulator() {
  hostile_root "$2"
  mkdir -p "$work/hostile/dev/.gantry"
  printf '#!/bin/sh\necho stolen\n' >"$work/hostile/dev/.gantry/gantry-x64"
  chmod 755 "$work/hostile/dev/.gantry/gantry-x64"
  equal right "$(emulate_as "$2" --rootfs "$work/hostile" -- echo right)"
}

# Nor can the emulator be written from inside.
emulator_is_read_only() {
  local before
  before=$(sha256sum "$EMULATOR")
  hostile_root "$2"
  emulate_as "$2" --rootfs "$work/hostile" -- sh -c '
    echo x >/dev/.gantry/gantry-x64; rm /dev/.gantry/gantry-x64
    echo x >/proc/self/exe; cat /dev/null >/proc/1/exe' 2>/dev/null
  equal "$before" "$(sha256sum "$EMULATOR")"
}

for who in $(whos); do
  for name in system_links mount_links odd_passwd own_emulator emulator_is_read_only; do
    sandbox_test "$who-hostile-$name" "$name" run_as "$who"
  done
done
