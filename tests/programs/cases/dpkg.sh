# tags: arm64
dpkg --print-architecture
dpkg -l bash coreutils | tail -n 2
dpkg -S /usr/bin/env
dpkg -L hostname | sort | head
dpkg --compare-versions 1.2-3 lt 1.10-1 && echo less
dpkg-query -W -f '${Package} ${Status} ${Version}\n' 'libc*' | sort
dpkg -s nothing-like-it
echo $?
dpkg-deb --version | head -n 1
mkdir -p p/DEBIAN p/usr/share/x
printf 'Package: tiny\nVersion: 1\nArchitecture: all\nMaintainer: A <a@b.c>\nDescription: x\n' >p/DEBIAN/control
echo data >p/usr/share/x/f
SOURCE_DATE_EPOCH=0 dpkg-deb --root-owner-group -Zgzip -b p tiny.deb
dpkg-deb -c tiny.deb | awk '{print $1, $2, $6}'
dpkg-deb -f tiny.deb Package Version
rm -rf p tiny.deb
