// Single steps: where each debug trap finds RIP, and with which flags.
#include "tests/guest/cases.h"

enum { kMaxTraps = 48 };
static struct Trap {
  int signal, code;
  unsigned long trap, address, rip, flags, rsp, rcx;
} traps[kMaxTraps];
static int count;
static unsigned long restored_flags;  // what the handler of SIGILL adds

static struct Trap* record(int signal, siginfo_t* info, const greg_t* r) {
  struct Trap* t = &traps[count++];
  t->signal = signal;
  t->code = info->si_code;
  t->trap = r[REG_TRAPNO];
  t->address = (unsigned long)info->si_addr;
  t->rip = r[REG_RIP];
  t->flags = r[REG_EFL];
  t->rsp = r[REG_RSP];
  t->rcx = r[REG_RCX];
  return t;
}

static void on_trap(int signal, siginfo_t* info, void* context) {
  clear_flags();
  ucontext_t* u = context;
  record(signal, info, u->uc_mcontext.gregs);
  if (count == kMaxTraps) leave_case(u);
}

static void on_fault(int signal, siginfo_t* info, void* context) {
  clear_flags();
  ucontext_t* u = context;
  record(signal, info, u->uc_mcontext.gregs);
  leave_case(u);
}

// Steps over ud2 and may set TF behind it.
static void on_illegal(int signal, siginfo_t* info, void* context) {
  clear_flags();
  ucontext_t* u = context;
  record(signal, info, u->uc_mcontext.gregs);
  u->uc_mcontext.gregs[REG_RIP] += 2;
  u->uc_mcontext.gregs[REG_EFL] |= restored_flags;
  if (count == kMaxTraps) leave_case(u);
}

// Makes the read-only page writable: the instruction runs again.
static void on_segv(int signal, siginfo_t* info, void* context) {
  if ((unsigned long)info->si_addr >> 12 != kReadOnly >> 12) return on_fault(signal, info, context);
  on_trap(signal, info, context);
  EXPECT(mprotect((void*)kReadOnly, 4096, PROT_READ | PROT_WRITE) == 0);
}

static void on_sent(int signal, siginfo_t* info, void* context) { on_trap(signal, info, context); }

static void run(const struct Case* c) {
  count = 0;
  restored_flags = strstr(c->name, "sigreturn") ? 0x100 : 0;
  EXPECT(mprotect((void*)kReadOnly, 4096, PROT_READ) == 0);
  gantry_run_case(c->code);
  printf("%s: %d\n", c->name, count);
  for (int i = 0; i < count; i++) {
    const struct Trap* t = &traps[i];
    printf("  signal %d", t->signal);
    if (t->signal != SIGUSR1) printf(" code %d trap %lu", t->code, t->trap);
    printf(" flags %#lx", t->flags & 0x254fd5);
    print_address("rip", t->rip, c);
    if (t->signal != SIGUSR1) print_address("addr", t->address, c);
    print_address("rsp", t->rsp, c);
    printf(" rcx=%lx\n", t->rcx < 64 ? t->rcx : 0);
  }
}

#define SET_TF "xor %eax, %eax; pushfq; orl $0x100, (%rsp); popfq; "
#define CLEAR_TF "; pushfq; andl $~0x100, (%rsp); popfq; nop"
#define STEPPED(name, text) CASE(name, SET_TF text CLEAR_TF)
#define INTELS_STEPPED(name, text) INTELS_CASE(name, SET_TF text CLEAR_TF)

