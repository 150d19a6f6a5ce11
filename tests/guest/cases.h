// Cases of one or a few instructions each, and what the kernel tells of the exceptions that they
// raise. A case begins with the registers of gantry_run_case() and ends by falling out of its text
// or at its first signal that does not return to it.
#pragma once
#include "tests/guest/guest.h"

// Pages at fixed addresses; the page after each that is named is unmapped unless it is named too.
enum {
  kReadWrite = 0x10000000,
  kReadOnly = 0x10002000,
  kUnmapped = 0x10004000,
  kNoAccess = 0x10006000,
  kBeyondFile = 0x10008000,
  kThenReadOnly = 0x1000a000,  // readable and writable, a read-only page after it
  kCode = 0x10010000,
  kCodeThenData = 0x10012000,  // executable, a page that is not after it
};

struct Case {
  char* code;
  const char* name;
};
extern const struct Case __start_gantry_cases[], __stop_gantry_cases[];

// `text` is assembly; its labels have numbers below 1000.
#define CASE(name, text)                                    \
  __asm__(".text\n.balign 64\n1001: " text                  \
          "\njmp gantry_case_done\n"                        \
          ".section gantry_cases,\"aw\"\n.quad 1001b, 1f\n" \
          ".section .rodata\n1: .asciz \"" name "\"\n.text\n")

// One that AMD's CPUs answer differently. The emulated CPU is Intel's, and tests/guest/compare.sh
// leaves out what these cases print where the machine's is not.
#define INTELS_CASE(name, text) CASE("Intel: " name, text)

void gantry_run_case(const void* code);
extern char gantry_case_done[];
extern unsigned long gantry_case_stack;

__asm__(
    ".text\n"
    "gantry_run_case:\n"
    "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "mov %rsp, gantry_case_stack(%rip)\n"
    "mov %rdi, %r15\n"
    "mov $0x0102030405060708, %rax\n"
    "mov $3, %ecx\n"
    "mov $0x900000000000, %rdx\n"  // not canonical
    "mov $0x10004800, %ebx\n"      // unmapped
    "mov $0x10002800, %esi\n"      // read-only
    "mov $0x10000800, %edi\n"      // readable and writable
    "mov $0x10000900, %ebp\n"
    "mov $0xffff800000001000, %r8\n"  // the kernel's
    "mov $0x10006800, %r9d\n"         // no access
    "mov $0x10000ffe, %r10d\n"        // two bytes before an unmapped page
    "mov $0x10008800, %r11d\n"        // beyond the end of a file
    "mov $0x1000affe, %r12d\n"        // two bytes before a read-only page
    "xor %r13d, %r13d\n"
    "mov $0x7ffffffffff8, %r14\n"
    "jmp *%r15\n"
    "gantry_case_done:\n"
    "mov gantry_case_stack(%rip), %rsp\n"
    "pushq $0x202; popfq\n"
    "fninit\n"
    "movl $0x1f80, -4(%rsp)\n"
    "ldmxcsr -4(%rsp)\n"
    "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "ret\n"
    ".comm gantry_case_stack, 8, 8\n");

static inline void map_case_page(unsigned long address, int protection, int flags, int fd) {
  char* page =
      mmap((void*)address, 4096, PROT_READ | PROT_WRITE, flags | MAP_FIXED_NOREPLACE, fd, 0);
  EXPECT(page == (char*)address);
  if (fd < 0) memset(page, 0, 4096);
  EXPECT(mprotect(page, 4096, protection) == 0);
}

// Handlers run on a stack of their own, as cases spoil theirs.
static inline void use_alternate_stack(void) {
  static char memory[256 << 10];
  stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
  EXPECT(sigaltstack(&stack, NULL) == 0);
}

static inline void map_case_pages(void) {
  int anonymous = MAP_PRIVATE | MAP_ANONYMOUS, both = PROT_READ | PROT_WRITE;
  map_case_page(kReadWrite, both, anonymous, -1);
  map_case_page(kReadOnly, PROT_READ, anonymous, -1);
  map_case_page(kNoAccess, PROT_NONE, anonymous, -1);
  map_case_page(kThenReadOnly, both, anonymous, -1);
  map_case_page(kThenReadOnly + 4096, PROT_READ, anonymous, -1);
  map_case_page(kCode, both, anonymous, -1);
  map_case_page(kCodeThenData, both, anonymous, -1);
  map_case_page(kCodeThenData + 4096, both, anonymous, -1);
  int fd = memfd_create("empty", 0);
  map_case_page(kBeyondFile, both, MAP_SHARED, fd);
}

// Copies `size` bytes of code so that they end `before_end` bytes before the end of a page.
static inline void place_code(unsigned long page, const char* code, unsigned long size,
                              unsigned long before_end) {
  memcpy((char*)page + 4096 - before_end - size, code, size);
}

static inline void finish_code(void) {
  EXPECT(mprotect((void*)kCode, 4096, PROT_READ | PROT_EXEC) == 0);
  EXPECT(mprotect((void*)kCodeThenData, 4096, PROT_READ | PROT_EXEC) == 0);
}

// The context was interrupted with AC or DF set, which the handler inherits or C code must not
// meet.
static inline void clear_flags(void) {
  __asm__ volatile("pushq $0x202\n popfq" ::: "cc", "memory");
}

static inline void leave_case(ucontext_t* u) {
  u->uc_mcontext.gregs[REG_RIP] = (long)gantry_case_done;
  u->uc_mcontext.gregs[REG_EFL] = 0x202;
}

// Prints an address in a way that does not depend on where the program is loaded.
static inline void print_address(const char* label, unsigned long address, const struct Case* c) {
  unsigned long offset = address - (unsigned long)c->code, stack = address - gantry_case_stack;
  if (offset < 256) {
    printf(" %s=code+%lu", label, offset);
  } else if (stack + 4096 < 8192) {
    printf(" %s=stack%+ld", label, (long)stack);
  } else {
    printf(" %s=%lx", label, address);
  }
}
