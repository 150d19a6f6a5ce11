# shellcheck shell=bash disable=SC2154
# What a machine lacks for a test, found by trying: the ARM64 machine has everything.

# available_controllers NAME…: which of them groups here can have.
available_controllers() { printf '%s\n' "$@" | grep -xf <(tr ' ' '\n' </sys/fs/cgroup/cgroup.controllers); }
lacks_controller() {
  [[ $(available_controllers "$1") ]] || echo "needs the cgroup controller $1, which is not among those of cgroup2 here"
}

lacks_criu() {
  local said
  said=$(criu check 2>&1) || echo "needs CRIU, whose check fails here: ${said##*$'\n'}"
}
# runc has CRIU leave groups alone.
lacks_restore() {
  if [[ $LOW_LEVEL == crun ]] && grep -qv '^0::' /proc/self/cgroup; then
    echo 'needs cgroup2 alone: CRIU would make groups in the older hierarchies of the whole machine'
  else
    lacks_criu
  fi
}

lacks_binfmt() {
  [[ -e /proc/sys/fs/binfmt_misc/register ]] || echo 'needs binfmt_misc, which is one for the whole machine'
}

# lacks FUNCTION: prints the reason why this machine cannot do test FUNCTION.
lacks() {
  case $1 in
    checkpoint_restore) lacks_restore ;;
    checkpoint_without_criu) lacks_criu ;;
    life_update) lacks_controller pids ;;
    sudo_by_binfmt) lacks_binfmt ;;
  esac
}