STEPPED("nothing", "");
STEPPED("nops", "nop; nop; nop");
STEPPED("moves", "mov %rax, %rbx; mov %rbx, 8(%rdi); addl $1, 8(%rdi); stc; cmc");
STEPPED("popf sets it again", "pushfq; popfq; nop");
STEPPED("pushf shows it", "pushfq; popq %rax; bt $8, %eax; jc 1f; nop; 1: nop");
STEPPED("popfw", "pushfw; popfw; nop");
STEPPED("branches", "jmp 1f; ud2; 1: cmp %eax, %eax; jne 2f; je 2f; ud2; 2: nop");
STEPPED("call and ret", "call 1f; jmp 2f; 1: ret; 2: nop");
STEPPED("loop", "mov $3, %ecx; 1: loop 1b; nop");
STEPPED("mov ss", "mov %ss, %edx; mov %edx, %ss; nop; nop");
INTELS_STEPPED("mov ss twice", "mov %ss, %edx; mov %edx, %ss; mov %edx, %ss; mov %edx, %ss; nop; nop");
STEPPED("mov ss before a branch", "mov %ss, %edx; mov %edx, %ss; jmp 1f; ud2; 1: nop");
STEPPED("mov ss before popf", "mov %ss, %edx; pushfq; mov %edx, %ss; popfq; nop");
INTELS_STEPPED("mov ss before a string", "mov %ss, %edx; mov %edx, %ss; rep movsb; nop");
STEPPED("mov ds", "mov %ss, %edx; mov %edx, %ds; nop; xor %edx, %edx; mov %edx, %ds; nop");
INTELS_STEPPED("lss", "mov %rsp, (%rdi); movl $0x2b, 8(%rdi); lss (%rdi), %rsp; nop; nop");
STEPPED("syscall", "mov $39, %eax; syscall; nop; nop");
STEPPED("syscall, flags in r11", "mov $39, %eax; syscall; bt $8, %r11; jc 1f; nop; 1: nop");
STEPPED("syscall that is none", "mov $-1, %eax; syscall; nop");
STEPPED("two syscalls", "mov $39, %eax; syscall; mov $39, %eax; syscall; mov $39, %eax; syscall; nop");
INTELS_STEPPED("rep movsb", "rep movsb; nop");
STEPPED("rep movsb once", "mov $1, %ecx; rep movsb; nop");
STEPPED("rep movsb none", "xor %ecx, %ecx; rep movsb; nop");
INTELS_STEPPED("rep movsb backward", "std; rep movsb; cld; nop");
INTELS_STEPPED("rep movsq with ecx", "mov $2, %ecx; addr32 rep movsq; nop");
INTELS_STEPPED("rep stosl", "rep stosl; nop");
INTELS_STEPPED("rep lodsb", "rep lodsb; nop");
INTELS_STEPPED("repe cmpsb", "mov %edi, %esi; mov $4, %ecx; movl $0, (%rdi); repe cmpsb; nop");
INTELS_STEPPED("repe cmpsb that differs", "movl $0x00010000, (%rdi); mov $8, %ecx; stc; repe cmpsb; nop");
INTELS_STEPPED("repne scasb", "movl $0x00010000, (%rdi); mov $1, %al; mov $8, %ecx; repne scasb; nop");
INTELS_STEPPED("repe scasb ends with the count", "movl $0, (%rdi); xor %eax, %eax; mov $2, %ecx; repe scasb; nop");
STEPPED("movsb", "movsb; nop");
INTELS_STEPPED("rep movsb into unmapped", "mov $0x10000ffe, %edi; rep movsb; nop");
STEPPED("rep stosb to read-only", "mov $0x10002ffe, %edi; mov $2, %ecx; rep stosb; nop");
STEPPED("int3", "int3; nop");
INTELS_STEPPED("int1", ".byte 0xf1; nop");
STEPPED("int 3", ".byte 0xcd, 3; nop");
STEPPED("ud2", "ud2; nop");
STEPPED("fault", "mov (%rbx), %eax; nop");
STEPPED("fault that is repaired", "mov %eax, (%rsi); nop");
STEPPED("divide", "xor %edx, %edx; xor %ecx, %ecx; div %ecx; nop");
STEPPED("jump to unmapped", "jmp *%rbx");
STEPPED("push unmapped", "mov %rbx, %rsp; push %rax");
STEPPED("cpuid", "cpuid; nop");
STEPPED("rdtsc", "rdtsc; nop");
STEPPED("pause", "pause; nop");
STEPPED("x87", "fld1; fld1; faddp; fwait; fstp %st(0)");
STEPPED("sse", "addps %xmm0, %xmm1; movaps (%rdi), %xmm2");
STEPPED("locked", "lock incl (%rdi); xchg %eax, (%rdi)");
STEPPED("iret", "mov %ss, %edx; mov %rsp, %rax; push %rdx; push %rax; pushfq; push $0x33; lea 1f(%rip), %rax; push %rax; iretq; ud2; 1: nop");
STEPPED("far return", "push $0x33; lea 1f(%rip), %rax; push %rax; lretq; ud2; 1: nop");
STEPPED("signal from a syscall", "mov $39, %eax; syscall; mov %eax, %edi; mov $10, %esi; mov $62, %eax; syscall; nop; nop");
STEPPED("own page", "movb $0x90, 1000(%rip); nop");
CASE("iret sets it",
     "mov %ss, %edx; mov %rsp, %rax; push %rdx; push %rax; push $0x302; push $0x33; lea 1f(%rip), %rax; push %rax; iretq; ud2;"
     "1: nop; nop" CLEAR_TF);
CASE("sigreturn sets it", "ud2; nop; nop; nop" CLEAR_TF);
CASE("sigreturn sets it before a fault", "ud2; mov (%rbx), %eax");
CASE("sigreturn sets it before ud2", "ud2; ud2; nop" CLEAR_TF);
CASE("sigreturn sets it before a syscall", "ud2; syscall; nop; nop" CLEAR_TF);
CASE("sigreturn sets it before int3", "ud2; int3; nop" CLEAR_TF);
CASE("sigreturn sets it before popf", "pushfq; ud2; popfq; nop; nop");
CASE("popf sets it before a fault", SET_TF "mov (%rbx), %eax");
CASE("popf clears it", SET_TF "nop; push $0x202; popfq; nop; nop");
CASE("popfw sets it", "pushfw; orw $0x100, (%rsp); popfw; nop; nop" CLEAR_TF);
CASE("signal without it", "mov $39, %eax; syscall; mov %eax, %edi; mov $10, %esi; mov $62, %eax; syscall; nop");

int main(void) {
  map_case_pages();
  use_alternate_stack();
  // The program's own text, which "own page" writes to.
  unsigned long text = (unsigned long)__start_gantry_cases[0].code & ~4095ul;
  EXPECT(mprotect((void*)text, 65536, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
  install(SIGTRAP, on_trap, SA_ONSTACK);
  install(SIGILL, on_illegal, SA_ONSTACK);
  install(SIGSEGV, on_segv, SA_ONSTACK);
  install(SIGBUS, on_fault, SA_ONSTACK);
  install(SIGFPE, on_fault, SA_ONSTACK);
  install(SIGUSR1, on_sent, SA_ONSTACK);
  for (const struct Case* c = __start_gantry_cases; c < __stop_gantry_cases; c++) run(c);
  return 0;
}
