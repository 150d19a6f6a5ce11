# shellcheck shell=bash disable=SC2016,SC2154
# Docker: its daemon as `gantry install` tells it, containers and builds. Over crun by the handler that
# is installed, over runc by one that the administrator had added before.

# Where `gantry install` puts the programs: /usr/libexec/gantry cannot be written to in the machine.
INSTALLED=/opt/installed

docker_runtime() { if [[ $LOW_LEVEL == crun ]]; then echo gantry; else echo "gantry-$LOW_LEVEL"; fi; }
# run_in_docker WORD…, native_in_docker WORD…: options of `docker run`, and the script after them.
run_in_docker() {
  docker run --rm --network none --runtime "$(docker_runtime)" --platform linux/amd64 "${@:1:$#-1}" \
    $EMULATED sh -c "$(unhurried "${!#}")"
}
native_in_docker() {
  docker run --rm --network none --runtime "$LOW_LEVEL" "${@:1:$#-1}" "$NATIVE" sh -c "$(unhurried "${!#}")"
}
# Docker 26 may lose what a container writes that ends at once, also a native one over runc.
unhurried() { echo "($1); status=\$?; sleep 1; exit \$status"; }

# dockerd_starts [ASSIGNMENT…]: with these in its environment. /var/run is a link to /run elsewhere.
dockerd_starts() {
  env "$@" dockerd --pidfile /run/docker.pid --iptables=false --ip6tables=false --bridge=none \
    >>"$work/docker/log" 2>&1 </dev/null &
  echo $! >"$work/docker/pid"
  eventually docker version
}
dockerd_ends() {
  kill "$(<"$work/docker/pid")"
  eventually dockerd_is_gone
}
dockerd_is_gone() { [[ ! -e /run/docker.pid ]]; }

# What systemd would give to the daemon.
environment_of_unit() { sed -n 's/^Environment=//p' /etc/systemd/system/docker.service.d/gantry.conf; }

docker_install() {
  mkdir -p "$work/docker" /etc/docker
  printf '#!/bin/sh\nexec /usr/bin/gantry-runtime --config %s "$@"\n' "$work/runc.yaml" \
    >"$work/docker/gantry-runc"
  chmod +x "$work/docker/gantry-runc"
  printf '{"runtimes": {"crun": {"path": "/usr/bin/crun"}, "gantry-runc": {"path": "%s"}}}\n' \
    "$work/docker/gantry-runc" >/etc/docker/daemon.json
  cp /etc/docker/daemon.json "$work/docker/before.json"
  gantry install --engine docker --prefix "$INSTALLED" || return
  dockerd_starts || { tail -n 20 "$work/docker/log"; return 1; }
  # It adds to no archive.
  rm -f "$work/docker/amd64.tar"
  podman save --quiet --format docker-archive --output "$work/docker/amd64.tar" $EMULATED >/dev/null &&
    contains "$(docker load --quiet --input "$work/docker/amd64.tar")" "$EMULATED"
}
docker_machine() {
  equal $'x86_64\nstatus 7' "$(run_in_docker 'uname -m; exit 7'; echo "status $?")"
}

docker_load_native() {
  [[ $NATIVE != "$EMULATED" ]] || return 0
  podman save --quiet --format docker-archive --output "$work/docker/native.tar" "$NATIVE" >/dev/null &&
    docker load --quiet --input "$work/docker/native.tar"
}
# With Docker's own rules of seccomp, which filter by architecture. That lets x86-64 programs make no
# device, and unshare no namespace.
docker_same_as_native() {
  local script="exec 2>&1; $RIGHTS; touch /x; touch /tmp/x && echo written; cat /proc/1/comm
    unshare -U true; mount -t tmpfs t /tmp; ulimit -n"
  local options=(--init --read-only --tmpfs /tmp --user 1000:1000)
  equal "$(native_in_docker "${options[@]}" "$script")" "$(run_in_docker "${options[@]}" "$script")"
}
# Docker's command reads the status out of the low-level runtime's words, of which it does not know all.
# With hooks, as Docker 26 has them, a program may appear until the container starts: so it is the
# low-level runtime that misses it.
docker_missing() {
  local native=0 emulated=0
  docker run --rm --network none --runtime "$LOW_LEVEL" "$NATIVE" nothing || native=$?
  docker run --rm --network none --runtime "$(docker_runtime)" --platform linux/amd64 "$EMULATED" nothing ||
    emulated=$?
  ((native > 0)) && equal $native $emulated || return
  fails_with 126 'permission denied' docker run --rm --network none --runtime "$(docker_runtime)" \
    --platform linux/amd64 "$EMULATED" /etc/passwd
}

# One container through its life. Each step is a test.
docker_fact() { docker container inspect --format "{{.State.$1}}" docker-life; }
docker_logs_hold() { docker logs docker-life 2>&1 | grep -qx "$1"; }
docker_life() {
  docker run --detach --name docker-life --network none --runtime "$(docker_runtime)" \
    --platform linux/amd64 $EMULATED sh -c 'trap "echo stopping; exit 3" TERM
      trap "echo signalled" USR1; echo started; while :; do sleep 0.1; done' >/dev/null &&
    eventually docker_logs_hold started
}
docker_exec() {
  equal $'x86_64\n/tmp 1000 v\nstatus 9' "$(docker exec --workdir /tmp --user 1000 --env A=v docker-life \
    sh -c 'uname -m; echo $(pwd) $(id -u) $A; exit 9'; echo "status $?")"
}
# Docker 26 has 126 for any error of an exec.
docker_exec_missing() {
  local status=0 text
  text=$(docker exec docker-life nothing 2>&1) || status=$?
  contains "$text" 'not found in $PATH' && equal 126 $status
}
# In a container of its own, so that no other test ends a container while a check of it starts.
docker_has_health() {
  [[ $(docker container inspect --format '{{.State.Health.Status}}' docker-health) == "$1" ]]
}
docker_health() {
  docker run --detach --name docker-health --network none --runtime "$(docker_runtime)" \
    --platform linux/amd64 --health-cmd 'test -e /healthy' --health-interval 1s --health-retries 1 \
    $EMULATED sleep 600 >/dev/null || return
  eventually docker_has_health unhealthy && docker exec docker-health touch /healthy &&
    eventually docker_has_health healthy && docker rm --force docker-health >/dev/null
}
docker_kill() { docker kill --signal USR1 docker-life >/dev/null && eventually docker_logs_hold signalled; }
docker_pause() {
  docker pause docker-life >/dev/null && equal paused "$(docker_fact Status)" &&
    docker unpause docker-life >/dev/null && equal running "$(docker_fact Status)"
}
docker_top() {
  equal 'sh -c trap' "$(docker top docker-life -o pid,args | awk -v pid="$(docker_fact Pid)" '$1 == pid { print $2, $3, $4 }')"
}
docker_diff() { docker exec docker-life touch /written && equal 'A /written' "$(docker diff docker-life)"; }
docker_commit() {
  docker commit docker-life localhost/docker-committed >/dev/null || return
  equal /written "$(docker run --rm --network none --runtime "$(docker_runtime)" --platform linux/amd64 \
    localhost/docker-committed sh -c "$(unhurried 'ls -d /written /run/.gantry* 2>/dev/null')")"
}
docker_has_exited_with() { [[ "$(docker_fact Status) $(docker_fact ExitCode)" == "exited $1" ]]; }
docker_stop() {
  docker stop --time 60 docker-life >/dev/null && eventually docker_has_exited_with 3 &&
    docker_logs_hold stopping && return
  docker container inspect --format '{{json .State}}' docker-life
  tail -n 20 "$work/docker/log"
  return 1
}
docker_started_twice() { (($(docker logs docker-life | grep -cx started) == 2)); }
docker_restart() { docker start docker-life >/dev/null && eventually docker_started_twice; }
docker_end_life() { docker rm --force docker-life >/dev/null; }

# Both builders of the daemon.
docker_context() {
  mkdir -p "$work/docker/context"
  cat >"$work/docker/context/Dockerfile" <<END
FROM $EMULATED
RUN uname -m >/built-on
USER user
RUN id -u >/tmp/built-by
CMD cat /built-on /tmp/built-by; sleep 1
END
}
# docker_builds TAG DOCKER_BUILDKIT: an image that runs, and holds nothing of ours.
docker_builds() {
  docker_context
  DOCKER_BUILDKIT=$2 docker build --platform linux/amd64 --network none --tag "$1" "$work/docker/context" || return
  equal $'x86_64\n1000' "$(docker run --rm --network none --platform linux/amd64 "$1")" || return
  docker save --output "$work/docker/$1.tar" "$1" && lacks_ours "$work/docker/$1.tar"
}
lacks_ours() {
  local dir=$1.d layer
  mkdir "$dir" && tar -C "$dir" -xf "$1" || return
  for layer in $(sed 's/.*"Layers":\[\([^]]*\)\].*/\1/; s/[",]/ /g' "$dir/manifest.json"); do
    tar -tf "$dir/$layer" || return
  done >"$dir/names"
  contains "$(<"$dir/names")" built-on && ! grep gantry "$dir/names"
}

# The old builder's steps go through the default runtime. The daemon takes that up while a container
# runs, which goes on.
docker_default() { docker info --format '{{.DefaultRuntime}}'; }
docker_default_is_ours() { [[ $(docker_default) == gantry ]]; }
docker_reload() {
  docker_life && equal runc "$(docker_default)" || return
  contains "$(gantry install --engine docker --prefix "$INSTALLED" --set-as-default --reload)" \
    'SIGHUP to process' 'systemctl restart docker' || return
  eventually docker_default_is_ours && equal x86_64 "$(docker exec docker-life uname -m)" && docker_end_life
}
docker_classic() { docker_builds by-classic 0; }
# BuildKit's go through the one that the daemon's environment named when it started.
docker_buildkit() {
  dockerd_ends && dockerd_starts "$(environment_of_unit)" && docker_builds by-buildkit 1
}

docker_uninstall() {
  dockerd_ends && gantry uninstall --engine docker || return
  diff "$work/docker/before.json" /etc/docker/daemon.json && [[ ! -e /etc/systemd/system/docker.service.d ]]
}
