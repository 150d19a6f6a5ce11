# shellcheck shell=bash
# podman with a storage of its own (build/podman) in a private world: mount and PID namespaces that
# end with the script, so that no container, mount or conmon is left behind and the machine's own
# podman, its storage and its locks are not touched.

# shellcheck source=scripts/image.sh
. "$GANTRY_ROOT/scripts/image.sh"

PODMAN_DIR=$BUILD/podman

ensure_podman() {
  ensure_packages podman crun conmon golang-github-containers-common
  write_podman_config
}

# Podman reads these two through CONTAINERS_CONF and CONTAINERS_STORAGE_CONF; with them the commands
# shown by the demo are the plain ones that a person types.
write_podman_config() {
  mkdir -p "$PODMAN_DIR"
  local choice='runtime = "gantry-runtime"' table=''
  if podman_chooses_by_platform; then
    choice='runtime = "crun"'
    table='[engine.platform_to_oci_runtime]
"linux/amd64" = "gantry-runtime"'
  fi
  # No cgroups and modest limits, because a container or CI machine may lack the rights for more.
  cat >"$PODMAN_DIR/containers.conf" <<END
[containers]
cgroups = "disabled"
netns = "none"
default_ulimits = ["nofile=1024:4096", "nproc=1000:1000"]
log_driver = "k8s-file"

[engine]
$choice
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime_supports_json = ["crun", "runc", "gantry-runtime"]
runtime_supports_nocgroup = ["crun", "gantry-runtime"]

[engine.runtimes]
gantry-runtime = ["$PODMAN_DIR/host/gantry-runtime"]
crun = ["/usr/bin/crun"]

$table
END
  # Images last, containers live in the memory of the private world and end with it.
  cat >"$PODMAN_DIR/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "/run/gantry-podman/storage"
runroot = "/run/gantry-podman/run"

[storage.options]
additionalimagestores = ["$PODMAN_DIR/images"]
END
}

# [engine.platform_to_oci_runtime] came with podman 4.4; before, gantry-runtime is named as the
# default runtime, which hands native images through unchanged.
podman_chooses_by_platform() {
  local version
  version=$(podman --version)
  version=${version##* }
  [[ $(printf '%s\n4.4.0\n' "$version" | sort -V | head -n 1) == 4.4.0 ]]
}

# in_private_world COMMAND…: becomes COMMAND, as PID 1 of new namespaces where /run and /dev/shm are
# empty. Everything in them dies with it, and it dies with the shell that called this.
in_private_world() {
  # shellcheck disable=SC2016  # expanded by the inner shell
  CONTAINERS_CONF=$PODMAN_DIR/containers.conf CONTAINERS_STORAGE_CONF=$PODMAN_DIR/storage.conf \
    exec setpriv --pdeathsig KILL \
    unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
    bash -c '
      set -e
      mount -t tmpfs -o mode=755 tmpfs /run
      mount -t tmpfs tmpfs /dev/shm
      # Podman wants the unified hierarchy here, which a machine with hybrid cgroups has elsewhere.
      [[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
      exec "$@"' in_private_world "$@"
}

# podman_job COMMAND…: in_private_world in the background of this shell, so that this shell's traps
# act at once. Call end_podman_job in that for EXIT.
podman_job() {
  in_private_world "$@" <&0 &
  PODMAN_JOB=$!
  local status=0
  wait "$PODMAN_JOB" || status=$?
  PODMAN_JOB=''
  return "$status"
}

end_podman_job() {
  [[ ${PODMAN_JOB:-} ]] || return 0
  kill -KILL "$PODMAN_JOB" 2>/dev/null || true
  wait "$PODMAN_JOB" 2>/dev/null || true
}

# import_image_into STORAGE: the demo's image, into podman's storage at that folder. Layers and images
# are the same for all versions of podman, its own records are not.
import_image_into() {
  local storage=$1
  # No container is started, but podman wants the runtime it would start one with to be there;
  # gantry-runtime need not be installed yet.
  (in_private_world podman --root "$storage" --runtime crun import --quiet --os linux --arch amd64 \
    "$IMAGE_TAR" "$IMAGE_NAME") >/dev/null
  rm -rf "$storage"/{libpod,db.sql,defaultNetworkBackend}
}

import_image() {
  inputs_changed "$PODMAN_DIR/images/.inputs" "$(<"$IMAGE_INPUTS")" || return 0
  say "importing it into podman as $IMAGE_NAME"
  rm -rf "$PODMAN_DIR/images"
  mkdir -p "$PODMAN_DIR/images"
  import_image_into "$PODMAN_DIR/images"
  record_inputs "$PODMAN_DIR/images/.inputs" "$(<"$IMAGE_INPUTS")"
}

# What an ARM64 machine would have installed: its emulator beside the runtime of this machine.
install_host_programs() {
  local host=$PODMAN_DIR/host
  mkdir -p "$host"
  # Replaced by rename: a copy over a running program fails.
  cp "$BUILD/$(host_arch)/bin/gantry-runtime" "$host/gantry-runtime.new"
  cp "$BUILD/aarch64/bin/gantry-x64" "$host/gantry-x64.new"
  mv "$host/gantry-runtime.new" "$host/gantry-runtime"
  mv "$host/gantry-x64.new" "$host/gantry-x64"
}
