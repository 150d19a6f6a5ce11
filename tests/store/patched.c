// Prints a number that the test replaces in the program's file, in code that runs often.
#include <stdio.h>

__attribute__((noinline)) static unsigned add(unsigned sum) { return sum * 3 + 0x11223344; }

int main(void) {
  unsigned sum = 1;
  for (int i = 0; i < 1000; i++) sum = add(sum);
  printf("%u\n", sum);
  return 0;
}
