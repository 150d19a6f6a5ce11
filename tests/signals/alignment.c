// EFLAGS.AC: at which alignments each kind of access raises #AC. A line has a bit for each offset of RDI
// (or RSP) from a 64-byte boundary, and what the first exception tells.
#include "tests/guest/cases.h"

static struct {
  int signal, code;
  unsigned long address, trap, error, rip, flags;
} seen;

static void on_exception(int signal, siginfo_t* info, void* context) {
  clear_flags();
  ucontext_t* u = context;
  const greg_t* r = u->uc_mcontext.gregs;
  seen.signal = signal;
  seen.code = info->si_code;
  seen.address = (unsigned long)info->si_addr;
  seen.trap = r[REG_TRAPNO];
  seen.error = r[REG_ERR];
  seen.rip = r[REG_RIP];
  seen.flags = r[REG_EFL];
  leave_case(u);
}

// Added to RDI in the case's first instruction.
unsigned long gantry_case_offset;

static void run(const struct Case* c) {
  unsigned raised = 0, other = 0;
  typeof(seen) first = {0};
  for (gantry_case_offset = 0; gantry_case_offset < 32; gantry_case_offset++) {
    memset((char*)kReadWrite + 0x700, 0, 0x600);
    seen.signal = 0;
    gantry_run_case(c->code);
    if (seen.signal == 0) continue;
    *(seen.signal == SIGBUS ? &raised : &other) |= 1u << gantry_case_offset;
    if (first.signal == 0) first = seen;
  }
  printf("%s: %08x", c->name, raised);
  if (other) printf(" other %08x", other);
  if (first.signal) {
    printf(" signal %d code %d trap %lu error %lx flags %lx", first.signal, first.code, first.trap, first.error,
           first.flags & 0x250702);
    print_address("rip", first.rip, c);
    print_address("addr", first.address, c);
  }
  printf("\n");
}

#define SET_AC "pushfq; orl $0x40000, (%rsp); popfq; "
#define ALIGNED(name, text) CASE(name, "add gantry_case_offset(%rip), %rdi; mov $0x10000a00, %esi;" SET_AC text)
#define STACK(name, text) CASE(name, "add gantry_case_offset(%rip), %rdi; mov $0x10000a00, %esi;" SET_AC "mov %rdi, %rsp;" text)
#define INTELS_ALIGNED(name, text) ALIGNED("Intel: " name, text)
#define INTELS_STACK(name, text) STACK("Intel: " name, text)

