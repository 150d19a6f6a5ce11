#!/bin/bash
# The demo's commands, run by scripts/demo.sh where podman is set up. Each is shown as a person types
# it, with what it printed; the first that fails ends the demo.
set -u
image=localhost/gantry-demo
on_amd64="podman run --rm --platform linux/amd64 $image"

note() {
  echo
  printf '# %s\n' "$@"
}

# show COMMAND: prints it, runs it, says how long it took.
show() {
  local start=$EPOCHREALTIME status=0
  printf '\n$ %s\n' "$1"
  eval "$1" || status=$?
  if ((status)); then
    printf '(exit status %d)\n' "$status"
    exit "$status"
  fi
  printf '(%s s)\n' "$(elapsed_since "$start")"
}

elapsed_since() {
  local us=$(((${EPOCHREALTIME/./} - ${1/./}) / 10000))
  printf '%d.%02d' $((us / 100)) $((us % 100))
}

if [[ ${GANTRY_DEMO_IN_VM:-} ]]; then
  note "SIMULATED: the processor, by qemu-system-aarch64. The rest is what an ARM64 machine has:" \
    "$(uname -s -r -m)," \
    "$(podman --version), $(crun --version | head -n 1), and gantry-runtime, which podman finds" \
    "by the image's platform through /etc/containers/containers.conf.d/gantry.conf."
elif [[ $(uname -m) == aarch64 ]]; then
  note "This machine is ARM64: nothing is simulated."
else
  note "SIMULATED: this machine is $(uname -m), not ARM64. gantry-x64 is the ARM64 program that an" \
    "ARM64 machine would run; qemu-aarch64 executes it here, behind binfmt_misc. The image's own" \
    "amd64 programs are executed by gantry-x64 and never by this machine's processor." \
    "For a real ARM64 kernel with podman 5 run ./dev vm."
fi
[[ ! ${CONTAINERS_CONF:-} ]] || note "podman reads CONTAINERS_CONF=$CONTAINERS_CONF," \
  "which makes gantry-runtime the runtime of amd64 images."

show "podman image inspect --format '{{.Os}}/{{.Architecture}}' $image"
show "$on_amd64 uname -m"
show "$on_amd64 cat /etc/os-release"
show "$on_amd64 python3 -c 'import platform, hashlib, json, threading
squares = []
threads = [threading.Thread(target=lambda n=n: squares.append(n * n)) for n in range(5)]
[t.start() for t in threads]; [t.join() for t in threads]
print(json.dumps({\"machine\": platform.machine(), \"python\": platform.python_version(),
                  \"squares\": sorted(squares), \"sha256\": hashlib.sha256(b\"gantry\").hexdigest()[:16]}))'"
show "$on_amd64 perl -e 'my %count; \$count{\$_}++ for split //, \"an amd64 image on arm64\";
print join(\" \", map { \"\$_=\$count{\$_}\" } grep { /[a-z]/ } sort keys %count), \"\\n\"'"

note "A container that keeps running, and a look into it:"
show "podman run --detach --name gantry-demo --platform linux/amd64 $image bash -c \\
  'trap \"echo stopped by SIGTERM; exit 0\" TERM; echo started >/tmp/state; while :; do sleep 0.2; done'"
until podman exec gantry-demo test -e /tmp/state 2>/dev/null; do
  [[ $(podman container inspect --format '{{.State.Running}}' gantry-demo) == true ]] || break
  sleep 0.3
done
show "podman exec gantry-demo bash -c 'echo \"on \$(uname -m), state: \$(cat /tmp/state)\"'"
note "What the host runs as that container's first process:"
show "readlink /proc/\$(podman container inspect --format '{{.State.Pid}}' gantry-demo)/exe"
show "podman stop --time 20 gantry-demo"
show "podman logs gantry-demo"
show "podman rm gantry-demo"
