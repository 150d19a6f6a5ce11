#!/bin/sh
# Installs what lies beside it in files/, or removes it again. It needs no network and no package
# manager, and nothing but a POSIX shell and the usual small programs.
set -eu
umask 022

usage() {
  cat <<'TEXT'
Usage: ./install.sh [--prefix DIR] [--root DIR]
       PREFIX/share/gantry/install.sh --uninstall [--root DIR]

  --prefix DIR  install there (default: /usr/local)
  --root DIR    the machine's root directory (default: /), for images and mounted disks
  --uninstall   remove what was installed, and what `gantry install` did to engines

Installing again upgrades: files are replaced by renames, and running containers keep the emulator
that they were started with. Enable it for the engines of this machine with `gantry install`.
TEXT
}

die() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

# The manifest: what was made, folders included, one absolute path a line as seen from the root.
note() { grep -qxF -e "$1" "$list" || printf '%s\n' "$1" >>"$list"; }

make_folder() {
  [ -d "$root$1" ] && return
  make_folder "$(dirname "$1")"
  mkdir "$root$1"
  note "$1"
}

# put FROM TO: a copy that appears whole; programs that run keep the old file. -T: TO may be a link to
# a folder.
put() {
  make_folder "$(dirname "$2")"
  cp -P "$1" "$root$2.new"
  mv -fT "$root$2.new" "$root$2"
  note "$2"
}

# remove_made: removes what standard input lists; prints the folders that others use, too.
remove_made() {
  LC_ALL=C sort -r | while read -r path; do
    if [ -d "$root$path" ] && [ ! -L "$root$path" ]; then
      rmdir "$root$path" 2>/dev/null || printf '%s\n' "$path"
    else
      rm -f "$root$path"
    fi
  done
}

check_machine() {
  read -r wanted <"$here/architecture"
  machine=$(uname -m)
  [ "$root" ] || [ "$machine" = "$wanted" ] || die "this is for $wanted machines, not for $machine"
}

install_files() {
  check_machine
  list=$(mktemp)
  (cd "$here/files" && find . \( -type f -o -type l \) | sed 's|^\.||') >"$list.files"
  while read -r file; do put "$here/files$file" "$prefix$file"; done <"$list.files"
  put "$here/install.sh" "$prefix/share/gantry/install.sh"
  note "$manifest"
  # What the version before had and this one has not; folders that it made stay ours.
  if [ -f "$root$manifest" ]; then
    kept=$(grep -vxF -f "$list" "$root$manifest" | remove_made)
    printf '%s\n' "$kept" | grep . >>"$list" || true
  fi
  put "$list" "$manifest"
  chmod 644 "$root$manifest"
  rm -f "$list" "$list.files"
  echo "installed in $root$prefix; '$prefix/bin/gantry install' enables it for this machine's engines"
}

# The engines first: they must not name a runtime that is gone.
uninstall_files() {
  [ -f "$root$manifest" ] || die "nothing is installed in $root$prefix"
  if [ -e "$root/var/lib/gantry/journal.json" ]; then
    "$root$prefix/bin/gantry" uninstall ${root:+--root "$root"} ||
      die "the engines could not be set back; see above"
  fi
  # Images that `gantry run` has unpacked.
  rm -rf "$root/var/lib/gantry"
  made=$(cat "$root$manifest")
  printf '%s\n' "$made" | remove_made >/dev/null
}

root='' prefix='' action=install
while [ $# -gt 0 ]; do
  case $1 in
    --prefix | --root)
      [ $# -ge 2 ] || die "$1 needs a directory"
      if [ "$1" = --prefix ]; then prefix=$2; else root=$2; fi
      shift
      ;;
    --prefix=*) prefix=${1#*=} ;;
    --root=*) root=${1#*=} ;;
    --uninstall) action=uninstall ;;
    -h | --help)
      usage
      exit
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
  shift
done
root=${root%/}
here=$(cd "$(dirname "$0")" && pwd)
case $here in
  # The installed copy knows where it is.
  "$root"/*/share/gantry)
    own=${here%/share/gantry}
    [ -d "$here/files" ] || prefix=${prefix:-${own#"$root"}}
    ;;
esac
prefix=${prefix:-/usr/local}
case $prefix in
  /*) ;;
  *) die "--prefix must be an absolute path" ;;
esac
manifest=$prefix/share/gantry/manifest
"${action}_files"
