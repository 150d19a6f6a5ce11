# shellcheck shell=bash disable=SC2016,SC2154
# A new version of the emulator is installed while a container runs.

upgraded() { CONTAINERS_CONF_OVERRIDE=$work/upgrade.conf podman "$@" </dev/null; }
# The file that a process executes, also when it has no name any more.
program_of() { sha256sum <"/proc/$1/exe"; }
pid_of() { upgraded container inspect --format '{{.State.Pid}}' "$1"; }
# Before, its process may still execute the low-level runtime.
has_spoken() { [[ $(upgraded logs "$1") == started ]]; }
start_idle() {
  upgraded run --detach --name "$1" --platform linux/amd64 --network none $EMULATED \
    sh -c 'echo started; while :; do sleep 0.1; done' >/dev/null && eventually has_spoken "$1"
}
# Of a process that `exec` starts in the container: what it executes.
program_of_exec() {
  upgraded exec "$1" sleep 77 &
  local exec=$! pid
  until pid=$(pgrep -f 'sleep 77' | tail -n 1) && [[ $(cat "/proc/$pid/comm") == sleep ]]; do sleep 0.1; done
  program_of "$pid"
  kill "$pid"
  wait $exec
}

live_upgrade() {
  local versions=/opt/gantry/libexec/gantry old new
  mkdir -p /opt/gantry/bin $versions/1.0
  cp /usr/bin/gantry-runtime /opt/gantry/bin/
  printf '[engine.runtimes]\ngantry-runtime = ["/opt/gantry/bin/gantry-runtime"]\n' >"$work/upgrade.conf"
  cp /usr/bin/gantry-x64 $versions/1.0/
  old=$(sha256sum <$versions/1.0/gantry-x64)
  start_idle before || return
  equal "$old" "$(program_of "$(pid_of before)")" || return

  # As a package does: the new version's folder comes, the old one's goes.
  mkdir $versions/1.1
  (cat /usr/bin/gantry-x64; echo 'another version') >$versions/1.1/gantry-x64
  chmod 755 $versions/1.1/gantry-x64
  rm -r $versions/1.0
  new=$(sha256sum <$versions/1.1/gantry-x64)
  [[ $old != "$new" ]] || return

  start_idle after || return
  equal "$new" "$(program_of "$(pid_of after)")" || return
  equal "$old" "$(program_of "$(pid_of before)")" || return
  equal x86_64 "$(upgraded exec before uname -m)" || return
  equal "$old" "$(program_of_exec before)" || return
  upgraded rm --force --time 0 before after >/dev/null
}
