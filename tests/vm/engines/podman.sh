# shellcheck shell=bash disable=SC2016,SC2154
# podman as root, over the low-level runtime LOW_LEVEL.

podman_gantry() { podman --runtime-flag "config=$work/$LOW_LEVEL.yaml" "$@" </dev/null; }
podman_native() { CONTAINERS_CONF_OVERRIDE=$work/native-$LOW_LEVEL.conf podman --runtime "$LOW_LEVEL" "$@" </dev/null; }

# run_emulated WORD…, run_native WORD…: options of `podman run`, and the script after them.
run_emulated() {
  podman_gantry run --rm --platform linux/amd64 --network none "${@:1:$#-1}" $EMULATED sh -c "${!#}"
}
run_native() { podman_native run --rm --network none "${@:1:$#-1}" $NATIVE sh -c "${!#}"; }

# same_as_native WORD…: output and exit status, which are not those of a container that never ran. One
# stream, as podman copies two in any order.
same_as_native() {
  local native emulated
  set -- "${@:1:$#-1}" "exec 2>&1; ${!#}"
  native=$(run_native "$@" 2>&1; echo "status $?")
  [[ $native != *'status 12'[567] ]] || { echo "$native"; return 1; }
  emulated=$(run_emulated "$@" 2>&1; echo "status $?")
  equal "$native" "$emulated"
}

machine_and_status() {
  equal "$IS_EMULATED"$'\nstatus 7' "$(run_emulated "$ASK_MACHINE; exit 7"; echo "status $?")"
}

# Found before the container starts, as a native one's would be: it is created and never runs.
missing_program() {
  # A built-in of every shell and no program.
  fails_with 127 'executable file `export` not found in $PATH' \
    podman_gantry run --name "builtin-$LOW_LEVEL" --network none --platform linux/amd64 $EMULATED export || return
  equal created "$(state_of "builtin-$LOW_LEVEL" Status)" &&
    podman_gantry rm "builtin-$LOW_LEVEL" >/dev/null
}

no_program() {
  fails_with 126 'permission denied' podman_gantry run --rm --network none --platform linux/amd64 \
    $EMULATED /etc/passwd
}

RIGHTS='id; umask; pwd; ls /proc/self/fd | wc -l; grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status'
init_process_and_default_rights() {
  same_as_native --init "$RIGHTS; mkdir /m && mount -t tmpfs t /m; ulimit -n
    cat /proc/1/comm; sleep 99 & n=0; until grep -x sleep /proc/\$!/comm || [ \$n = 99 ]; do n=\$((n + 1)); sleep 0.1; done
    kill \$!"
}

# With a seccomp rule of one's own, for what x86-64 programs call mkdir and this machine has as
# mkdirat only.
hardened() {
  cat >"$work/seccomp-$LOW_LEVEL.json" <<'END'
{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}
END
  same_as_native --read-only --user 1000:1000 --cap-drop=all --security-opt no-new-privileges \
    --security-opt "seccomp=$work/seccomp-$LOW_LEVEL.json" \
    "$RIGHTS; touch /x; touch /tmp/x && echo written; mkdir /tmp/y; kill -0 1"
}

user_namespace() {
  local map='100000:65536'
  same_as_native --uidmap 0:$map --gidmap 0:$map \
    'cat /proc/self/uid_map; id; test -O /bin/sh && echo "its image"; touch /y && test -O /y && echo "its file"'
}

# A person's terminal: its size, which podman hands on when the container runs already (busybox's stty
# succeeds without one), its name in the container, what is typed.
terminal() {
  local typescript=$work/typescript-$LOW_LEVEL
  rm -f "$typescript"
  cat >"$work/terminal-$LOW_LEVEL" <<END
stty rows 33 cols 77
podman --runtime-flag config=$work/$LOW_LEVEL.yaml run -it --rm --network none --platform linux/amd64 \
  $EMULATED sh -c 'tty; n=0; until [ "\$(stty size 2>/dev/null)" ] || [ \$n = 100 ]; do n=\$((n + 1)); sleep 0.1; done
  stty size; test -t 0 && test -t 1 && test -t 2 && echo terminal; read x; echo "read \$x"'
END
  (eventually grep -qx $'terminal\r' "$typescript"; echo typed) |
    script -qefc "bash $work/terminal-$LOW_LEVEL" "$typescript" >/dev/null
  contains "$(tr -d '\r' <"$typescript")" $'/dev/pts/0\n33 77\nterminal\n' 'read typed'
}

