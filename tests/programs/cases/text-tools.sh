# tags: arm64
seq 200 | awk '{ s += $1; q[$1 % 5] += $1 } END { print s; for (i = 0; i < 5; i++) print i, q[i]; printf "%.3f %s\n", sqrt(s), toupper("x") }'
seq 50 | sed -n '/[37]$/ { s/\(.\)$/<\1>/; p }'
grep -rnE '^(root|daemon):' /etc/passwd | cut -d: -f1-4
grep -c bash /etc/passwd
grep -P '(?<=ro)ot' /etc/passwd | head -n 1
find /etc -maxdepth 1 -name 'p*' -type f -printf '%f %s %m\n' | sort
find /usr/lib -name 'libc.so*' | xargs -n 1 basename
printf 'a\nb\nc\n' >x; printf 'a\nB\nc\nd\n' >y
diff -u --label x --label y x y
diff -y x y; cmp x y; diff3 x y x
diff x y >p; patch x p; cat x
printf '{"a":[1,2,{"b":"c"}],"n":1.50}' | jq -c '.a[2].b, (.a | length), .n, keys'
echo '{' | jq .; echo $?
echo 'scale=30; 4*a(1); 2^100; sqrt(2)' | bc -l
echo '2 3 + 4 * p' | dc
file -b /usr/bin/bash /etc/passwd /dev/null | sed 's/BuildID.*, //'
awk 'BEGIN { while (("echo a b c" | getline line) > 0) n = split(line, w); print n, w[2], substr("hello", 2, 3), index("abc", "c"), length() }' </dev/null
