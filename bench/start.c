// What binfmt_misc starts for an ARM64 program in a root of the benchmark: the counting QEMU, with
// the loader and the libraries that lie beside it in /opt/bench, since the root has none or others.
// Arguments as flag P of binfmt_misc gives them: the program's path, its argv[0], its arguments.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char* const kBefore[] = {"/opt/bench/ld.so",
                                "--library-path",
                                "/opt/bench/lib",
                                "/opt/bench/qemu-aarch64",
                                "-cpu",
                                "max,pauth-impdef=on",
                                "-plugin",
                                "/opt/bench/count.so,out=/counts",
                                "-0"};
enum { kCount = sizeof kBefore / sizeof *kBefore };

int main(int argc, char** argv) {
  char** words = calloc((size_t)argc + kCount + 1, sizeof *words);
  if (argc < 3 || !words) return 125;
  memcpy(words, kBefore, sizeof kBefore);
  words[kCount] = argv[2];
  words[kCount + 1] = argv[1];
  for (int i = 3; i < argc; i++) words[kCount - 1 + i] = argv[i];
  execv(words[0], words);
  perror(words[0]);
  return 125;
}
