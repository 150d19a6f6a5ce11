#!/bin/sh
# First program of the ARM64 machine: loads what the disks need and starts the system on them.
# /dev/vda is Debian (written to a snapshot only), /dev/vdb what ./dev vm brings along.
/bin/busybox mount -t devtmpfs dev /dev
for module in $(/bin/busybox cat /modules/order); do
  /bin/busybox insmod "/modules/$module"
done
/bin/busybox mount -t ext4 -o noatime /dev/vda /root
/bin/busybox mount -t ext4 -o ro /dev/vdb /root/usr/libexec/gantry
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root /usr/libexec/gantry/vm/init.sh
