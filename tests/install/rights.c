// Prints its arguments and whose rights it has.
#include <stdio.h>
#include <sys/auxv.h>
#include <unistd.h>

int main(int argc, char** argv) {
  for (int i = 0; i < argc; i++) printf("%s|", argv[i]);
  printf("user %d, effective %d, secure %lu\n", (int)getuid(), (int)geteuid(), getauxval(AT_SECURE));
  return 0;
}
