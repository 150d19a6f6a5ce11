/lib64/ld-linux-x86-64.so.2 --help | grep -E 'x86-64-v[23]'
# What the C library makes of CPUID's cache leaves: numbers that are there and make sense.
for name in LEVEL1_DCACHE_SIZE LEVEL1_DCACHE_ASSOC LEVEL2_CACHE_SIZE LEVEL3_CACHE_SIZE; do
  (($(getconf $name) > 0)) && echo "$name"
done
getconf LEVEL1_DCACHE_LINESIZE
/lib64/ld-linux-x86-64.so.2 --list-tunables | sed -En 's/^glibc.cpu.x86_([a-z_]+(size|threshold)): 0x0*([1-9a-f]).*/\1 is set/p'
