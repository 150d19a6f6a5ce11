# shellcheck shell=bash disable=SC2016,SC2154
# Resource limits, which are kept or refused, never left out.

ulimits() {
  equal $'100\n200' "$("$1" "$2" --rootfs "$(root_of "$2")" --ulimit nofile=100:200 -- \
    sh -c 'ulimit -Sn; ulimit -Hn')" &&
    fails_with 125 'NAME=SOFT' "$1" "$2" --rootfs "$(root_of "$2")" --ulimit nofile -- true &&
    fails_with 125 'RLIMIT_NONSENSE' \
      "$1" "$2" --rootfs "$(root_of "$2")" --ulimit nonsense=1 -- true
}

# Whether this machine gives root these controllers by version 2.
has_controllers() {
  [[ $EUID == 0 && -e /sys/fs/cgroup/cgroup.controllers ]] &&
    [[ " $(</sys/fs/cgroup/cgroup.controllers) " == *' memory '* ]] &&
    grep -qw pids /sys/fs/cgroup/cgroup.controllers
}

cgroup_limits() {
  local text status=0
  text=$("$1" root --rootfs "$(root_of root)" --memory 64m --pids 20 -- \
    sh -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max
      for i in $(seq 50); do sleep 1 & done 2>&1 | grep -c "fork"') || return
  contains "$text" $'67108864\n20' || return
  # More than the limit ends the program, as podman has it.
  "$1" root --rootfs "$(root_of root)" --memory 32m -- \
    sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1' 2>/dev/null || status=$?
  equal 137 "$status" || return
  equal '' "$(ls -d /sys/fs/cgroup/gantry-* 2>/dev/null)"
}

# With version 1, as on the machine where this runs, or without delegation.
refused_limits() {
  fails_with 125 "$3" "$1" "$2" --rootfs "$(root_of "$2")" --memory 64m -- true &&
    fails_with 125 "$3" "$1" "$2" --rootfs "$(root_of "$2")" --pids 10 -- true
}

sizes() {
  local text
  for text in 0 x 12q -1 99999999999g 5mm; do
    fails_with 125 'is not a size' run_as user --rootfs "$(root_of user)" "--memory=$text" -- true || return
  done
}

for who in $(whos); do
  sandbox_test "$who-ulimits" ulimits run_as "$who"
  has_controllers || sandbox_test "$who-refused_limits" refused_limits run_as "$who" 'cgroup'
done
sandbox_test user-sizes sizes
if has_controllers; then
  for run in run_as emulate_as; do
    sandbox_test "root-${run%_as}-cgroup_limits" cgroup_limits "$run"
  done
else
  ! wanted root-cgroup_limits "${PATTERNS[@]}" ||
    echo 'skip root-cgroup_limits this machine has no memory and pids controllers of cgroup version 2'
fi
