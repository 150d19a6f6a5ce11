# tags: arm64
# Traps in a child shell, so that the tests do not depend on being process 1.
cat >inner <<'END'
trap 'echo got USR1' USR1
trap 'echo exiting with $?' EXIT
trap 'echo err at $LINENO' ERR
kill -USR1 $$
false
(trap 'echo sub TERM; exit 9' TERM; kill -TERM $BASHPID; echo not reached)
echo "sub ended with $?"
trap '' INT
kill -INT $$
echo survived INT
trap - INT
sleep 5 &
child=$!
sleep 0.5 # a child that has not executed sleep yet would run this shell's traps
kill -TERM $child
wait $child
echo "child ended with $?"
(kill -SEGV $BASHPID)
echo "segv gives $?"
(ulimit -c 0; kill -ABRT $BASHPID)
echo "abrt gives $?"
trap 'echo alarm' ALRM
(sleep 0.2; kill -ALRM $$) &
sleep 0.5 &
wait $!
echo "wait was interrupted: $?"
wait
trap
exit 4
END
cat >outer <<'END'
bash inner
echo "status $?"
bash -c 'kill -KILL $$'
echo "killed $?"
END
# bash tells the numbers of processes that died.
bash outer 2>errors
sed -E 's/ +[0-9]+ /  PID /' errors >&2
rm errors
bash -c 'trap "exit 5" TERM; kill $$; sleep 1'
echo "own trap $?"
