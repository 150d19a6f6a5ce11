# tags: arm64
cat >Makefile <<'END'
all: out.txt sub
out.txt: a.txt b.txt
	cat $^ >$@
%.txt:
	echo $* >$@
sub: ; @echo shell $(shell echo nested) $(words a b c) $(patsubst %.c,%.o,x.c y.c)
fail: ; exit 3
.PHONY: all sub fail
END
make
make
make -j2 -B | sort
make fail
echo $?
make -n -B
make nothing
echo $?
