# tags: arm64
# What a program learns of itself must be what it would learn on x86-64.
readlink /proc/self/exe
cat /proc/self/cmdline | tr '\0' ' '; echo
cat /proc/self/comm
sh -c 'readlink /proc/$$/exe; tr "\0" "\n" </proc/$$/cmdline; cat /proc/$$/comm'
grep -c ' /usr/bin/cat$\|/usr/bin/grep$' /proc/self/maps
grep -cE '^7|^5|^[0-9a-f]{12}-' /proc/self/maps | grep -c .
grep -c gantry /proc/self/maps
grep -c gantry /proc/self/environ
grep -E '^Name:' /proc/self/status
ls /proc/self/fd
cat /proc/self/environ | tr '\0' '\n' | sort | grep -v '^_='
exec -a renamed sh -c 'echo $0; tr "\0" " " </proc/$$/cmdline'
echo
uname -m
cat /proc/sys/kernel/ostype
python3 -c 'import platform; print(platform.machine(), platform.architecture())'
ps -o args= -p $$ | cut -c1-40
