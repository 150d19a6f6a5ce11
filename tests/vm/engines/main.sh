#!/bin/bash
# Runs in the ARM64 machine, or in that of tests/engines, from the folder that holds the fixtures
# (fixtures.sh): container engines with gantry-runtime over both low-level runtimes. What an engine
# does with a native container is what it has to do with an emulated one. Usage: main.sh
# tests|all|docker|times [skip]; with `skip` tests that the machine lacks something for are skipped. The line
# protocol is that of scripts/test.sh.
# shellcheck disable=SC2034  # what the parts use
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${here%/*}
. "$root/check.sh"
work=/tmp/engines
mkdir -p "$work"

# engine_test NAME COMMAND…: lines of tests that run at the same time stay whole.
engine_test() {
  local lines
  lines=$(check "engines-$1" -- "${@:2}")
  printf '%s\n' "$lines"
}

# equal WANTED FOUND
equal() {
  [[ $1 == "$2" ]] || {
    printf 'wanted:\n%s\nfound:\n%s\n' "$1" "$2"
    return 1
  }
}

# contains TEXT PART…
contains() {
  local text=$1 part
  shift
  for part; do
    [[ $text == *"$part"* ]] || {
      printf 'no "%s" in:\n%s\n' "$part" "$text"
      return 1
    }
  done
}

# fails_with STATUS PART COMMAND…: exit status, and standard error holds PART.
fails_with() {
  local status=$1 part=$2 found=0 text
  shift 2
  text=$("$@" 2>&1 >/dev/null) || found=$?
  contains "$text" "$part" && equal "$status" "$found"
}

# eventually COMMAND…: within a minute.
eventually() {
  local try
  for ((try = 0; try < 600; try++)); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  echo "never: $*"
  return 1
}

# small_image ARCHITECTURE BUSYBOX: a tar of an image that starts fast.
small_image() {
  local tree=$work/tree-$1 name
  mkdir -p "$tree"/{bin,etc,root,tmp}
  cp "$2" "$tree/bin/busybox"
  for name in cat echo env grep id kill ls mkdir mount ps readlink sh sleep stty test touch true tty umount uname unshare wc; do
    ln -s busybox "$tree/bin/$name"
  done
  printf 'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n' >"$tree/etc/passwd"
  printf 'root:x:0:\nuser:x:1000:\n' >"$tree/etc/group"
  chmod 1777 "$tree/tmp"
  tar --owner=0 --group=0 --numeric-owner -C "$tree" -cf "$work/$1.tar" .
}

# The names that Debian and images have for a machine.
case $(uname -m) in
  x86_64) native_arch=amd64 ;;
  aarch64) native_arch=arm64 ;;
esac
EMULATED=localhost/small-amd64 NATIVE=localhost/small-$native_arch
may_skip=${2:-}
# Whose processor a program sees, asked and answered: an x86-64 machine is not told by its name alone.
ASK_MACHINE='uname -m; grep -m 1 -o Gantry /proc/cpuinfo' IS_EMULATED=$'x86_64\nGantry'
for part in lacks podman checkpoint rootless build containerd docker kubernetes standalone upgrade times; do
  # shellcheck source=/dev/null
  . "$here/$part.sh"
done

# lane PREFIX FUNCTION…: each is a test, in this order.
lane() {
  local prefix=$1 name reason=''
  shift
  for name; do
    [[ ! $may_skip ]] || reason=$(lacks "$name")
    if [[ $reason ]]; then
      echo "skip engines-$prefix-${name//_/-} $reason"
    else
      engine_test "$prefix-${name//_/-}" "$name"
    fi
  done
}

of_containerd() {
  local low_level
  lane containerd start_containerd
  for low_level; do LOW_LEVEL=$low_level lane "containerd-$low_level" ctr_life; done
  lane containerd end_containerd
}
# needs PROGRAM PREFIX: for a whole lane; the ARM64 machine has all.
needs() {
  [[ $may_skip ]] && ! command -v "$1" >/dev/null || return 0
  echo "skip engines-$2 needs $1, which is not here"
  return 1
}
docker_in_short() {
  local LOW_LEVEL=crun
  needs docker docker || return 0
  lane docker docker_install docker_life docker_exec docker_stop docker_end_life docker_uninstall
}
of_docker() {
  local LOW_LEVEL=crun
  needs docker docker-crun || return 0
  lane docker-crun docker_install docker_load_native docker_machine docker_same_as_native docker_missing docker_life \
    docker_exec docker_exec_missing docker_health docker_kill docker_pause docker_top docker_diff docker_commit \
    docker_stop docker_restart docker_end_life
  LOW_LEVEL=runc
  lane docker-runc docker_machine docker_same_as_native docker_life docker_exec docker_stop docker_end_life
  LOW_LEVEL=crun
  lane docker-crun docker_reload docker_classic docker_buildkit docker_uninstall
}
of_kubernetes() {
  needs protoc kubernetes || return 0
  lane kubernetes cri_install cri_pod cri_run cri_life cri_end
}
for_a_user() { lane rootless rootless_import rootless_run rootless_life; }

# What tells most, in two lanes of the same length, as the machine has two processors.
lane_of_crun() {
  LOW_LEVEL=crun
  lane crun machine_and_status init_process_and_default_rights hardened
  lane crun start_life life_exec life_exec_missing life_health life_kill life_pause life_diff life_commit \
    life_stop life_restart end_life checkpoint_restore
  for_a_user
  docker_in_short
}
lane_of_runc() {
  LOW_LEVEL=runc
  lane podman podman_build
  [[ ! -d zlib ]] || lane podman test_suite
  lane runc start_life life_exec life_stop end_life checkpoint_restore
  of_containerd crun
}

# The rest.
further_lane_of_crun() {
  LOW_LEVEL=crun
  lane podman podman_built live_upgrade
  lane crun missing_program no_program user_namespace terminal start_life life_update life_top life_stats end_life \
    checkpoint_without_criu
  lane rootless rootless_keep_id rootless_network rootless_runc
  lane standalone standalone_rootless_directory
  of_containerd runc
  of_kubernetes
}
further_lane_of_runc() {
  LOW_LEVEL=runc
  lane runc machine_and_status missing_program no_program init_process_and_default_rights hardened \
    user_namespace terminal checkpoint_without_criu
  lane runc start_life life_exec_missing life_health life_kill life_pause life_update life_top life_stats life_diff life_commit life_restart \
    end_life
  lane buildah buildah_build buildah_built
  of_docker
}

# The machine's own configuration (whether it emulates what it could execute), and the runtime.
configure() {
  local runtime
  runtime=$(command -v "$1")
  cat /etc/gantry/config.yaml 2>/dev/null >"$work/$1.yaml"
  printf 'runtime: %s\n' "$runtime" >>"$work/$1.yaml"
  printf '[engine.platform_to_oci_runtime]\n"linux/%s" = "%s"\n' $native_arch "$1" >"$work/native-$1.conf"
}

prepare() {
  small_image amd64 busybox-amd64 && configure crun && configure runc &&
    podman import --quiet --arch amd64 "$work/amd64.tar" $EMULATED || return
  if [[ $NATIVE != "$EMULATED" ]]; then
    small_image $native_arch /usr/bin/busybox &&
      podman import --quiet --arch $native_arch "$work/$native_arch.tar" $NATIVE || return
  fi
  podman save --quiet --format oci-archive --output "$work/small.tar" $EMULATED &&
    build_context && person_arrives
}

# two_lanes FUNCTION FUNCTION: at the same time.
two_lanes() {
  "$1" &
  "$2" &
  wait
}

# sudo comes last: an entry of binfmt_misc starts programs that should not be found, too.
run_tests() {
  two_lanes lane_of_crun lane_of_runc
  lane standalone standalone_directory standalone_image standalone_rootless_image
  [[ $1 != all ]] || two_lanes further_lane_of_crun further_lane_of_runc
  [[ $1 != all ]] || lane binfmt sudo_without_binfmt
  lane binfmt sudo_by_binfmt
}

cd "$root" || exit
prepare >/dev/null || exit
case $1 in
  docker)
    of_docker
    of_kubernetes
    ;;
  tests | all) run_tests "$1" ;;
  times) report_times ;;
esac
