cat >prog.c <<'END'
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(int argc, char **argv) {
  int v[50];
  for (int i = 0; i < 50; i++) v[i] = (i * 7919) % 101;
  qsort(v, 50, sizeof *v, compare);
  long double x = 1.0L / 3;
  printf("%d %d %d %s\n", v[0], v[25], v[49], argv[argc - 1]);
  printf("%.15f %.20Lf %a\n", sin(0.5) * pow(2.5, 3.5), x * x, sqrt(2));
  return 3;
}
END
gcc -O2 -Wall -o prog prog.c -lm
echo "gcc $?"
./prog argument
echo "prog $?"
gcc -O2 -S -o - prog.c | md5sum
gcc -c -g prog.c && nm prog.o && size prog.o
echo 'int main( { return 0; }' >bad.c
gcc bad.c
echo "bad $?"
gcc -static -O1 -o static prog.c -lm && ./static s
strip static && ./static t
rm -f static prog.o
