#!/bin/bash
# The ARM64 machine's init: makes the usual mounts, runs the command that ./dev vm was given, reports
# its exit status and powers off. No service runs; the kernel's messages go to a log of their own.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=755 tmpfs /run
for directory in /dev/shm /tmp /var/tmp; do mount -t tmpfs -o mode=1777 tmpfs "$directory"; done
ln -sf /proc/self/fd /dev/fd
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
hostname gantry-vm
ip link set lo up

# port NAME: the device of that virtio-serial port; the kernel makes it when QEMU announces it.
port() {
  local class
  while :; do
    for class in /sys/class/virtio-ports/*; do
      [[ -e $class/name && $(<"$class/name") == "$1" ]] && break 2
    done
    sleep 0.05
  done
  echo "/dev/${class##*/}"
}

here=/usr/libexec/gantry/vm
cd /root || exit
if [[ -e $here/terminal ]]; then
  # A terminal of its own session, so that Ctrl-C and job control work.
  # shellcheck disable=SC2016  # expanded by the inner shell
  setsid --ctty --wait bash -c '. "$1/terminal"; . "$1/command"' terminal "$here" \
    <>/dev/hvc0 >&0 2>&0
else
  bash "$here/command" <"$(port stdin)" >"$(port stdout)" 2>"$(port stderr)"
fi
echo "$?" >"$(port status)"
sync
echo o >/proc/sysrq-trigger
sleep 60
