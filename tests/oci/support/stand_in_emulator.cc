// Stands in for gantry-x64 where a test is about how a program is started and not about emulation:
// same command line, but the program runs on the processor. With --show it first prints the words
// that it was given, one a line.

#include <unistd.h>

#include <cstdio>
#include <cstring>

int main(int argc, char** argv) {
  const char* name = nullptr;
  bool show = false;
  int i = 1;
  for (; i < argc && std::strncmp(argv[i], "--", 2) == 0; i++) {
    if (std::strncmp(argv[i], "--argv0=", 8) == 0) name = argv[i] + 8;
    if (std::strcmp(argv[i], "--show") == 0) show = true;
  }
  if (i == argc) return 2;
  for (int word = 0; show && word < argc; word++) std::printf("[%s]\n", argv[word]);
  std::fflush(stdout);
  const char* program = argv[i];
  if (name) argv[i] = const_cast<char*>(name);
  execv(program, argv + i);
  std::perror(program);
  return 127;
}
