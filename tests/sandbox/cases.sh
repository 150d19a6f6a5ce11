# shellcheck shell=bash disable=SC2016,SC2154  # $ is the container's; who and work are the runner's
# What a container sees and how it ends.

root_of() { echo "$work/root-$1"; }

statuses() {
  local run=$1 who=$2 root
  root=$(root_of "$who")
  "$run" "$who" --rootfs "$root" -- true || return
  local status=0
  "$run" "$who" --rootfs "$root" -- sh -c 'exit 7' || status=$?
  equal 7 "$status" || return
  status=0
  "$run" "$who" --rootfs "$root" -- sh -c 'kill -TERM $$' || status=$?
  equal 143 "$status" || return
  fails_with 127 'executable file `missing` not found in $PATH' \
    "$run" "$who" --rootfs "$root" -- missing &&
    fails_with 127 'not found' "$run" "$who" --rootfs "$root" -- /bin/missing &&
    fails_with 126 '`/bin/text` is not executable' "$run" "$who" --rootfs "$root" -- /bin/text &&
    fails_with 126 'permission denied' "$run" "$who" --rootfs "$root" -- /tmp &&
    fails_with 126 'exec format error' "$run" "$who" --rootfs "$root" -- broken &&
    fails_with 125 'No such file' "$run" "$who" --rootfs "$work/none" -- true &&
    fails_with 125 '--nonsense' "$run" "$who" --nonsense --rootfs "$root" -- true &&
    fails_with 125 'no command' "$run" "$who" --rootfs "$root"
}

scripts() {
  equal 'script /bin/script a b c' "$("$1" "$2" --rootfs "$(root_of "$2")" -- script a 'b c')"
}

words_are_not_read() {
  equal '[ x ] --help -- $HOME' \
    "$("$1" "$2" --rootfs "$(root_of "$2")" -- echo '[ x ]' --help -- '$HOME')"
}

input() {
  local run=$1 who=$2 root sum
  root=$(root_of "$who")
  equal abc "$(echo abc | "$run" "$who" --rootfs "$root" -i -- cat)" || return
  equal '' "$(echo abc | "$run" "$who" --rootfs "$root" -- cat)" || return
  sum=$(seq 1000000 | "$run" "$who" --rootfs "$root" -i -- cat | sha256sum)
  equal "$(seq 1000000 | sha256sum)" "$sum"
}

