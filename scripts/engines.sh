# shellcheck shell=bash
# Container engines from Debian's packages, unpacked to build/engines/SUITE and not installed: their
# own parsers are the judges of what `gantry install` writes.

# shellcheck source=scripts/debian.sh
. "$GANTRY_ROOT/scripts/debian.sh"

ENGINE_PACKAGES=bash,coreutils,grep,diffutils,containerd,docker.io,podman,crun
# Where containers are started, what the machine of scripts/vm-disk.sh has for that, too.
RUNNING_ENGINE_PACKAGES=bsdutils,buildah,catatonit,criu,dash,findutils,gawk,golang-github-containers-common,gzip
RUNNING_ENGINE_PACKAGES+=,iproute2,libcriu2,mount,netavark,passt,procps,runc,sed,tar,uidmap,util-linux
RUNNING_ENGINE_SUITE=trixie
# trixie has containerd 1.7, Docker 26 and podman 5.4, forky containerd 2.1, Docker 28 and podman 5.8.
ENGINE_SUITES=(trixie forky)

# ensure_engines [SUITE…]: all without.
ensure_engines() {
  local suite
  (($#)) || set -- "${ENGINE_SUITES[@]}"
  for suite; do with_lock "engines-$suite" make_engines "$suite"; done
}

# mount_engines SUITE DIR: a private copy of Debian's tree at DIR/root, in memory. For a mount and a
# process namespace of the caller's.
mount_engines() {
  local tree=$BUILD/engines/$1 root=$2/root device
  mount -t tmpfs tmpfs "$2" && mkdir "$2"/{upper,work,root} || return
  mount -t overlay -o "lowerdir=$tree,upperdir=$2/upper,workdir=$2/work" overlay "$root" || return
  mkdir -p "$root"/{proc,run,dev,tmp,sys}
  mount -t sysfs sysfs "$root/sys" && mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup" || return
  mount -t proc proc "$root/proc" || return
  mount -t tmpfs -o mode=755 tmpfs "$root/run" && mount -t tmpfs -o mode=755 tmpfs "$root/dev" || return
  mkdir "$root"/dev/{shm,pts} && mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm" || return
  mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts "$root/dev/pts" || return
  ln -s pts/ptmx "$root/dev/ptmx" && ln -s /proc/self/fd "$root/dev/fd" || return
  # No package of these makes it the link that it is elsewhere; daemons write their numbers there.
  mkdir -p "$root/var/run" && mount --bind "$root/run" "$root/var/run" || return
  for device in null zero full tty urandom random; do
    : >"$root/dev/$device" && mount --bind "/dev/$device" "$root/dev/$device" || return
  done
}

make_engines() {
  local suite=$1 dir=$BUILD/engines/$1 packages=$ENGINE_PACKAGES inputs
  [[ $suite != "$RUNNING_ENGINE_SUITE" ]] || packages+=,$RUNNING_ENGINE_PACKAGES
  inputs="$suite $packages $(host_arch)"
  inputs_changed "$dir/.inputs" "$inputs" || return 0
  say "fetching container engines from Debian $suite (once)"
  debian_tree "$suite" "$(debian_arch "$(host_arch)")" "$dir" --include="$packages"
  record_inputs "$dir/.inputs" "$inputs"
}
