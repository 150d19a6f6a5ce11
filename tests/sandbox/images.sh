# shellcheck shell=bash disable=SC2016,SC2154
# Images as podman saves them, and what becomes of what a container changes.

# Its user exists where there is more than one id.
image_of() { echo --image "$work/layout"; [[ $1 == root ]] || echo --user 0; }

configuration() {
  local uid=0 text
  [[ $2 != root ]] || uid=1000
  # shellcheck disable=SC2046
  text=$("$1" "$2" -q $(image_of "$2")) || return
  equal "hello
$uid
/made/here" "$text" || return
  # shellcheck disable=SC2046
  equal 'other
/' "$("$1" "$2" -q $(image_of "$2") -e GREETING=other -w / -- 'echo $GREETING; pwd')" || return
  # shellcheck disable=SC2046
  equal words "$("$1" "$2" -q $(image_of "$2") --entrypoint echo -- words)"
}

image_stays() {
  local again='ls /bin/ls /made/new 2>/dev/null'
  # shellcheck disable=SC2046
  "$1" "$2" -q $(image_of "$2") --user 0 -- \
    'rm -r /bin/ls /etc/passwd; mkdir -p /made/new; echo x >/bin/sh.new; echo y >>/bin/script' || return
  # shellcheck disable=SC2046
  equal /bin/ls "$("$1" "$2" -q $(image_of "$2") --user 0 -- "$again"'; tail -n 0 /dev/null; grep y /bin/script')" ||
    return
  equal '' "$(ls "$work/data-$2/runs")"
}

# Where the kernel refuses an overlay (here: file systems are stacked too high) the image is copied.
copied_image() {
  # shellcheck disable=SC2016
  unshare --mount --propagation private bash -c '
    mount -t tmpfs tmpfs /mnt && mkdir -m 777 /mnt/0 || exit 1
    for i in 1 2; do
      mkdir -m 777 /mnt/$i /mnt/upper$i /mnt/work$i
      mount -t overlay -o "lowerdir=/mnt/$((i - 1)),upperdir=/mnt/upper$i,workdir=/mnt/work$i" overlay /mnt/$i ||
        exit 1
    done
    for i in 1 2; do
      "${@:3}" "$1" run --data /mnt/2/gantry -q --image "$2" --user 0 -- \
        "grep -c upperdir=/proc/self/fd /proc/mounts; touch /new; stat -c %A /bin/script; echo $i >>/bin/script; wc -l </bin/script"
    done' copied "$GANTRY" "$work/layout" "$@" >"$work/copied.out"
  equal $'0\n-rwxr-xr-x\n3\n0\n-rwxr-xr-x\n3' "$(<"$work/copied.out")"
}

progress() {
  local text
  mkdir -p "$work/fresh"
  text=$("$GANTRY" run --data "$work/fresh" --image "$work/layout" --user 0 -- true 2>&1)
  contains "$text" 'unpacked layer 1 of 1' || return
  equal '' "$("$GANTRY" run --data "$work/fresh" --image "$work/layout" --user 0 -- true 2>&1)" || return
  text=$("$GANTRY" image --data "$work/fresh" list)
  contains "$text" "$work/layout" || return
  "$GANTRY" image --data "$work/fresh" remove "${text:0:12}" || return
  equal '' "$(ls -A "$work/fresh/images")"
}

# Two that start at once unpack once.
at_once() {
  local i pids=() status=0
  rm -rf "$work/fresh"
  for i in 1 2 3; do
    "$GANTRY" run --data "$work/fresh" --image "$work/layout" --user 0 -- "echo $i" >"$work/once.$i" 2>"$work/once.err.$i" &
    pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i" || status=$?; done
  equal 0 "$status" && equal $'1\n2\n3' "$(cat "$work"/once.[123])" &&
    equal 1 "$(cat "$work"/once.err.* | grep -c unpacked)"
}

# What podman writes, in its three formats.
saved_by_podman() {
  local format text
  mkdir -p "$work/saved"
  # shellcheck disable=SC2016
  podman_world '
    podman import --quiet --os linux --arch amd64 -c "CMD [\"/bin/sh\",\"-c\",\"echo hello; id -u\"]" \
      "$1/layer.tar" localhost/saved:1 >/dev/null || exit 1
    for format in oci-dir oci-archive docker-archive; do
      podman save --quiet --format $format -o "$1/saved/$format" localhost/saved:1 || exit 1
    done' || return
  gzip -k "$work/saved/docker-archive" || return
  for format in oci-dir oci-archive docker-archive docker-archive.gz; do
    rm -rf "$work/fresh"
    text=$("$GANTRY" run --data "$work/fresh" -q --image "$work/saved/$format") || return
    equal $'hello\n0' "$text" || return
  done
}

make_layout "$work/layout"
chmod -R a+rX "$work/layout"
for who in $(whos); do
  for run in run_as emulate_as; do
    for name in configuration image_stays; do
      sandbox_test "$who-${run%_as}-$name" "$name" "$run" "$who"
    done
  done
done
if [[ $EUID == 0 ]]; then
  sandbox_test root-copied_image copied_image env
  sandbox_test user-copied_image copied_image setpriv --reuid=65534 --regid=65534 --clear-groups
fi
sandbox_test image-progress progress
sandbox_test image-at_once at_once
if [[ $EUID == 0 ]] && command -v podman >/dev/null; then
  sandbox_test image-saved_by_podman saved_by_podman
else
  ! wanted image-saved_by_podman "${PATTERNS[@]}" ||
    echo 'skip image-saved_by_podman needs root and podman'
fi