# One container through its life. Each step is a test; they build on each other. What can be seen
# from this machine is looked at there and not asked of podman, which costs a second.
state_of() { podman_gantry container inspect --format "{{.State.$2}}" "$1"; }
in_life() { podman_gantry exec "life-$LOW_LEVEL" "$@"; }
life_fact() { awk -v n="$1" '{ print $n }' "$work/life-$LOW_LEVEL"; }
logs_hold() { grep -q " $1\$" "$(life_fact 2)"; }
life_cgroup() { echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(life_fact 1)/cgroup")"; }

start_life() {
  podman_gantry run --detach --name "life-$LOW_LEVEL" --platform linux/amd64 --network none \
    --health-cmd 'test -e /healthy' --health-interval disable \
    $EMULATED sh -c 'trap "echo stopping; exit 3" TERM; trap "echo signalled" USR1; echo started
      n=0; while :; do n=$((n + 1)); echo $n >/tmp/count; sleep 0.1; done' >/dev/null || return
  podman_gantry container inspect --format '{{.State.Pid}} {{.HostConfig.LogConfig.Path}}' "life-$LOW_LEVEL" \
    >"$work/life-$LOW_LEVEL" && eventually logs_hold started
}

life_exec() {
  equal "$IS_EMULATED"$'\n/tmp 1000 v\nstatus 9' "$(podman_gantry exec --workdir /tmp --user 1000 --env A=v \
    "life-$LOW_LEVEL" sh -c "$ASK_MACHINE"'; echo $(pwd) $(id -u) $A; exit 9'; echo "status $?")"
}
life_exec_missing() { fails_with 127 'not found in $PATH' in_life nothing; }

life_health() {
  local status=0
  podman_gantry healthcheck run "life-$LOW_LEVEL" >/dev/null 2>&1 || status=$?
  equal 1 $status || return
  touch "/proc/$(life_fact 1)/root/healthy"
  podman_gantry healthcheck run "life-$LOW_LEVEL"
}

life_kill() { podman_gantry kill --signal USR1 "life-$LOW_LEVEL" >/dev/null && eventually logs_hold signalled; }

counts() { cat "/proc/$(life_fact 1)/root/tmp/count"; }
goes_on_after() { [[ $(counts) != "$1" ]]; }
# The kernel takes its time, and crun does not wait for it.
is_frozen() { grep -qx 'frozen 1' "$(life_cgroup)/cgroup.events"; }
life_pause() {
  local before
  podman_gantry pause "life-$LOW_LEVEL" >/dev/null || return
  eventually is_frozen || return
  before=$(counts)
  sleep 0.5
  equal "$before" "$(counts)" || return
  podman_gantry unpause "life-$LOW_LEVEL" >/dev/null && eventually goes_on_after "$before"
}

life_update() {
  podman_gantry update --pids-limit 77 "life-$LOW_LEVEL" >/dev/null &&
    equal 77 "$(<"$(life_cgroup)/pids.max")"
}

# The guest's command line and not the emulator's.
life_top() {
  equal 'sh -c trap' "$(podman_gantry top "life-$LOW_LEVEL" pid,args | awk '$1 == 1 { print $2, $3, $4 }')"
}
life_stats() {
  equal "life-$LOW_LEVEL" "$(podman_gantry stats --no-stream --format '{{.Name}}' "life-$LOW_LEVEL")"
}

# Of ours there is nothing among the container's files, nor in an image made of them. /etc has
# podman's own files.
life_diff() {
  equal $'A /healthy\nA /tmp/count\nC /etc\nC /tmp' "$(podman_gantry diff "life-$LOW_LEVEL" | LC_ALL=C sort)"
}
life_commit() {
  podman_gantry commit --quiet "life-$LOW_LEVEL" "localhost/committed-$LOW_LEVEL" >/dev/null || return
  equal /healthy "$(podman_gantry run --rm --network none --platform linux/amd64 "localhost/committed-$LOW_LEVEL" \
    sh -c 'ls -d /healthy /run/.gantry* 2>/dev/null')"
}

life_stop() {
  podman_gantry stop --time 60 "life-$LOW_LEVEL" >/dev/null || return
  equal 'exited 3' "$(podman_gantry container inspect --format '{{.State.Status}} {{.State.ExitCode}}' "life-$LOW_LEVEL")" &&
    logs_hold stopping
}

has_started() { (($(podman_gantry logs "life-$LOW_LEVEL" 2>/dev/null | grep -c started) == $1)); }
life_restart() { podman_gantry restart "life-$LOW_LEVEL" >/dev/null && eventually has_started 2; }

end_life() { podman_gantry rm --force --time 0 "life-$LOW_LEVEL" >/dev/null; }
