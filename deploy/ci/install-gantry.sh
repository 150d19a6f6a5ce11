#!/bin/sh
# Installs Gantry on an ARM64 (RISC-V, LoongArch) runner and enables it for podman or Docker:
#   install-gantry.sh PACKAGE
# PACKAGE is a .deb or .tar.xz of ./dev package: a file, or a URL for curl. Needs root, or sudo without
# a password.
set -eu

package=${1:?is the .deb or .tar.xz of Gantry}
as_root=''
[ "$(id -u)" = 0 ] || as_root=sudo

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $package in
  http://* | https://*)
    curl --fail --location --silent --show-error --output "$work/${package##*/}" "$package"
    package=$work/${package##*/}
    ;;
esac

case $package in
  *.deb) $as_root dpkg -i "$package" ;;
  *.tar.xz)
    tar -xJf "$package" -C "$work"
    $as_root "$work"/gantry-*/install.sh
    ;;
  *)
    echo "install-gantry.sh: $package is neither a .deb nor a .tar.xz" >&2
    exit 2
    ;;
esac
for engine in podman docker; do
  command -v "$engine" >/dev/null || continue
  $as_root gantry install --engine "$engine"
  # Docker knows a new runtime after it has read its configuration again; containers go on.
  [ "$engine" = podman ] || $as_root systemctl reload docker
done
