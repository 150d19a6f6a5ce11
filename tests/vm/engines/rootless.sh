# shellcheck shell=bash disable=SC2016,SC2154
# A user without rights: podman, and gantry run.

# as_person COMMAND…: in a cgroup that is theirs, as a service manager would have started them.
as_person() {
  (
    cd /home/person || exit
    echo "$BASHPID" >/sys/fs/cgroup/person/cgroup.procs
    exec setpriv --reuid=1000 --regid=1000 --init-groups --reset-env \
      env XDG_RUNTIME_DIR=/run/user/1000 LANG=C.UTF-8 PATH="$PATH" "$@" </dev/null
  )
}

person_arrives() {
  local controller
  mkdir -p /sys/fs/cgroup/person /run/user/1000
  for controller in $(available_controllers memory pids); do
    echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
  done
  chown 1000:1000 /sys/fs/cgroup/person{,/cgroup.procs,/cgroup.subtree_control} /run/user/1000
}

# For pasta: a device to make interfaces with, and one that looks like a way out.
way_out() {
  [[ -c /dev/net/tun ]] || modprobe tun && chmod 666 /dev/net/tun || return
  ip link add outside type veth peer name beyond && ip link set beyond up && ip link set outside up &&
    ip address add 192.0.2.2/24 dev outside && ip route add default via 192.0.2.1
}

person_run() { as_person podman run --rm --platform linux/amd64 --network none "$@"; }

rootless_import() { as_person podman import --quiet --arch amd64 "$work/amd64.tar" $EMULATED; }
rootless_run() {
  equal "$IS_EMULATED
uid=0(root) gid=0(root)
         0       1000          1
         1     100000      65536" "$(person_run $EMULATED sh -c "$ASK_MACHINE"'; id; cat /proc/self/uid_map')"
}
rootless_keep_id() {
  equal 'uid=1000(user) gid=1000(user)' "$(person_run --userns keep-id $EMULATED id | sed 's/ groups.*//')"
}
rootless_runc() {
  equal 'x86_64 5' "$(as_person podman --runtime-flag "config=$work/runc.yaml" run --rm --platform linux/amd64 \
    --network none $EMULATED sh -c 'uname -m; exit 5' | tr '\n' ' '; echo "${PIPESTATUS[0]}")"
}
rootless_network() {
  way_out || return
  contains "$(as_person podman run --rm --platform linux/amd64 $EMULATED cat /proc/net/dev)" outside:
}
rootless_life() {
  as_person podman run --detach --name person --platform linux/amd64 --network none $EMULATED \
    sh -c 'trap "echo stopping; exit 3" TERM; echo started; while :; do sleep 0.1; done' >/dev/null || return
  equal 'x86_64' "$(as_person podman exec person uname -m)" || return
  fails_with 127 'not found in $PATH' as_person podman exec person nothing || return
  as_person podman stop --time 60 person >/dev/null || return
  equal $'started\nstopping' "$(as_person podman logs person)" || return
  equal 3 "$(as_person podman container inspect --format '{{.State.ExitCode}}' person)" || return
  as_person podman rm person >/dev/null
}
