# shellcheck shell=bash
# The ARM64 machine of ./dev vm: build/vm/{kernel,initrd,debian.ext4}, made once from Debian trixie's
# packages and the demo's image.

# shellcheck source=scripts/podman.sh
. "$GANTRY_ROOT/scripts/podman.sh"

VM_DIR=$BUILD/vm
VM_PACKAGES=linux-image-arm64,busybox-static,base-files,base-passwd,bash,coreutils,dash,debianutils
VM_PACKAGES+=,bsdutils,diffutils,file,findutils,gawk,grep,gzip,hostname,iproute2,kmod,less,libc-bin,mount,ncurses-base
VM_PACKAGES+=,procps,psmisc,sed,strace,tar,util-linux,xz-utils
VM_PACKAGES+=,ca-certificates,conmon,crun,golang-github-containers-common,netavark,nftables,podman
# What else people run containers with: the other low-level runtime, other engines, an init for
# containers, users without rights, checkpoints.
VM_PACKAGES+=,runc,buildah,containerd,docker.io,docker-cli,docker-buildx,catatonit,uidmap,passt,criu,libcriu2
VM_PACKAGES+=,curl,protobuf-compiler

ensure_vm_disk() {
  ensure_packages kmod cpio e2fsprogs xz-utils
  ensure_image
  ensure_podman
  with_lock vm make_vm_disk
}

make_vm_disk() {
  local tree=$VM_DIR/tree inputs
  inputs="trixie $VM_PACKAGES $(<"$IMAGE_INPUTS") $(
    cat "$GANTRY_ROOT/scripts/vm-disk.sh" "$GANTRY_ROOT"/deploy/vm/initramfs.sh \
      "$GANTRY_ROOT/deploy/podman/gantry.conf" | sha256sum
  )"
  inputs_changed "$VM_DIR/.inputs" "$inputs" || return 0

  say "making the ARM64 machine from Debian trixie's packages (once)"
  debian_tree trixie arm64 "$tree" --include="$VM_PACKAGES"
  finish_vm_tree "$tree"
  make_initrd "$tree"
  cp "$tree"/boot/vmlinuz-* "$VM_DIR/kernel"
  mkdir -p "$tree/var/lib/containers/storage"
  import_image_into "$tree/var/lib/containers/storage"
  rm -f "$VM_DIR/debian.ext4"
  # Sparse: only what is in use takes room on this machine.
  truncate -s 3G "$VM_DIR/debian.ext4"
  mke2fs -q -t ext4 -m 0 -E lazy_itable_init=1,root_owner=0:0 -d "$tree" "$VM_DIR/debian.ext4"
  rm -rf "$tree"
  record_inputs "$VM_DIR/.inputs" "$inputs"
}

# What maintainer scripts would have done, and how podman and gantry are set up there.
finish_vm_tree() {
  local tree=$1 program
  rm -rf "$tree"/usr/share/{doc,man,locale,info} "$tree"/var/lib/apt/lists/* "$tree"/var/cache/apt
  rm -rf "$tree"/usr/lib/modules/*/kernel/{sound,drivers/{gpu,media,net/wireless,net/ethernet}}
  depmod -b "$tree" "$(kernel_version "$tree")"
  cp "$tree/usr/share/base-passwd/passwd.master" "$tree/etc/passwd"
  cp "$tree/usr/share/base-passwd/group.master" "$tree/etc/group"
  # A user without rights, whose containers have ids of their own.
  echo 'person:x:1000:1000::/home/person:/bin/bash' >>"$tree/etc/passwd"
  echo 'person:x:1000:' >>"$tree/etc/group"
  echo 'person:100000:65536' | tee "$tree/etc/subuid" >"$tree/etc/subgid"
  install -d -o 1000 -g 1000 "$tree/home/person"
  # CRIU closes the network of what it stops with iptables(8) unless it is told otherwise.
  mkdir -p "$tree/etc/criu"
  echo 'network-lock nftables' >"$tree/etc/criu/default.conf"
  ln -sf gawk "$tree/usr/bin/awk"
  echo gantry-vm >"$tree/etc/hostname"
  printf '127.0.0.1 localhost\n127.0.1.1 gantry-vm\n' >"$tree/etc/hosts"
  : >"$tree/etc/resolv.conf"

  mkdir -p "$tree"/etc/containers/containers.conf.d "$tree/usr/libexec/gantry"
  cp "$GANTRY_ROOT/deploy/podman/gantry.conf" "$tree/etc/containers/containers.conf.d/"
  # There is no systemd, and so no journal and no cgroup manager, in this machine.
  cat >"$tree/etc/containers/containers.conf" <<'END'
[containers]
log_driver = "k8s-file"

[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
END
  [[ -e $tree/etc/containers/policy.json ]] ||
    echo '{ "default": [{ "type": "insecureAcceptAnything" }] }' >"$tree/etc/containers/policy.json"
  for program in gantry gantry-runtime gantry-x64; do
    ln -sf "../libexec/gantry/$program" "$tree/usr/bin/$program"
  done
}

kernel_version() { basename "$1"/usr/lib/modules/*; }

# busybox, the modules that reach the disks in the order in which they load, and the first script.
make_initrd() {
  local tree=$1 initrd=$VM_DIR/initrd.tree module name
  rm -rf "$initrd"
  mkdir -p "$initrd"/{bin,dev,modules,root}
  cp "$tree/usr/bin/busybox" "$initrd/bin/"
  ln -s busybox "$initrd/bin/sh"
  cp "$GANTRY_ROOT/deploy/vm/initramfs.sh" "$initrd/init"
  # crc32c is asked for by name at run time, so that no dependency lists it.
  modprobe --dirname "$tree" --set-version "$(kernel_version "$tree")" --show-depends --all \
    virtio_blk crc32c_generic ext4 | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
    while read -r module; do
      name=$(basename "$module" .xz)
      case $module in
        *.xz) xz -dc "$module" >"$initrd/modules/$name" ;;
        *) cp "$module" "$initrd/modules/$name" ;;
      esac
      echo "$name" >>"$initrd/modules/order"
    done
  (cd "$initrd" && find . -print0 | cpio --quiet --null --create --format=newc) >"$VM_DIR/initrd"
  rm -rf "$initrd"
}