// --- general registers
ALIGNED("byte", "mov (%rdi), %al");
ALIGNED("word", "mov (%rdi), %ax");
ALIGNED("doubleword", "mov (%rdi), %eax");
ALIGNED("quadword", "mov (%rdi), %rax");
ALIGNED("word store", "mov %ax, (%rdi)");
ALIGNED("doubleword store", "mov %eax, (%rdi)");
ALIGNED("quadword store", "mov %rax, (%rdi)");
ALIGNED("update", "incl (%rdi)");
ALIGNED("locked update", "lock incl (%rdi)");
ALIGNED("xchg", "xchg %eax, (%rdi)");
ALIGNED("xadd", "xadd %rax, (%rdi)");
ALIGNED("cmpxchg", "cmpxchg %rax, (%rdi)");
ALIGNED("cmpxchg8b", "cmpxchg8b (%rdi)");
ALIGNED("cmpxchg16b", "cmpxchg16b (%rdi)");
ALIGNED("cmp", "cmpw $1, (%rdi)");
ALIGNED("test", "testl $1, (%rdi)");
ALIGNED("shift", "shlw $1, (%rdi)");
ALIGNED("shld", "shld $1, %rax, (%rdi)");
ALIGNED("neg", "negq (%rdi)");
ALIGNED("mul", "mull (%rdi)");
ALIGNED("div", "movq $1, (%rsi); xor %edx, %edx; mov (%rsi), %ebx; orb $1, (%rdi); divw (%rdi)");
ALIGNED("imul", "imul (%rdi), %rax");
ALIGNED("lea", "lea 1(%rdi), %rax");
ALIGNED("movzx byte", "movzbl (%rdi), %eax");
ALIGNED("movzx word", "movzwl (%rdi), %eax");
ALIGNED("movsxd", "movslq (%rdi), %rax");
ALIGNED("movbe", "movbe (%rdi), %eax");
ALIGNED("movbe store", "movbe %rax, (%rdi)");
ALIGNED("movnti", "movnti %eax, (%rdi)");
ALIGNED("movnti 8", "movnti %rax, (%rdi)");
ALIGNED("cmov false", "cmp %eax, %eax; cmovne (%rdi), %eax");
ALIGNED("sete", "sete (%rdi)");
ALIGNED("crc32", "crc32q (%rdi), %rax");
ALIGNED("popcnt", "popcnt (%rdi), %ax");
ALIGNED("bt immediate 16", "btw $3, (%rdi)");
ALIGNED("bt immediate", "btl $3, (%rdi)");
ALIGNED("bt immediate 64", "btq $3, (%rdi)");
ALIGNED("bt register 16", "xor %eax, %eax; bt %ax, (%rdi)");
ALIGNED("bt register", "xor %eax, %eax; bt %eax, (%rdi)");
ALIGNED("bt register 64", "xor %eax, %eax; bt %rax, (%rdi)");
ALIGNED("bt register, 40", "mov $40, %eax; bt %eax, (%rdi)");
ALIGNED("bts register", "xor %eax, %eax; bts %eax, (%rdi)");
ALIGNED("lock btc", "lock btcl $1, (%rdi)");
ALIGNED("adcx", "adcx (%rdi), %rax");
ALIGNED("andn", "andn (%rdi), %rax, %rbx");
ALIGNED("mulx", "mulx (%rdi), %rax, %rbx");
ALIGNED("pext", "pext (%rdi), %eax, %ebx");
ALIGNED("moffs", "movabs 0x10000901, %eax");
ALIGNED("absolute", "mov 0x10000902, %rax");
ALIGNED("xlat", "mov %rdi, %rbx; xlat");
ALIGNED("mov from segment", "mov %ds, (%rdi)");
ALIGNED("mov to segment", "mov (%rdi), %es");
ALIGNED("lss 32", "movw $0x2b, 4(%rdi); lss (%rdi), %eax");
ALIGNED("lgs 16", "lgsw (%rdi), %ax");
ALIGNED("lgs 32", "lgsl (%rdi), %eax");
INTELS_ALIGNED("lgs 64", "lgs (%rdi), %rax");
ALIGNED("verr", "verr (%rdi)");
ALIGNED("lar", "lar (%rdi), %eax");
ALIGNED("lsl", "lsl (%rdi), %rax");
ALIGNED("sgdt", "sgdt (%rdi)");
ALIGNED("sldt", "sldt (%rdi)");
ALIGNED("smsw", "smsw (%rdi)");
ALIGNED("prefetch", "prefetcht0 (%rdi)");
ALIGNED("clflush", "clflush (%rdi)");
ALIGNED("nop", "nopl (%rdi)");
ALIGNED("ud1", "ud1 (%rdi), %eax");

// --- strings
ALIGNED("movsb", "movsb");
ALIGNED("movsw to", "movsw");
ALIGNED("movsw from", "xchg %esi, %edi; movsw");
ALIGNED("movsl to", "movsl");
ALIGNED("movsl from", "xchg %esi, %edi; movsl");
ALIGNED("movsq to", "movsq");
ALIGNED("movsq from", "xchg %esi, %edi; movsq");
ALIGNED("movsq backward", "std; movsq");
ALIGNED("rep movsb", "rep movsb");
ALIGNED("rep movsl to", "rep movsl");
ALIGNED("rep movsl from", "xchg %esi, %edi; rep movsl");
ALIGNED("rep movsq to", "rep movsq");
ALIGNED("rep movsq none", "xor %ecx, %ecx; rep movsq");
ALIGNED("rep movsq many", "mov $16, %ecx; rep movsq");
ALIGNED("stosw", "stosw");
ALIGNED("stosl", "stosl");
ALIGNED("rep stosq", "rep stosq");
ALIGNED("rep stosl none", "xor %ecx, %ecx; rep stosl");
ALIGNED("lodsw", "mov %edi, %esi; lodsw");
ALIGNED("rep lodsl", "mov %edi, %esi; rep lodsl");
ALIGNED("cmpsw", "cmpsw");
ALIGNED("repe cmpsl", "repe cmpsl");
ALIGNED("repe cmpsq from", "xchg %esi, %edi; repe cmpsq");
ALIGNED("repne scasl", "repne scasl");
ALIGNED("scasq", "scasq");

