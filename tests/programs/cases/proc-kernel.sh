# What the kernel itself tells of a program, also through a descriptor that was opened before exec. Not
# for the simulated ARM64 host: qemu-user makes up /proc/self/stat and lacks PR_SET_MM_MAP.
awk '{print $2}' /proc/self/stat
grep -E '^(Name|Threads):' /proc/self/status
tr '\0' ' ' </proc/self/cmdline; echo
tr '\0' '\n' </proc/self/environ | sort
sleep 10 &
sleep 0.2
cat /proc/$!/comm /proc/$!/cmdline | tr '\0' ' '; echo
readlink /proc/$!/exe
ls -l /proc/$!/exe | sed 's/.* //'
cmp /proc/$!/exe /usr/bin/sleep && echo same
ps -o comm=,args= --ppid $$ | sort | sed 's/ps -o.*//'
pidof sleep | wc -w
kill $!
