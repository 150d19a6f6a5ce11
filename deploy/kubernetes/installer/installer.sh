#!/bin/bash
# Installs Gantry on one node of a cluster and keeps watch until it is to be removed:
#
#   label false → programs and the engine's drop-in → smoke test on the node → engine restarted →
#   the node is Ready and lists the handler → label true
#
# and the same backwards when SETTINGS/uninstall says "true". A step that fails takes the installation
# back and leaves the pod running but not ready, with the reason in its log: a restart by the kubelet
# would restart the node's engine again and again.
#
# Environment: NODE_NAME; HOST, the node's root directory (/host); PREFIX for nodes with a read-only
# /usr; REQUIRE_HANDLER=no for clusters before Kubernetes 1.30, whose nodes list no handlers; TIMEOUT in
# seconds (300) for the node to be ready and for containers to end.
set -uo pipefail

: "${NODE_NAME:?is the node to install on}"
HOST=${HOST:-/host}
PREFIX=${PREFIX:-}
REQUIRE_HANDLER=${REQUIRE_HANDLER:-yes}
TIMEOUT=${TIMEOUT:-300}
SETTINGS=${SETTINGS:-/etc/gantry-installer}
READY=${READY:-/run/gantry-installer/ready}
GANTRY=${GANTRY:-/opt/gantry/bin/gantry}
LABEL=gantry/amd64
HANDLER=gantry

say() { printf '%s %s\n' "$(date -u +%H:%M:%S)" "$*"; }
fail() {
  say "error: $*" >&2
  return 1
}

node() { kubectl get node "$NODE_NAME" -o "jsonpath=$1"; }
# set_label VALUE; without one, the label is removed.
set_label() { kubectl label --overwrite node "$NODE_NAME" "$LABEL${1:+=}${1:--}" >/dev/null; }

# The node's own programs, in its mount namespace.
on_node() { nsenter --target 1 --mount -- "$@"; }

# gantry's name of the node's engine, from "containerd://2.1.4".
find_engine() {
  local version
  until version=$(node '{.status.nodeInfo.containerRuntimeVersion}'); do pause 10; done
  case $version in
    *k3s* | *rke2*) fail "$version keeps its configuration in a place of its own; add the handler '$HANDLER' to its config.toml.tmpl by hand (docs/kubernetes.md)" ;;
    containerd://*) ENGINE=containerd SERVICE=containerd ;;
    cri-o://*) ENGINE=crio SERVICE=crio ;;
    *) fail "the node's engine is $version; containerd and CRI-O are supported" ;;
  esac
}

# A package's programs, where the node has them, are what `gantry install` tells the engine of.
installed_gantry() {
  if [[ -x $HOST/usr/bin/gantry ]]; then echo /usr/bin/gantry; else echo "${PREFIX:-/usr/local}/bin/gantry"; fi
}

# Sets CHANGED when the engine has something new to read.
install_files() {
  local output
  output=$("$GANTRY" install --root "$HOST" --engine "$ENGINE" ${PREFIX:+--prefix "$PREFIX"}) || {
    fail "gantry install failed: $output"
    return
  }
  echo "$output"
  CHANGED=$(awk -v engine="$ENGINE" '$2 == engine && /^(created|changed)/' <<<"$output")
}

# Of the engine of the node alone: others that are there need not know of Gantry. 3 stands for warnings,
# as on 16 KiB pages: amd64 programs run.
smoke_test() {
  local status=0
  on_node "$(installed_gantry)" doctor --engine "$ENGINE" || status=$?
  ((status == 0 || status == 3)) || fail "gantry doctor found the node broken (status $status)"
}

restart_engine() {
  say "restarting $SERVICE; containers go on"
  on_node systemctl restart "$SERVICE"
}

has_handler() { node '{range .status.runtimeHandlers[*]}{.name}{"\n"}{end}' | grep -qx "$HANDLER"; }
is_ready() { [[ $(node '{.status.conditions[?(@.type=="Ready")].status}') == True ]]; }

wait_for_node() {
  local end=$((SECONDS + TIMEOUT))
  until is_ready && { [[ $REQUIRE_HANDLER == no ]] || has_handler; }; do
    ((SECONDS < end)) || {
      fail "after ${TIMEOUT} s the node is not Ready with the handler '$HANDLER'; before Kubernetes 1.30 nodes list none: set REQUIRE_HANDLER=no"
      return
    }
    pause 2
  done
}

set_up() {
  # A cluster that does not answer is no reason to take anything back.
  until set_label false; do pause 10; done
  find_engine && install_files && smoke_test || return
  # Also when an earlier installer was stopped before the engine had read it.
  if [[ $CHANGED ]] || ! { [[ $REQUIRE_HANDLER == no ]] || has_handler; }; then
    restart_engine || return
  fi
  wait_for_node && set_label true
}

# An engine stops its containers by the runtime that is to be removed.
wait_for_containers() {
  local end=$((SECONDS + TIMEOUT)) output
  until output=$("$GANTRY" uninstall --root "$HOST" ${PREFIX:+--prefix "$PREFIX"} --dry-run); do
    ((SECONDS < end)) || {
      fail "not removed: $(grep ^keep <<<"$output")"
      return
    }
    pause 2
  done
}

take_down() {
  rm -f "$READY"
  set_label false
  if [[ -e $HOST/var/lib/gantry/journal.json ]]; then
    find_engine && wait_for_containers &&
      "$GANTRY" uninstall --root "$HOST" ${PREFIX:+--prefix "$PREFIX"} && restart_engine || return
  fi
  say "nothing of Gantry is on this node"
}

# Whether Gantry is to be removed from all nodes.
must_uninstall() { [[ $(cat "$SETTINGS/uninstall" 2>/dev/null) == true ]]; }

# A signal ends it at once: bash runs traps only between commands, and within `wait`.
pause() {
  sleep "$1" &
  wait $!
}

# A stopped installer leaves the node as it is, unless Gantry is to be removed.
stop() {
  trap '' TERM
  say "stopping"
  [[ $STATE == removed ]] || ! must_uninstall || { take_down && set_label; }
  exit
}

mkdir -p "$(dirname "$READY")"
rm -f "$READY"
STATE=''
trap stop TERM INT
while :; do
  if must_uninstall; then
    if [[ $STATE != removed ]] && take_down && set_label; then STATE=removed; fi
  elif [[ $STATE != installed && $STATE != failed ]]; then
    if set_up; then
      STATE=installed
      : >"$READY"
      say "this node runs linux/amd64 images with the RuntimeClass $HANDLER"
    else
      STATE=failed
      take_down
      say "delete this pod to try again"
    fi
  fi
  pause 5
done
