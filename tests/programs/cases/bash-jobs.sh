# tags: arm64
# Job control without a terminal: stop, continue, wait, disown.
set -m
sleep 30 &
jobs
kill -STOP %1
sleep 0.3
jobs
bg %1 >/dev/null
sleep 0.2
jobs -r
kill %1
wait %1
echo "ended with $?"
(exit 7) &
wait $!
echo "status $?"
for n in 1 2 3; do (sleep $n; exit $n) & done
wait -n
echo "first $?"
wait -n
echo "second $?"
wait
jobs
{ sleep 0.2; echo late; } &
disown
sleep 0.5
bash -c 'set -m; (kill -TSTP $BASHPID; echo resumed) & sleep 0.3; kill -CONT $!; sleep 1; wait $!; echo "tstp $?"'
