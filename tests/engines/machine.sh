#!/bin/bash
# A machine with Debian's container engines, of which nothing lasts: started in new namespaces (mount,
# PID, cgroup, network) it makes Debian's tree its root and runs tests/vm/engines/main.sh there.
# Usage: machine.sh DIRECTORY all|times
set -uo pipefail
GANTRY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$GANTRY_ROOT/scripts/common.sh"
. "$GANTRY_ROOT/scripts/engines.sh"
. "$GANTRY_ROOT/scripts/image.sh"
. "$GANTRY_ROOT/tests/vm/engines/fixtures.sh"
dir=$1 which=$2 root=$1/root

# On an x86-64 machine images of its own kind are emulated, too.
install_gantry() {
  local program
  for program in gantry gantry-runtime gantry-x64; do
    strip --strip-debug -o "$root/usr/bin/$program" "$BUILD/$(host_arch)/bin/$program" || return
  done
  mkdir -p "$root/etc/gantry" && echo 'emulate_native: true' >"$root/etc/gantry/config.yaml" &&
    chroot "$root" gantry install --engine podman
}

# Containers live in memory, above the image of ./dev demo.
set_up_podman() {
  mkdir -p "$root"/{images,var/{lib/containers,tmp},home,opt,root} &&
    mount --bind "$BUILD/podman/images" "$root/images" &&
    mount -o remount,bind,ro "$root/images" || return
  # No journal and no service manager; limits that need no rights of the one who starts containers.
  cat >"$root/etc/containers/containers.conf" <<'END'
[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=1024:4096", "nproc=1000:1000"]

[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
END
  # podman's own limit of processes needs what this machine's groups may not have.
  grep -qw pids "$root/sys/fs/cgroup/cgroup.controllers" ||
    sed -i '/^default_ulimits/a pids_limit = 0' "$root/etc/containers/containers.conf"
  cat >"$root/etc/containers/storage.conf" <<'END'
[storage]
driver = "overlay"
graphroot = "/var/lib/containers/storage"
runroot = "/run/containers/storage"

[storage.options]
additionalimagestores = ["/images"]
END
}

# As scripts/vm-disk.sh does it.
set_up_system() {
  cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
  cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
  echo 'person:x:1000:1000::/home/person:/bin/bash' >>"$root/etc/passwd"
  echo 'person:x:1000:' >>"$root/etc/group"
  echo 'person:100000:65536' | tee "$root/etc/subuid" >"$root/etc/subgid"
  ln -sf gawk "$root/usr/bin/awk"
  # podman looks up the machine's name.
  echo "127.0.0.1 localhost $(uname -n)" >"$root/etc/hosts"
  : >"$root/etc/resolv.conf"
  mkdir -p "$root/etc/criu" && echo 'network-lock nftables' >"$root/etc/criu/default.conf"
}

# What rootless podman makes interfaces with. Not this machine's own, whose rights stay as they are.
make_tun() { mkdir "$root/dev/net" && mknod "$root/dev/net/tun" c 10 200; }

# What engines write where: an overlay cannot lie on an overlay.
mount_memory() {
  local place
  for place in tmp var/tmp var/lib/containers home; do
    mount -t tmpfs -o mode=755 tmpfs "$root/$place" || return
  done
  chmod 1777 "$root/tmp" "$root/var/tmp" && install -d -o 1000 -g 1000 "$root/home/person" &&
    mkdir "$root/tmp/t" && engines_files | tar -xC "$root/tmp/t"
}

# As a service manager does: no process in the uppermost group, so that others get its controllers.
set_up_groups() {
  local groups=$root/sys/fs/cgroup controller
  mkdir "$groups/init" && echo 0 >"$groups/init/cgroup.procs" || return
  for controller in $(<"$groups/cgroup.controllers"); do
    echo "+$controller" >"$groups/cgroup.subtree_control" || return
  done
}

change_root() {
  cd "$root" && mkdir -p run/old && pivot_root . run/old && umount -l /run/old && rmdir /run/old
}

unset CONTAINERS_CONF CONTAINERS_STORAGE_CONF
mount_engines "$RUNNING_ENGINE_SUITE" "$dir" && set_up_groups && install_gantry >/dev/null && set_up_podman && set_up_system &&
  mount_memory && make_tun && ip link set lo up && change_root || exit
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
exec bash /tmp/t/engines/main.sh "$which" skip
