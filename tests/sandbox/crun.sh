# shellcheck shell=bash disable=SC2016,SC2154
# The same document through crun: everything that a program can observe is compared.

# Devices are bind mounts with us and nodes with crun, which gives the one that is its standard input
# to the container's user.
OBSERVE='
id; umask; env | sort; pwd; hostname; ulimit -a
grep -E "^(Cap...|NoNewPrivs|Seccomp|Groups|Uid|Gid):" /proc/self/status
for file in /dev/*; do stat -c "%A %U %G %t:%T %N" $file; done | sed "s/app app 1:3/root root 1:3/"
awk "\$2 !~ \"^/dev/(null|zero|full|random|urandom|tty)\$\" {print \$2, \$3}" /proc/mounts | sort
for path in /proc/timer_list /proc/keys /sys/firmware /proc/acpi; do
  if [ -d $path ]; then ls $path | wc -l; else wc -c <$path; fi
done
for path in / /proc/sys/kernel/ostype /sys /dev /dev/shm /tmp; do
  if [ -w $path ]; then echo "may write $path"; fi
done
ip -o link | cut -d" " -f2,3
ls /proc/self/fd | wc -l
readlink /proc/self/cwd
cat /proc/sys/kernel/hostname /proc/self/oom_score_adj /proc/self/setgroups'

as_crun() {
  local bundle=$work/bundle
  rm -rf "$bundle"
  mkdir "$bundle"
  "$GANTRY" run --data "$work/data-root" --show-spec "$@" >"$bundle/config.json" || return
  sed -i "s#\"source\": \"$work/data-root/runs/[0-9a-f]*/etc/#\"source\": \"$work/etc/#" "$bundle/config.json"
  podman_world "cd $bundle && exec crun --cgroup-manager=disabled run --bundle . compared" </dev/null
}

compare_with_crun() {
  local options=(--rootfs "$(root_of root)" --hostname same "$@")
  mkdir -p "$work/etc"
  "$GANTRY" run --data "$work/data-root" "${options[@]}" -- cat /etc/hosts >"$work/etc/hosts"
  echo same >"$work/etc/hostname"
  as_crun "${options[@]}" -- sh -c "$OBSERVE" >"$work/by-crun" || return
  "$GANTRY" run --data "$work/data-root" "${options[@]}" -- sh -c "$OBSERVE" >"$work/by-us" || return
  [[ -s $work/by-us ]] && diff -u "$work/by-crun" "$work/by-us"
}

if [[ $EUID == 0 ]] && command -v crun >/dev/null; then
  sandbox_test crun-plain compare_with_crun
  sandbox_test crun-user compare_with_crun --user app
  sandbox_test crun-user_with_capability compare_with_crun --user app --cap-add net_raw
  sandbox_test crun-read_only compare_with_crun --read-only --tmpfs /tmp
  sandbox_test crun-limits compare_with_crun --ulimit nofile=100:200 --ulimit core=0
  sandbox_test crun-few_rights compare_with_crun --cap-drop all --security-opt no-new-privileges
  sandbox_test crun-unconfined compare_with_crun --security-opt seccomp=unconfined
  sandbox_test crun-bind compare_with_crun --bind /usr/share:/mnt:ro
else
  ! wanted crun- "${PATTERNS[@]}" || echo 'skip crun- needs root and crun'
fi
