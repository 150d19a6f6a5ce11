# tags: arm64
mkdir -p in/deep/er
seq 3000 >in/a
ln -s a in/link
ln in/a in/hard
head -c 20000 /usr/bin/bash >in/deep/binary
touch -d @1000000 in/deep/er in/deep in/a in/deep/binary
chmod 600 in/deep/binary
tar --sort=name --mtime=@0 -czf t.tgz in
tar -tvzf t.tgz --utc | awk '{print $1, $2, $3, $6, $7, $8}'
mkdir out
tar -xzpf t.tgz -C out
diff -r in out/in && echo same
gzip -l t.tgz | awk 'NR > 1 {print $2}'
gzip -9kn <in/a | md5sum
zcat t.tgz | md5sum
gzip -t t.tgz && echo good
head -c 100 t.tgz | gzip -t
echo $?
