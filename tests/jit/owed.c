// Vector registers that only a fault shows, in hot code: each access faults once, and the handler
// prints all registers.
#include "tests/guest/guest.h"

enum { kPages = 8, kHot = 200 };

static uint8_t* pages;  // one for each access

#define PAGE(n) #n "*4096(%%rdi)"
#define CODE(name, instructions)                                                        \
  static void name(uint8_t* state) {                                                    \
    __asm__ volatile(                                                                   \
        "movdqu (%%rsi), %%xmm0; movdqu 16(%%rsi), %%xmm1; movdqu 32(%%rsi), %%xmm2;"   \
        "movdqu 48(%%rsi), %%xmm3; movdqu 64(%%rsi), %%xmm4; movdqu 80(%%rsi), %%xmm5;" \
        "movdqu 96(%%rsi), %%xmm6; movdqu 112(%%rsi), %%xmm7;" instructions             \
        "movdqu %%xmm0, (%%rsi); movdqu %%xmm1, 16(%%rsi); movdqu %%xmm2, 32(%%rsi);"   \
        "movdqu %%xmm3, 48(%%rsi); movdqu %%xmm4, 64(%%rsi); movdqu %%xmm5, 80(%%rsi);" \
        "movdqu %%xmm6, 96(%%rsi); movdqu %%xmm7, 112(%%rsi)"                           \
        :                                                                               \
        : "D"(pages), "S"(state)                                                        \
        : "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");    \
  }

// Keys from memory between rounds, one of them as an operand.
#define ROUND(page, round) \
  "movdqu " PAGE(page) ", %%xmm0; " round " %%xmm0, %%xmm1; " round " %%xmm0, %%xmm2;"
CODE(encrypt,
     ROUND(0, "pxor") ROUND(1, "aesenc")
         ROUND(2, "aesenc") "aesenc " PAGE(3) ", %%xmm1;" ROUND(4, "aesenc") ROUND(5, "aesenclast"))
CODE(decrypt,
     ROUND(0, "pxor") ROUND(1, "aesdec")
         ROUND(2, "aesdec") "aesdec " PAGE(3) ", %%xmm1;" ROUND(4, "aesdec") ROUND(5, "aesdeclast"))

// Four rounds of SHA-256 and a part of the words of later ones.
#define FOUR(page, w0, w8, w12, instruction)                                                      \
  "movdqu " PAGE(page) ", %%xmm0; paddd %%" w12                                                   \
                       ", %%xmm0; sha256rnds2 %%xmm0, %%xmm1, %%xmm2;"                            \
                       "pshufd $0xe, %%xmm0, %%xmm0; movdqa %%" w12 ", %%xmm7; palignr $4, %%" w8 \
                       ", %%xmm7; " instruction "paddd %%xmm7, %%" w0 "; sha256msg1 %%" w12       \
                       ", %%" w8 "; sha256rnds2 %%xmm0, %%xmm2, %%xmm1;"
CODE(hash,
     FOUR(0, "xmm3", "xmm5", "xmm6", "nop;")
         FOUR(1, "xmm4", "xmm6", "xmm3",
              "nop;") "sha256msg2 %%xmm3, %%xmm4;" FOUR(2, "xmm5", "xmm3", "xmm4",
                                                        "movdqu %%xmm2, " PAGE(3) ";")
             FOUR(4, "xmm6", "xmm4", "xmm5", "nop;") "movdqu " PAGE(
                 5) ", %%xmm0; sha256msg2 %%xmm5, %%xmm6;" FOUR(6, "xmm3", "xmm5", "xmm6",
                                                                "movdqu %%xmm7, " PAGE(7) ";"))

// Results that nobody takes.
CODE(unused, "movdqa %%xmm1, %%xmm0; paddd %%xmm2, %%xmm0; movdqu " PAGE(0) ", %%xmm0;"
     "pshufd $0x1b, %%xmm0, %%xmm0; psrlq $3, %%xmm1; psubb %%xmm5, %%xmm4; pmullw %%xmm3, %%xmm6;"
     "movdqu " PAGE(1) ", %%xmm6; movdqu " PAGE(2) ", %%xmm0; pand %%xmm6, %%xmm3;"
     "movdqu " PAGE(3) ", %%xmm4; movdqu " PAGE(4) ", %%xmm1; movdqu " PAGE(5) ", %%xmm3;")

static void print_registers(const void* registers) {
  const uint64_t* words = registers;
  for (unsigned n = 0; n < 8; n++) printf(" %016lx%016lx\n", words[2 * n + 1], words[2 * n]);
}

static void handle(int signal, siginfo_t* info, void* context) {
  ucontext_t* machine = context;
  uint64_t page = ((uintptr_t)info->si_addr - (uintptr_t)pages) / 4096;
  printf("signal %d at page %lu\n", signal, page);
  print_registers(machine->uc_mcontext.fpregs->_xmm);
  EXPECT(mprotect(pages + page * 4096, 4096, PROT_READ | PROT_WRITE) == 0);
}

static void fill(uint8_t* bytes, unsigned count, uint64_t seed) {
  for (unsigned n = 0; n < count; n++) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    bytes[n] = (uint8_t)(seed >> 56);
  }
}

static void run(const char* name, void (*code)(uint8_t*)) {
  uint8_t state[128];
  for (unsigned n = 0; n < kPages; n++) fill(pages + n * 4096, 16, n);
  fill(state, sizeof state, 99);
  for (unsigned n = 0; n < kHot; n++) code(state);
  for (unsigned page = 0; page < kPages; page++) {
    printf("%s, page %u\n", name, page);
    EXPECT(mprotect(pages + page * 4096, 4096, PROT_NONE) == 0);
    code(state);
    EXPECT(mprotect(pages + page * 4096, 4096, PROT_READ | PROT_WRITE) == 0);
    print_registers(state);
  }
}

int main(void) {
  pages = mmap(NULL, kPages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(pages != MAP_FAILED);
  install(SIGSEGV, handle, 0);
  run("encrypt", encrypt);
  run("decrypt", decrypt);
  run("hash", hash);
  run("unused", unused);
}
