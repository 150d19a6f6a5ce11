# shellcheck shell=bash
# A root file system of a static amd64 busybox; podman beside it.

SANDBOX_SUITE=trixie

# A tree of Debian's package, made once.
ensure_busybox() {
  local tree=$BUILD/sandbox/tree
  inputs_changed "$BUILD/sandbox/.inputs" "$SANDBOX_SUITE" || return 0
  debian_tree "$SANDBOX_SUITE" amd64 "$tree" --include=busybox-static || return
  record_inputs "$BUILD/sandbox/.inputs" "$SANDBOX_SUITE"
}

make_rootfs() {
  local root=$1 name
  with_lock sandbox ensure_busybox || return
  mkdir -p "$root"/{bin,etc,tmp,home/app,work,mnt}
  cp "$BUILD/sandbox/tree/usr/bin/busybox" "$root/bin/busybox" || return
  for name in sh ash ls id cat mount env hostname ip sleep echo ps kill true false tty grep touch \
    readlink stty head sort tr wc rm mkdir sed awk seq printf pwd dd stat; do
    ln -s busybox "$root/bin/$name"
  done
  printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'app:x:1000:1000::/home/app:/bin/sh' >"$root/etc/passwd"
  printf '%s\n' 'root:x:0:' 'app:x:1000:' 'tty:x:5:app' 'extra:x:77:root,app' >"$root/etc/group"
  # shellcheck disable=SC2016  # for the script to expand
  printf '#!/bin/sh\necho "script $0 $*"\n' >"$root/bin/script"
  printf 'no program' >"$root/bin/text"
  printf '\177ELFbroken' >"$root/bin/broken"
  chmod 755 "$root/bin/script" "$root/bin/broken"
}

# podman_world SCRIPT: with podman's storage in a private world, the work folder as $1.
podman_world() (
  # shellcheck source=scripts/podman.sh
  . "$GANTRY_ROOT/scripts/podman.sh"
  # shellcheck disable=SC2154  # the runner's
  PODMAN_DIR=$work/podman
  mkdir -p "$PODMAN_DIR/images"
  write_podman_config
  sed -i 's/^runtime = .*/runtime = "crun"/' "$PODMAN_DIR/containers.conf"
  in_private_world bash -c "$1" podman_world "$work"
)
