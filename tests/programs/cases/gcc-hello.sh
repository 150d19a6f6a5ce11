# tags: arm64
# The smallest compile that is worth the name, for emulators that are themselves emulated.
printf '#include <stdio.h>\nint main(void) { puts("compiled"); return 5; }\n' >h.c
gcc -O2 -o h h.c
./h
echo $?
