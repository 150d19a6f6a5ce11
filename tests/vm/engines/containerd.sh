# shellcheck shell=bash disable=SC2016,SC2154
# containerd without its CRI, by ctr: a container through its life, over the low-level runtime LOW_LEVEL.

start_containerd() {
  mkdir -p "$work/containerd"
  cat >"$work/containerd/config.toml" <<END
version = 2
root = "$work/containerd/root"
state = "/run/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
END
  containerd --config "$work/containerd/config.toml" >"$work/containerd/log" 2>&1 </dev/null &
  echo $! >"$work/containerd/pid"
  eventually ctr version || return
  ctr images import --platform linux/amd64 --base-name localhost/small-amd64 "$work/small.tar" >/dev/null
}

# --runc-binary names a program and no options of it.
runc_binary() {
  local binary=$work/gantry-$LOW_LEVEL
  printf '#!/bin/sh\nexec /usr/bin/gantry-runtime --config %s "$@"\n' "$work/$LOW_LEVEL.yaml" >"$binary"
  chmod +x "$binary"
  echo "$binary"
}

task_status() { ctr tasks list | awk -v name="$1" '$1 == name { print $3 }'; }
has_status() { [[ $(task_status "$1") == "$2" ]]; }

ctr_life() {
  local name=ctr-$LOW_LEVEL image status=0 options
  image=$(ctr images list --quiet | head -n 1)
  options=(--platform linux/amd64 --runc-binary "$(runc_binary)")
  # Its share of the processor, which ctr sets for every container.
  [[ $(available_controllers cpu) ]] || options+=(--cpu-shares 0)
  equal "$IS_EMULATED" "$(ctr run --rm "${options[@]}" "$image" "$name-1" sh -c "$ASK_MACHINE" </dev/null)" || return
  ctr run --detach "${options[@]}" "$image" "$name" \
    sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done' </dev/null || return
  equal x86_64 "$(ctr tasks exec --exec-id one "$name" uname -m </dev/null)" || return
  ctr tasks exec --exec-id two "$name" sh -c 'exit 9' </dev/null || status=$?
  equal 9 $status || return
  ! ctr tasks exec --exec-id three "$name" nothing </dev/null >"$work/$name.missing" 2>&1 || return
  contains "$(<"$work/$name.missing")" 'not found in $PATH' || return
  ctr tasks pause "$name" && equal PAUSED "$(task_status "$name")" || return
  ctr tasks resume "$name" && equal RUNNING "$(task_status "$name")" || return
  ctr tasks kill --signal TERM "$name" && eventually has_status "$name" STOPPED || return
  contains "$(ctr tasks delete "$name" 2>&1)" 'exit code 3' || return
  ctr containers delete "$name"
}
end_containerd() { kill "$(<"$work/containerd/pid")"; }