// --- stack and control
STACK("push", "push %rax");
STACK("push 16", "pushw %ax");
STACK("push immediate", "push $1");
STACK("push memory", "push (%rsi)");
STACK("push fs", "push %fs");
STACK("pop", "pop %rax");
STACK("pop 16", "popw %ax");
STACK("pop memory", "pop (%rsi)");
INTELS_STACK("pop gs", "pop %gs");
STACK("pushf", "pushfq");
STACK("pushfw", "pushfw");
STACK("popf", "popfq");
STACK("call", "call 1f; 1: nop");
STACK("ret", "lea 1f(%rip), %rax; mov %rsp, %rsi; pushfq; ud2; 1: nop");
STACK("enter", "enter $16, $0");
STACK("enter with levels", "mov $0x10000980, %ebp; enter $16, $2");
STACK("enter 16", "data16 enter $16, $0");
STACK("leave", "leave");
ALIGNED("leave from", "mov %rdi, %rbp; leave");
ALIGNED("push from", "push (%rdi)");
ALIGNED("pop to", "push %rax; pop (%rdi)");
#define CLEAR_AC "pushq $0x202; popfq;"
ALIGNED("return", CLEAR_AC "lea 1f(%rip), %rax; mov %rax, (%rdi);" SET_AC "mov %rdi, %rsp; ret; ud2; 1: nop");
ALIGNED("jump through", CLEAR_AC "lea 1f(%rip), %rax; mov %rax, (%rdi);" SET_AC "jmp *(%rdi); ud2; 1: nop");
ALIGNED("call through", CLEAR_AC "lea 1f(%rip), %rax; mov %rax, (%rdi);" SET_AC "call *(%rdi); ud2; 1: nop");
INTELS_ALIGNED("far jump through",
        CLEAR_AC "lea 1f(%rip), %rax; mov %rax, (%rdi); movw $0x33, 8(%rdi);" SET_AC "rex64 ljmp *(%rdi); ud2; 1: nop");
INTELS_ALIGNED("far call through",
        CLEAR_AC "lea 1f(%rip), %rax; mov %rax, (%rdi); movw $0x33, 8(%rdi);" SET_AC "rex64 lcall *(%rdi); ud2; 1: nop");
ALIGNED("far return",
        CLEAR_AC "lea 1f(%rip), %rax; mov %rax, (%rdi); movq $0x33, 8(%rdi);" SET_AC "mov %rdi, %rsp; lretq; ud2; 1: nop");
ALIGNED("iret", CLEAR_AC
        "lea 1f(%rip), %rax; mov %rax, (%rdi); movq $0x33, 8(%rdi); movq $0x40202, 16(%rdi); mov %rsp, 24(%rdi);"
        "movq $0x2b, 32(%rdi);" SET_AC "mov %rdi, %rsp; iretq; ud2; 1: nop");
ALIGNED("iret that sets it", CLEAR_AC
        "mov %rsp, %rax; push $0x2b; push %rax; push $0x40202; push $0x33; lea 1f(%rip), %rax; push %rax;"
        "iretq; ud2; 1: mov (%rdi), %eax");

