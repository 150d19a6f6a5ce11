# tags: arm64
seq 4000 >f
tar --mtime=@0 -cJf t.txz f
tar -tJf t.txz
xz -d <t.txz | tar -xO | cmp - f && echo same
xz -9e -T1 -k -c f | md5sum
xz --robot -l t.txz | awk '/^totals/ {print $3, $5}'
bzip2 -k f
bzip2 -dc f.bz2 | cmp - f && echo same
md5sum f.bz2
head -c 50 t.txz | xz -t
echo $?
