# tags: arm64
# What a shell says of programs that cannot be started.
printf '#!/nonexistent/interpreter\n' >script; chmod +x script
./script; echo $?
printf 'echo no line\n' >plain; chmod +x plain
./plain; echo $?
printf '#!/bin/sh\necho "$0" "$@"\n' >good; chmod +x good
./good a 'b c'; echo $?
printf '#!/usr/bin/env -S bash -e\necho "$BASH" "$@"; false; echo no\n' >env; chmod +x env
./env x; echo $?
head -c 100 /bin/true >short; chmod +x short
./short; echo $?
touch empty; chmod +x empty
./empty; echo $?
./nothing; echo $?
/etc; echo $?
chmod -x good; ./good; echo $?
ln -s loop loop; ./loop; echo $?
./good/x; echo $?
printf '#!./deep1\n' >deep0; printf '#!./deep2\n' >deep1; printf '#!./deep3\n' >deep2
printf '#!./deep4\n' >deep3; printf '#!./deep5\n' >deep4; printf '#!./deep6\n' >deep5; printf '#!/bin/sh\n' >deep6
chmod +x deep*; ./deep0; echo $?; ./deep4; echo $?
(ulimit -n 20; exec 19</etc/passwd; cat <&19 | head -n 1)