// --- x87
ALIGNED("fld single", "flds (%rdi)");
ALIGNED("fld double", "fldl (%rdi)");
ALIGNED("fld extended", "fldt (%rdi)");
ALIGNED("fst single", "fld1; fsts (%rdi)");
ALIGNED("fst double", "fld1; fstl (%rdi)");
ALIGNED("fstp extended", "fld1; fstpt (%rdi)");
ALIGNED("fild 16", "filds (%rdi)");
ALIGNED("fild 32", "fildl (%rdi)");
ALIGNED("fild 64", "fildq (%rdi)");
ALIGNED("fist 16", "fld1; fists (%rdi)");
ALIGNED("fistp 64", "fld1; fistpq (%rdi)");
ALIGNED("fisttp 32", "fld1; fisttpl (%rdi)");
ALIGNED("fadd double", "fldz; faddl (%rdi)");
ALIGNED("fiadd 16", "fldz; fiadds (%rdi)");
ALIGNED("fbld", "fbld (%rdi)");
ALIGNED("fbstp", "fld1; fbstp (%rdi)");
ALIGNED("fnstcw", "fnstcw (%rdi)");
ALIGNED("fldcw", CLEAR_AC "movw $0x37f, (%rdi);" SET_AC "fldcw (%rdi)");
ALIGNED("fnstsw", "fnstsw (%rdi)");
ALIGNED("fnstenv", "fnstenv (%rdi)");
ALIGNED("fnstenv 16", "data16 fnstenv (%rdi)");
ALIGNED("fldenv", CLEAR_AC "fnstenv (%rdi);" SET_AC "fldenv (%rdi)");
ALIGNED("fldenv 16", CLEAR_AC "data16 fnstenv (%rdi);" SET_AC "data16 fldenv (%rdi)");
ALIGNED("fnsave", "fnsave (%rdi)");
ALIGNED("fnsave 16", "data16 fnsave (%rdi)");
ALIGNED("frstor", CLEAR_AC "fnsave (%rdi);" SET_AC "frstor (%rdi)");
ALIGNED("frstor 16", CLEAR_AC "data16 fnsave (%rdi);" SET_AC "data16 frstor (%rdi)");
ALIGNED("fxsave", "fxsave (%rdi)");
ALIGNED("fxrstor", CLEAR_AC "fxsave (%rsi);" SET_AC "mov %edi, %eax; and $31, %eax; add %rax, %rsi; fxrstor (%rsi)");
ALIGNED("stmxcsr", "stmxcsr (%rdi)");
ALIGNED("ldmxcsr", CLEAR_AC "movl $0x1f80, (%rdi);" SET_AC "ldmxcsr (%rdi)");

// --- MMX and SSE
ALIGNED("movd mmx", "movd (%rdi), %mm0");
ALIGNED("movq mmx", "movq (%rdi), %mm0");
ALIGNED("movq mmx store", "movq %mm0, (%rdi)");
ALIGNED("movntq", "movntq %mm0, (%rdi)");
ALIGNED("paddb mmx", "paddb (%rdi), %mm0");
ALIGNED("punpcklbw mmx", "punpcklbw (%rdi), %mm0");
ALIGNED("psllq mmx", "psllq (%rdi), %mm0");
ALIGNED("pinsrw mmx", "pinsrw $1, (%rdi), %mm0");
ALIGNED("cvtpi2ps", "cvtpi2ps (%rdi), %xmm0");
ALIGNED("cvtpi2pd", "cvtpi2pd (%rdi), %xmm0");
ALIGNED("cvtpd2pi", "cvtpd2pi (%rdi), %mm0");
ALIGNED("maskmovq", "pcmpeqb %mm0, %mm0; maskmovq %mm0, %mm1");
ALIGNED("movss", "movss (%rdi), %xmm0");
ALIGNED("movsd", "movsd (%rdi), %xmm0");
ALIGNED("movss store", "movss %xmm0, (%rdi)");
ALIGNED("movsd store", "movsd %xmm0, (%rdi)");
ALIGNED("movd", "movd (%rdi), %xmm0");
ALIGNED("movq", "movq (%rdi), %xmm0");
ALIGNED("movq store", "movq %xmm0, (%rdi)");
ALIGNED("movlps", "movlps (%rdi), %xmm0");
ALIGNED("movhpd", "movhpd (%rdi), %xmm0");
ALIGNED("movhps store", "movhps %xmm0, (%rdi)");
ALIGNED("movddup", "movddup (%rdi), %xmm0");
INTELS_ALIGNED("movups", "movups (%rdi), %xmm0");
INTELS_ALIGNED("movupd store", "movupd %xmm0, (%rdi)");
INTELS_ALIGNED("movdqu", "movdqu (%rdi), %xmm0");
INTELS_ALIGNED("movdqu store", "movdqu %xmm0, (%rdi)");
INTELS_ALIGNED("lddqu", "lddqu (%rdi), %xmm0");
ALIGNED("movaps", "movaps (%rdi), %xmm0");
ALIGNED("movntdq", "movntdq %xmm0, (%rdi)");
ALIGNED("addss", "addss (%rdi), %xmm0");
ALIGNED("addsd", "addsd (%rdi), %xmm0");
ALIGNED("addps", "addps (%rdi), %xmm0");
ALIGNED("comiss", "comiss (%rdi), %xmm0");
ALIGNED("ucomisd", "ucomisd (%rdi), %xmm0");
ALIGNED("cvtss2sd", "cvtss2sd (%rdi), %xmm0");
ALIGNED("cvtsi2sd", "cvtsi2sdl (%rdi), %xmm0");
ALIGNED("cvtsi2sd 64", "cvtsi2sdq (%rdi), %xmm0");
ALIGNED("cvtsd2si", "cvtsd2si (%rdi), %rax");
ALIGNED("cvtps2pd", "cvtps2pd (%rdi), %xmm0");
ALIGNED("cvtdq2pd", "cvtdq2pd (%rdi), %xmm0");
ALIGNED("pmovzxbq", "pmovzxbq (%rdi), %xmm0");
ALIGNED("pmovzxbd", "pmovzxbd (%rdi), %xmm0");
ALIGNED("pmovsxwd", "pmovsxwd (%rdi), %xmm0");
ALIGNED("pinsrb", "pinsrb $1, (%rdi), %xmm0");
ALIGNED("pinsrw", "pinsrw $1, (%rdi), %xmm0");
ALIGNED("pinsrd", "pinsrd $1, (%rdi), %xmm0");
ALIGNED("pinsrq", "pinsrq $1, (%rdi), %xmm0");
ALIGNED("insertps", "insertps $0, (%rdi), %xmm0");
ALIGNED("pextrb", "pextrb $1, %xmm0, (%rdi)");
ALIGNED("pextrw", "pextrw $1, %xmm0, (%rdi)");
ALIGNED("pextrd", "pextrd $1, %xmm0, (%rdi)");
ALIGNED("extractps", "extractps $1, %xmm0, (%rdi)");
ALIGNED("roundss", "roundss $0, (%rdi), %xmm0");
ALIGNED("cmpsd", "cmpeqsd (%rdi), %xmm0");
INTELS_ALIGNED("pcmpistri", "pcmpistri $0, (%rdi), %xmm0");
INTELS_ALIGNED("pcmpestrm", "pcmpestrm $0, (%rdi), %xmm0");
ALIGNED("maskmovdqu", "pcmpeqb %xmm0, %xmm0; maskmovdqu %xmm0, %xmm1");
ALIGNED("aesenc", "aesenc (%rdi), %xmm0");

