#!/bin/bash
# An extract hook of mmdebstrap, called with the tree: tells its dpkg of the packages that were
# unpacked there, so that apt in the tree knows what it need not install.
set -euo pipefail
tree=$1
info=$tree/var/lib/dpkg/info

# Packages that may be there for several architectures have theirs in the name of their list.
list_name() {
  local package architecture kind
  read -r package architecture kind < <(dpkg-deb --show --showformat \
    '${Package} ${Architecture} ${Multi-Arch}\n' "$1")
  [[ $kind != same ]] || package+=:$architecture
  echo "$info/$package.list"
}

for archive in "$tree"/var/cache/apt/archives/*.deb; do
  dpkg-deb --field "$archive" | sed '1a Status: install ok installed'
  echo
  dpkg-deb --fsys-tarfile "$archive" | tar -t | sed 's|^\./|/|; s|^/$|/.|; s|\(.\)/$|\1|' \
    >"$(list_name "$archive")"
done >"$tree/var/lib/dpkg/status"
