# tags: arm64
/opt/gantry/musl-dynamic one two
echo $?
/lib/ld-musl-x86_64.so.1 --list /opt/gantry/musl-dynamic | sed 's/0x.*//'