// --- other exceptions come first or last
ALIGNED("unmapped", "lea 0x3000(%rdi), %rdi; mov (%rdi), %eax");
ALIGNED("read-only", "lea 0x2000(%rdi), %rdi; mov %eax, (%rdi)");
ALIGNED("crossing into unmapped", "lea 0x7f0(%rdi), %rdi; mov (%rdi), %rax");
ALIGNED("non-canonical", "lea (%rdi,%rdx), %rdx; mov (%rdx), %eax");
ALIGNED("kernel", "and $31, %edi; lea (%rdi,%r8), %rdx; mov (%rdx), %eax");
ALIGNED("divide by zero", "xor %eax, %eax; xor %edx, %edx; divl (%rdi)");
ALIGNED("push from unaligned to unmapped", "mov %rbx, %rsp; push (%rdi)");
ALIGNED("push from unmapped to unaligned", "mov %rdi, %rsp; push (%rbx)");
ALIGNED("movsl from unmapped", "mov %ebx, %esi; movsl");
ALIGNED("movsl to unmapped", "mov %edi, %esi; mov %ebx, %edi; movsl");
ALIGNED("x87 pending", "movw $0x37b, (%rsi); fldcw (%rsi); fld1; fldz; fdivrp; fldl (%rdi)");
ALIGNED("simd", "movl $0x1d80, (%rsi); ldmxcsr (%rsi); movss 256(%rsi), %xmm1; divss (%rdi), %xmm1");
ALIGNED("cleared by popf", CLEAR_AC "mov (%rdi), %eax");
ALIGNED("kept by a system call", "mov $39, %eax; syscall; mov (%rdi), %eax");
ALIGNED("with the trap flag", "pushfq; orl $0x100, (%rsp); popfq; mov (%rdi), %eax; nop");
ALIGNED("sysret flags", "mov $39, %eax; syscall; pushfq; popq %rax; bt $18, %eax; jc 1f; ud2; 1: nop");

int main(void) {
  map_case_pages();
  use_alternate_stack();
  int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
  for (int i = 0; i < 5; i++) install(signals[i], on_exception, SA_ONSTACK);
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (const struct Case* c = __start_gantry_cases; c < __stop_gantry_cases; c++) run(c);
  return 0;
}
