# shellcheck shell=bash disable=SC2016,SC2154
# containerd's CRI, asked as a kubelet asks it: a pod of the RuntimeClass's handler and an amd64
# container in it. CRI-O and crictl are not in Debian; the calls are made by curl from CRI's own
# document (fixtures.sh). The pod is in the machine's network, for which no plugin has to be there.

CRI=$work/cri CRI_SOCKET=/run/cri/containerd.sock

# cri METHOD REQUEST: a call of gRPC (its length before the message, the status in the trailers); text of
# protobuf in and out.
cri() {
  local method=$1 service=RuntimeService size
  local request=$CRI/$BASHPID.request answer=$CRI/$BASHPID.answer
  printf '%s' "$2" | protoc --proto_path="$root" --encode="runtime.v1.${method}Request" cri.proto >"$request" || return
  size=$(printf '%08x' "$(stat -c %s "$request")")
  # shellcheck disable=SC2059  # the bytes of the length
  { printf "\\0$(sed 's/../\\x&/g' <<<"$size")"; cat "$request"; } >"$request.frame"
  curl --silent --show-error --http2-prior-knowledge --unix-socket $CRI_SOCKET \
    --header 'content-type: application/grpc' --header 'te: trailers' --data-binary "@$request.frame" \
    --dump-header "$answer.head" --output "$answer" "http://localhost/runtime.v1.$service/$method" || return
  grep -qi '^grpc-status: 0' "$answer.head" || { grep -i '^grpc-message' "$answer.head" >&2; return 1; }
  tail -c +6 "$answer" | protoc --proto_path="$root" --decode="runtime.v1.${method}Response" cri.proto
}
# cri_field NAME: of the answer on standard input.
cri_field() { sed -n "s/^ *$1: \"\\{0,1\\}\\([^\"]*\\)\"\\{0,1\\}\$/\\1/p"; }

# image_for_cri ARCHITECTURE FILE: what a registry would have given.
image_for_cri() { ctr --address $CRI_SOCKET --namespace k8s.io images import --platform "linux/$1" "$2" >/dev/null; }

cri_install() {
  local pause
  mkdir -p "$CRI" /run/cri
  cp /etc/containerd/config.toml "$CRI/before.toml"
  gantry install --engine containerd --prefix "$INSTALLED" || return
  containerd --address $CRI_SOCKET --root "$CRI/root" --state /run/cri/state >"$CRI/log" 2>&1 </dev/null &
  echo $! >"$CRI/pid"
  eventually ctr --address $CRI_SOCKET version || { tail -n 20 "$CRI/log"; return 1; }
  contains "$(cri Status '')" RuntimeReady || return
  # The container that holds a pod's namespaces.
  # sandbox_image, since containerd 2 sandbox.
  pause=$(containerd config dump | sed -n "s/^ *sandbox\(_image\)\{0,1\} = ['\"]\(..*\)['\"]\$/\2/p")
  podman import --quiet --arch $native_arch --change 'ENTRYPOINT ["/bin/sleep","100000"]' \
    "$work/$native_arch.tar" "$pause" >/dev/null &&
    podman save --quiet --format docker-archive --output "$CRI/pause.tar" "$pause" >/dev/null &&
    podman save --quiet --format docker-archive --output "$CRI/amd64.tar" $EMULATED >/dev/null &&
    image_for_cri $native_arch "$CRI/pause.tar" && image_for_cri amd64 "$CRI/amd64.tar"
}

POD='metadata { name: "amd64" uid: "1" namespace: "default" } log_directory: "/tmp/engines/cri/logs"
  linux { security_context { namespace_options { network: NODE } seccomp { profile_type: RuntimeDefault } } }'
cri_pod() {
  cri RunPodSandbox "config { $POD } runtime_handler: \"gantry\"" | cri_field pod_sandbox_id >"$CRI/pod"
  [[ -s $CRI/pod ]] && equal gantry "$(cri PodSandboxStatus "pod_sandbox_id: \"$(<"$CRI/pod")\"" | cri_field runtime_handler)"
}
# cri_container NAME SCRIPT: its id. As restricted as a cluster's policy can ask for.
cri_container() {
  local id
  id=$(cri CreateContainer "pod_sandbox_id: \"$(<"$CRI/pod")\" sandbox_config { $POD } config {
    metadata { name: \"$1\" } image { image: \"$EMULATED:latest\" } log_path: \"$1.log\"
    command: \"sh\" command: \"-c\" command: \"$2\"
    linux { security_context { run_as_user { value: 1000 } run_as_group { value: 1000 } readonly_rootfs: true
      no_new_privs: true seccomp { profile_type: RuntimeDefault } capabilities { drop_capabilities: \"ALL\" } } } }" |
    cri_field container_id)
  [[ $id ]] && cri StartContainer "container_id: \"$id\"" >/dev/null && echo "$id"
}
cri_status() { cri ContainerStatus "container_id: \"$1\""; }
cri_has_ended() { [[ $(cri_status "$1" | cri_field state) == CONTAINER_EXITED ]]; }
cri_log() { sed 's/^[^ ]* \(std[a-z]*\) F //' "$CRI/logs/$1.log"; }

cri_run() {
  local id
  id=$(cri_container one 'uname -m; id -u; exit 7') && eventually cri_has_ended "$id" || return
  equal 7 "$(cri_status "$id" | cri_field exit_code)" && equal $'x86_64\n1000' "$(cri_log one)"
}
cri_life() {
  local id answer
  id=$(cri_container two "trap 'echo stopping; exit 3' TERM; while :; do sleep 0.1; done") || return
  # What probes of a kubelet do.
  answer=$(cri ExecSync "container_id: \"$id\" cmd: \"sh\" cmd: \"-c\" cmd: \"uname -m; exit 9\" timeout: 60") || return
  contains "$answer" 'stdout: "x86_64\n"' 'exit_code: 9' || return
  ! answer=$(cri ExecSync "container_id: \"$id\" cmd: \"nothing\" timeout: 60" 2>&1) || return
  contains "$answer" 'not found in $PATH' || return
  cri StopContainer "container_id: \"$id\" timeout: 60" && equal 3 "$(cri_status "$id" | cri_field exit_code)" &&
    equal stopping "$(cri_log two)" && cri RemoveContainer "container_id: \"$id\""
}
cri_end() {
  cri StopPodSandbox "pod_sandbox_id: \"$(<"$CRI/pod")\"" && cri RemovePodSandbox "pod_sandbox_id: \"$(<"$CRI/pod")\"" &&
    equal '' "$(cri ListContainers '')" || return
  kill "$(<"$CRI/pid")"
  gantry uninstall --engine containerd && diff "$CRI/before.toml" /etc/containerd/config.toml
}
