# tags: arm64
seq 20000 >f
tar --mtime=@0 --zstd -cf t.tzst f
tar -tf t.tzst
zstd -q -19 -k f -o g.zst
zstd -dc g.zst | cmp - f && echo same
md5sum g.zst
zstd -q -T2 -3 -k f -o h.zst && zstd -dcq h.zst | md5sum
zstd -t -q g.zst && echo good
head -c 100 g.zst | zstd -t
echo $?
