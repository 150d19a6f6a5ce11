# shellcheck shell=bash disable=SC2016,SC2154
# gantry run: no engine, a directory or an image as a file.

standalone_directory() {
  local tree=$work/tree-amd64
  equal "$IS_EMULATED"$'\n0' "$(gantry run --rootfs "$tree" -- sh -c "$ASK_MACHINE; id -u" </dev/null)" || return
  fails_with 127 'not found in $PATH' gantry run --rootfs "$tree" -- nothing
}

standalone_image() { run_image root; }
standalone_rootless_image() { run_image person as_person; }

# run_image WHO [COMMAND…]: an archive and a directory; COMMAND runs gantry.
run_image() {
  local archive=$work/small.tar layout=$work/layout-$1
  shift
  equal "$IS_EMULATED"$'\n0' "$("$@" gantry run --quiet --image "$archive" -- sh -c "$ASK_MACHINE; id -u" </dev/null)" || return
  mkdir -p "$layout" && tar -C "$layout" -xf "$archive" && chmod -R a+rX "$layout" || return
  equal $'x86_64\n7' "$("$@" gantry run --quiet --image "$layout" -- sh -c 'uname -m; exit 7' </dev/null; echo $?)"
}
standalone_rootless_directory() {
  as_person cp -a "$work/tree-amd64" /home/person/tree &&
    equal $'x86_64\n0' "$(as_person gantry run --rootfs /home/person/tree -- sh -c 'uname -m; id -u')"
}
