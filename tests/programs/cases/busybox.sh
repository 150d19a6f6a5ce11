# tags: arm64
busybox | head -n 1
busybox sh -c 'for i in 1 2 3; do echo $((i * i)); done | busybox sort -r'
busybox seq 100 | busybox awk '{s += $1} END {print s}'
busybox uname -m
echo hello | busybox sed s/l/L/g | busybox md5sum
busybox tar -cf t.tar -C /etc passwd group && busybox tar -tf t.tar
busybox ls / | busybox head -n 5
busybox sh -c 'trap "echo trapped" TERM; kill $$; echo after'
busybox vi --nothing
echo $?
rm t.tar
