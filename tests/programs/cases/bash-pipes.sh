# tags: arm64
# Pipelines, substitutions, here documents, arrays, arithmetic.
set -o pipefail
seq 100 | grep 7 | while read -r n; do echo "$((n * n))"; done | tail -n 4
false | true
echo "${PIPESTATUS[@]} $?"
exit 3 | cat
echo "${PIPESTATUS[@]}"
diff <(seq 5) <(seq 2 6)
cat <<END | tr a-z A-Z
here $((6 * 7)) $(echo nested "$(echo deeper)")
END
cat <<<"a here string"
declare -A map=([one]=1 [two]=2)
for key in $(printf '%s\n' "${!map[@]}" | sort); do echo "$key=${map[$key]}"; done
list=({a..e})
echo "${list[@]:1:3} ${#list[@]} ${list[-1]}"
text='The quick brown fox'
echo "${text,,} ${text^^} ${text//o/0} ${text%% *} ${#text}"
[[ $text =~ q([a-z]+)k ]] && echo "${BASH_REMATCH[1]}"
printf '%s %05d %x %5.1f\n' word 42 255 2.55
coproc { echo from-coproc; read -r _; }
read -r line <&"${COPROC[0]}" && echo "$line"
exec 5>file
echo to five >&5
exec 5>&-
cat file
read -r -t 0.1 line < <(sleep 1)
echo "timeout status $?"
f() { local x=$1; ((x > 0)) && { echo "$x"; f $((x - 1)); }; return 0; }
f 3
mapfile -t lines < <(seq 3)
echo "${lines[@]}"
echo $((2 ** 62)) $((-7 / 2)) $((-7 % 3)) $((0x7fffffffffffffff + 1))