# A reader that goes away ends a writer, and nothing hangs.
closed_output() {
  local status=0 text
  text=$(timeout 60 bash -c "$(declare -f run_as emulate_as as_root as_user)"'
    "$0" "$1" --rootfs "$2" -- seq 100000000 | head -n 1' "$1" "$2" "$(root_of "$2")") || status=$?
  equal '1 0' "$text $status"
}

output_and_errors() {
  local root text
  root=$(root_of "$2")
  text=$("$1" "$2" --rootfs "$root" -- sh -c 'echo out; echo err >&2' 2>/dev/null)
  equal out "$text" || return
  text=$("$1" "$2" --rootfs "$root" -- sh -c 'echo out; echo err >&2' 2>&1 >/dev/null)
  equal err "$text"
}

# script(1) gives gantry a terminal. Other shells than bash do not take over its functions.
terminal() {
  local run=$1 who=$2 text
  export -f run_as emulate_as as_root as_user
  text=$(SHELL=/bin/bash script -qec "$run $who --rootfs $(root_of "$who") -t -i -- sh -c 'stty rows 11 cols 22; tty; stty size; ls /dev/console; echo \$TERM; exit 5'" /dev/null </dev/null | tr -d '\r\004' | tr -d '^@')
  equal $'/dev/pts/0\n11 22\n/dev/console\nxterm' "$text"
}

environment() {
  local run=$1 who=$2 text
  text=$(HERE=there "$run" "$who" --rootfs "$(root_of "$who")" --hostname box -w /work -e A=b -e 'C=d=e f' \
    -e HERE -e NOT_SET -- sh -c 'env | grep -v -e SHLVL | sort; pwd; hostname; cat /etc/hostname; umask')
  equal 'A=b
C=d=e f
HERE=there
HOME=/root
HOSTNAME=box
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
PWD=/work
/work
box
box
0022' "$text"
}

users() {
  local run=$1 root
  root=$(root_of root)
  equal 'uid=1000(app) gid=1000(app) groups=5(tty),77(extra)' \
    "$("$run" root --rootfs "$root" -u app -- id)" &&
    equal 'uid=1000(app) gid=77(extra)' "$("$run" root --rootfs "$root" -u app:extra -- id)" &&
    equal 'uid=1234 gid=0(root)' "$("$run" root --rootfs "$root" -u 1234 -- id)" &&
    equal 'uid=1234 gid=4321' "$("$run" root --rootfs "$root" -u 1234:4321 -- id)" &&
    equal /home/app "$("$run" root --rootfs "$root" -u app -- sh -c 'echo $HOME')" &&
    fails_with 125 'unable to find user nobody' "$run" root --rootfs "$root" -u nobody -- id &&
    fails_with 125 'unable to find group none' "$run" root --rootfs "$root" -u app:none -- id &&
    fails_with 125 'unable to find user -1' "$run" root --rootfs "$root" --user=-1 -- id
}

single_id() {
  equal 'uid=0(root) gid=0(root)' "$("$1" user --rootfs "$(root_of user)" -- id)" &&
    fails_with 125 'the user 1000 with the group 1000 does not exist here' \
      "$1" user --rootfs "$(root_of user)" -u app -- id
}

# Ranges as useradd writes them, in a mount namespace whose /etc has them.
subordinate_ids() {
  printf '65534:300000:65536\n' >"$work/subids"
  unshare --mount --propagation private bash -c '
    mount --bind "$1/subids" /etc/subuid && mount --bind "$1/subids" /etc/subgid || exit 1
    shift
    exec "$@"' subids "$work" \
    setpriv --reuid=65534 --regid=65534 --clear-groups "$GANTRY" run --data "$work/data-user" \
    --rootfs "$(root_of user)" -u app -- sh -c 'id; touch /tmp/mine; cat /proc/self/uid_map' \
    >"$work/subids.out" || return
  contains "$(<"$work/subids.out")" 'uid=1000(app) gid=1000(app) groups=5(tty),77(extra)' &&
    contains "$(tr -s ' ' <"$work/subids.out")" '1 300000 65536' || return
  local owner
  chmod 1777 "$(root_of user)/tmp"
  owner=$(stat -c %u "$(root_of user)/tmp/mine" 2>/dev/null || echo none)
  # Only what the container's user may write to is the container's.
  [[ $owner == none || $owner == 300999 ]]
}

file_systems() {
  local run=$1 who=$2 root text
  root=$(root_of "$who")
  mkdir -p "$work/shown/sub"
  chmod 777 "$work/shown"
  echo content >"$work/shown/file"
  text=$("$run" "$who" --rootfs "$root" --read-only --tmpfs /tmp --bind "$work/shown:/mnt:ro" \
    --bind "$work/shown:/work" -- sh -c '
      for place in / /mnt /tmp /work /dev /proc /sys /dev/shm; do
        touch $place/probe 2>/dev/null && echo "writes to $place"
      done
      cat /mnt/file')
  equal 'writes to /tmp
writes to /work
writes to /dev
writes to /dev/shm
content' "$text" || return
  [[ -e $work/shown/probe ]] || return
  rm -f "$work/shown/probe"
  fails_with 125 'SRC:DST' "$run" "$who" --rootfs "$root" --bind /etc:relative -- true &&
    fails_with 125 '--bind /none' "$run" "$who" --rootfs "$root" --bind /none:/mnt -- true &&
    fails_with 125 'proc filesystem' \
      "$run" "$who" --rootfs "$root" --bind /etc:/proc/fs -- true
}

network() {
  local run=$1 who=$2 root
  root=$(root_of "$who")
  equal '1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000' \
    "$("$run" "$who" --rootfs "$root" -- ip -o link | head -n 1 | sed 's/\\.*//; s/ *$//')" || return
  equal "$(readlink /proc/self/ns/net)" \
    "$(run_as "$who" --rootfs "$root" --network host -- readlink /proc/self/ns/net)" || return
  fails_with 125 'bridge' "$run" "$who" --rootfs "$root" --network bridge -- true
}

# wait_for COMMAND…: half a minute at most.
wait_for() {
  local i
  for ((i = 0; i < 300; i++)); do
    ! "$@" 2>/dev/null || return 0
    sleep 0.1
  done
  echo "waited in vain for: $*"
  return 1
}

# start_gantry WHO ARGUMENT…: in the background, its own process in $gantry.
start_gantry() {
  local who=$1 start=()
  shift
  [[ $who == root || $EUID != 0 ]] || start=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  "${start[@]}" "$GANTRY" --config "$config" run --data "$work/data-$who" --rootfs "$(root_of "$who")" "$@" &
  gantry=$!
}

signals() {
  local who=$2 status=0 gantry config=$work/native.yaml
  [[ $1 == run_as ]] || config=$work/emulate.yaml
  : >"$work/ready"
  start_gantry "$who" -- sh -c 'trap "echo got it; exit 9" TERM; echo ready; while :; do sleep 0.1; done' \
    >"$work/ready"
  wait_for grep -q ready "$work/ready" || return
  kill -TERM "$gantry"
  wait "$gantry" || status=$?
  equal 9 "$status" && contains "$(<"$work/ready")" 'got it'
}

# A caller that is killed takes its container along; what it left is removed by the next.
killed_caller() {
  local who=$2 gantry config=$work/native.yaml mark=$RANDOM$RANDOM
  [[ $1 == run_as ]] || config=$work/emulate.yaml
  : >"$work/ready"
  start_gantry "$who" -- sh -c "echo ready; exec sleep 1$mark" >"$work/ready"
  wait_for grep -q ready "$work/ready" || return
  kill -KILL "$gantry"
  wait "$gantry" 2>/dev/null
  wait_for no_process "sleep.1$mark" || return
  "$1" "$who" --rootfs "$(root_of "$who")" -- true || return
  equal '' "$(ls "$work/data-$who/runs")"
}
no_process() { ! cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' | grep -qa "$1"; }

reaping() {
  local text
  text=$("$1" "$2" --rootfs "$(root_of "$2")" -- sh -c '
    for i in 1 2 3 4 5; do (sleep 0.1 & ) ; done
    sleep 1
    grep -l "^State:.Z" /proc/[0-9]*/status
    cat /proc/1/comm')
  equal gantry-init "$text"
}

# What is left behind keeps nobody waiting.
background() {
  local began=$SECONDS
  "$1" "$2" --rootfs "$(root_of "$2")" -- sh -c 'sleep 300 & echo done' >/dev/null || return
  ((SECONDS - began < 100))
}

# The container's root can neither look into PID 1 nor stop it.
closed_init() {
  local text
  text=$("$1" "$2" --rootfs "$(root_of "$2")" -- sh -c '
    cat /proc/1/environ; readlink /proc/1/fd/3; readlink /proc/1/exe; head -c 1 /proc/1/maps
    cat /proc/1/mem; kill -KILL 1
    tr "\0" " " </proc/1/cmdline' 2>/dev/null)
  equal gantry-init "$(echo "$text" | tr -d ' \0')"
}

nothing_leaks() {
  local text
  text=$("$1" "$2" --rootfs "$(root_of "$2")" -- sh -c 'ls /proc/self/fd | wc -l; cat /proc/mounts; env' |
    grep -v /dev/.gantry)
  # 0, 1, 2 and that of ls.
  equal 4 "$(head -n 1 <<<"$text")" || return
  [[ $text != *"$work"* ]] || { echo "$text"; return 1; }
}

security() {
  local run=$1 who=$2 root status='grep -E "^(Cap...|NoNewPrivs|Seccomp):" /proc/self/status'
  root=$(root_of "$who")
  equal 'CapInh:	0000000000000000
CapPrm:	00000000800405fb
CapEff:	00000000800405fb
CapBnd:	00000000800405fb
CapAmb:	0000000000000000
NoNewPrivs:	0
Seccomp:	2' "$("$run" "$who" --rootfs "$root" -- sh -c "$status")" || return
  equal 'CapInh:	0000000000000000
CapPrm:	0000000000002000
CapEff:	0000000000002000
CapBnd:	0000000000002000
CapAmb:	0000000000000000
NoNewPrivs:	1
Seccomp:	2' "$("$run" "$who" --rootfs "$root" --cap-drop all --cap-add net_raw \
    --security-opt no-new-privileges -- sh -c "$status")" || return
  contains "$("$run" "$who" --rootfs "$root" --security-opt seccomp=unconfined -- sh -c "$status")" \
    'Seccomp:	0' &&
    fails_with 125 'apparmor=x is not supported' \
      "$run" "$who" --rootfs "$root" --security-opt apparmor=x -- true &&
    fails_with 125 'CAP_NONSENSE' "$run" "$who" --rootfs "$root" --cap-add nonsense -- true
}

masked() {
  local text
  text=$("$1" "$2" --rootfs "$(root_of "$2")" -- sh -c '
    wc -c </proc/timer_list; ls /sys/firmware | wc -l
    echo 1 >/proc/sys/kernel/domainname; echo h >/proc/sysrq-trigger; mount -t tmpfs x /mnt' 2>/dev/null)
  equal $'0\n0' "$(tr -d ' ' <<<"$text")"
}

for who in $(whos); do
  for run in run_as emulate_as; do
    kind=$who-${run%_as}
    for name in statuses scripts words_are_not_read input closed_output output_and_errors terminal \
      environment file_systems network signals killed_caller reaping background closed_init \
      nothing_leaks security masked; do
      sandbox_test "$kind-$name" "$name" "$run" "$who"
    done
  done
done
for run in run_as emulate_as; do
  sandbox_test "user-${run%_as}-single_id" single_id "$run"
  [[ $EUID != 0 ]] || sandbox_test "root-${run%_as}-users" users "$run"
done
if [[ $EUID == 0 ]] && command -v newuidmap >/dev/null; then
  sandbox_test user-subordinate_ids subordinate_ids
else
  ! wanted user-subordinate_ids "${PATTERNS[@]}" ||
    echo 'skip user-subordinate_ids needs root, newuidmap and newgidmap'
fi
