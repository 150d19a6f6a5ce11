# shellcheck shell=bash
# The demo's amd64 image: a Debian trixie tree from amd64 packages, as a tar that podman imports.

# shellcheck source=scripts/qemu.sh
. "$GANTRY_ROOT/scripts/qemu.sh"

# shellcheck disable=SC2034  # used by the scripts that source this one
IMAGE_NAME=localhost/gantry-demo
IMAGE_TAR=$BUILD/demo/image.tar
IMAGE_INPUTS=$BUILD/demo/image.inputs
IMAGE_PACKAGES=base-files,base-passwd,bash,coreutils,dash,debianutils,diffutils,findutils,grep,gzip
IMAGE_PACKAGES+=,hostname,libc-bin,mawk,ncurses-base,procps,sed,tar,util-linux,perl,python3
# As the images that people build on have them.
IMAGE_PACKAGES+=,apt,dpkg

RECORD_PACKAGES=$GANTRY_ROOT/scripts/record-packages.sh

ensure_image() { with_lock image make_image; }

make_image() {
  local tree=$BUILD/demo/tree inputs
  inputs="trixie $IMAGE_PACKAGES $(
    (declare -f finish_image_tree compile_python && cat "$RECORD_PACKAGES") | sha256sum
  )"
  inputs_changed "$IMAGE_INPUTS" "$inputs" || return 0

  say "making the amd64 image from Debian trixie's packages (once)"
  # Extracted, not installed: no maintainer script has to run, so any machine can make the image.
  debian_tree trixie amd64 "$tree" --include="$IMAGE_PACKAGES" --extract-hook="$RECORD_PACKAGES"
  finish_image_tree "$tree"
  tar --numeric-owner --sort=name --one-file-system -C "$tree" -cf "$IMAGE_TAR.part" .
  mv "$IMAGE_TAR.part" "$IMAGE_TAR"
  rm -rf "$tree"
  record_inputs "$IMAGE_INPUTS" "$inputs"
}

# What the maintainer scripts of these packages would have done and a container needs.
finish_image_tree() {
  local tree=$1
  cp "$tree/usr/share/base-passwd/passwd.master" "$tree/etc/passwd"
  cp "$tree/usr/share/base-passwd/group.master" "$tree/etc/group"
  ln -sf mawk "$tree/usr/bin/awk"
  # mmdebstrap copies these from the machine that it runs on.
  rm -f "$tree/etc/resolv.conf" "$tree/etc/hostname"
  rm -rf "$tree"/var/lib/apt/lists/* "$tree"/var/cache/apt "$tree"/usr/share/{doc,man,locale,info}
  compile_python "$tree"
}

# Python's byte code, without which every start in a container compiles the library anew. It has to
# come from that very version of Python.
compile_python() {
  local tree=$1 launcher=() library
  if [[ $(host_arch) != x86_64 ]]; then
    ensure_qemu_user
    launcher=("$QEMU_USER/qemu-x86_64")
  fi
  for library in "$tree"/usr/lib/python3.*; do
    PYTHONHOME=$tree/usr "${launcher[@]}" "$tree/usr/lib64/ld-linux-x86-64.so.2" \
      --library-path "$tree/usr/lib/x86_64-linux-gnu" "$tree/usr/bin/${library##*/}" \
      -m compileall -q -s "$tree" -p / "$library" >/dev/null ||
      warn "could not compile Python's library for the image; python3 will start slowly"
  done
}
