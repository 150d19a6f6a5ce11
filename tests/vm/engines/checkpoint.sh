# shellcheck shell=bash disable=SC2016,SC2154
# Checkpoints by CRIU, through podman.

start_counter() {
  podman_gantry run --detach --name "$1" --platform linux/amd64 --network none $EMULATED \
    sh -c 'n=0; while :; do n=$((n + 1)); echo $n; echo $n >/tmp/count; sleep 0.1; done' >/dev/null &&
    eventually podman_gantry exec "$1" test -s /tmp/count
}
count_of() { cat "/proc/$(state_of "$1" Pid)/root/tmp/count"; }
counted_past() { (($(count_of "$1") > $2)); }

checkpoint_restore() {
  local name=checkpoint-$LOW_LEVEL before after
  start_counter "$name" || return
  eventually counted_past "$name" 5 || return
  podman_gantry container checkpoint "$name" >/dev/null || return
  equal exited "$(state_of "$name" Status)" || return
  before=$(podman_gantry logs "$name" | tail -n 1)
  podman_gantry container restore "$name" >/dev/null || return
  eventually counted_past "$name" $((before + 3)) || return
  # It went on and did not begin again.
  after=$(podman_gantry logs "$name")
  equal 1 "$(grep -cx 1 <<<"$after")" || return
  equal x86_64 "$(podman_gantry exec "$name" uname -m)" || return
  podman_gantry rm --force --time 0 "$name" >/dev/null
}

# Without CRIU the message says so, and the container goes on.
checkpoint_without_criu() {
  local name=uncheckpoint-$LOW_LEVEL before
  start_counter "$name" || return
  before=$(count_of "$name")
  unshare --mount bash -c 'mount --bind /dev/null /usr/sbin/criu; "$@"' hide \
    podman --runtime-flag "config=$work/$LOW_LEVEL.yaml" container checkpoint "$name" \
    >"$work/$name" 2>&1 && return 1
  contains "$(<"$work/$name")" criu || return
  eventually counted_past "$name" "$before" || return
  podman_gantry rm --force --time 0 "$name" >/dev/null
}
