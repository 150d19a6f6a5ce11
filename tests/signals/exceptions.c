// Every exception that a program can raise, one case a line: signal, si_code, si_addr and what the
// context tells.
#include "tests/guest/cases.h"

static struct {
  int signal, code;
  unsigned long address, trap, error, fault_address, rip, flags, rsp, rcx, rsi, rdi;
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
  seen.fault_address = r[REG_CR2];
  seen.rip = r[REG_RIP];
  seen.flags = r[REG_EFL];
  seen.rsp = r[REG_RSP];
  seen.rcx = r[REG_RCX];
  seen.rsi = r[REG_RSI];
  seen.rdi = r[REG_RDI];
  leave_case(u);
}

static void run(const struct Case* c) {
  seen.signal = 0;
  gantry_run_case(c->code);
  printf("%s:", c->name);
  if (seen.signal == 0) {
    printf(" no signal\n");
    return;
  }
  printf(" signal %d code %d trap %ld error %#lx flags %#lx", seen.signal, seen.code, seen.trap, seen.error,
         seen.flags & 0x25f702);
  print_address("addr", seen.address, c);
  print_address("cr2", seen.fault_address, c);
  print_address("rip", seen.rip, c);
  print_address("rsp", seen.rsp, c);
  printf(" rcx=%lx rsi=%lx rdi=%lx\n", seen.rcx, seen.rsi, seen.rdi);
}

// --- #DE
CASE("divb by zero", "xor %ebx, %ebx; div %bl");
CASE("divw by zero", "xor %ebx, %ebx; div %bx");
CASE("divl by zero", "xor %ebx, %ebx; div %ebx");
CASE("divq by zero", "xor %ebx, %ebx; div %rbx");
CASE("divq overflow", "mov $1, %ebx; mov $1, %edx; div %rbx");
CASE("idivb overflow", "mov $0x8000, %eax; mov $-1, %bl; idiv %bl");
CASE("idivl overflow", "mov $0x80000000, %eax; mov %eax, %edx; sar $31, %edx; mov $-1, %ebx; idiv %ebx");
CASE("idivq overflow", "mov $1, %rax; ror $1, %rax; cqo; mov $-1, %rbx; idiv %rbx");
CASE("divl by zero in memory", "stc; divl (%rsi)");
CASE("divl by unmapped memory", "divl (%rbx)");

// --- #UD
CASE("ud2", "ud2");
CASE("ud1", "ud1 %eax, %eax");
CASE("ud1 unmapped", "ud1 (%rbx), %eax");
CASE("ud0", ".byte 0x0f, 0xff, 0xc0");
CASE("push es", ".byte 0x06");
CASE("pop es", ".byte 0x07");
CASE("push cs", ".byte 0x0e");
CASE("push ss", ".byte 0x16");
CASE("pop ss", ".byte 0x17");
CASE("push ds", ".byte 0x1e");
CASE("pop ds", ".byte 0x1f");
CASE("daa", ".byte 0x27");
CASE("das", ".byte 0x2f");
CASE("aaa", ".byte 0x37");
CASE("aas", ".byte 0x3f");
CASE("pusha", ".byte 0x60");
CASE("popa", ".byte 0x61");
CASE("82 group", ".byte 0x82, 0xc0, 0x01");
CASE("call far immediate", ".byte 0x9a, 0, 0, 0, 0, 0x33, 0");
CASE("jmp far immediate", ".byte 0xea, 0, 0, 0, 0, 0x33, 0");
CASE("into", ".byte 0xce");
CASE("aam", ".byte 0xd4, 0x0a");
CASE("aad", ".byte 0xd5, 0x0a");
CASE("salc", ".byte 0xd6");
CASE("les with a register", ".byte 0xc4, 0xc0, 0x00, 0x00");
CASE("les with memory", ".byte 0xc4, 0x00, 0x00, 0x00");
CASE("lds with memory", ".byte 0xc5, 0x00, 0x00");
CASE("fe /2", ".byte 0xfe, 0xd0");
CASE("ff /7", ".byte 0xff, 0xf8");
CASE("call far register", ".byte 0xff, 0xd8");
CASE("jmp far register", ".byte 0xff, 0xe8");
CASE("8f /1", ".byte 0x8f, 0xc8, 0, 0, 0");
CASE("c6 /1", ".byte 0xc6, 0xc8, 0x00");
CASE("lea register", ".byte 0x8d, 0xc0");
CASE("mov to cs", ".byte 0x8e, 0xc8");
CASE("mov from segment 6", ".byte 0x8c, 0xf0");
CASE("0f 04", ".byte 0x0f, 0x04");
CASE("0f 0a", ".byte 0x0f, 0x0a");
CASE("0f 36", ".byte 0x0f, 0x36");
CASE("0f 39", ".byte 0x0f, 0x39, 0xc0");
CASE("0f a6", ".byte 0x0f, 0xa6, 0xc0");
CASE("0f a7", ".byte 0x0f, 0xa7, 0xc0");
CASE("0f ba /0", ".byte 0x0f, 0xba, 0xc0, 0x01");
CASE("0f c7 /0", ".byte 0x0f, 0xc7, 0xc0");
CASE("cmpxchg8b register", ".byte 0x0f, 0xc7, 0xc8");
CASE("3DNow!", ".byte 0x0f, 0x0f, 0xc0, 0x9e");
CASE("rsm", ".byte 0x0f, 0xaa");
CASE("monitor", ".byte 0x0f, 0x01, 0xc8");
CASE("mwait", ".byte 0x0f, 0x01, 0xc9");
CASE("clac", ".byte 0x0f, 0x01, 0xca");
CASE("stac", ".byte 0x0f, 0x01, 0xcb");
CASE("vmrun", ".byte 0x0f, 0x01, 0xd8");
CASE("mov from cr1", ".byte 0x0f, 0x20, 0xc8");
CASE("mov from cr0", "mov %cr0, %rax");
CASE("mov to cr8", "mov %rax, %cr8");
CASE("mov from dr7", "mov %db7, %rax");
CASE("mov from dr4", "mov %db4, %rax");
CASE("66 invalid SSE", ".byte 0x66, 0x0f, 0x52, 0xc0");
CASE("movnti register", ".byte 0x0f, 0xc3, 0xc0");
CASE("invalid 0f 38", ".byte 0x0f, 0x38, 0x0c, 0xc0");
CASE("invalid 0f 3a", ".byte 0x0f, 0x3a, 0x00, 0xc0, 0x00");
CASE("d9 reserved", ".byte 0xd9, 0xd1");
CASE("dd reserved", ".byte 0xdd, 0xf0");
CASE("df reserved", ".byte 0xdf, 0xf8");

// --- LOCK
CASE("lock nop", ".byte 0xf0, 0x90");
CASE("lock add register", ".byte 0xf0, 0x01, 0xc0");
CASE("lock mov", ".byte 0xf0, 0x89, 0x07");
CASE("lock cmp", ".byte 0xf0, 0x39, 0x07");
CASE("lock cmp unmapped", ".byte 0xf0, 0x39, 0x03");
CASE("lock bt", ".byte 0xf0, 0x0f, 0xa3, 0x07");
CASE("lock load form", ".byte 0xf0, 0x03, 0x07");
CASE("lock test", ".byte 0xf0, 0x85, 0x07");
CASE("lock jmp", ".byte 0xf0, 0xeb, 0x00");
CASE("lock hlt", ".byte 0xf0, 0xf4");
CASE("lock movaps", ".byte 0xf0, 0x0f, 0x28, 0x07");
CASE("lock vex", ".byte 0xf0, 0xc5, 0xf8, 0x77");
CASE("rex vex", ".byte 0x48, 0xc5, 0xf8, 0x77");
CASE("lock int3", ".byte 0xf0, 0xcc");
CASE("lock rep movsb", ".byte 0xf0, 0xf3, 0xa4");

// --- privileged
CASE("hlt", "hlt");
CASE("cli", "cli");
CASE("sti", "sti");
CASE("in imm", "in $0x80, %al");
CASE("in dx", "in %dx, %eax");
CASE("out imm", "out %al, $0x80");
CASE("out dx", "out %eax, %dx");
CASE("insb", "insb");
CASE("rep insl to unmapped", "mov %ebx, %edi; rep insl");
CASE("rep insb none", "xor %ecx, %ecx; rep insb");
CASE("rep outsb", "rep outsb");
CASE("lgdt", "lgdt (%rdi)");
CASE("lidt unmapped", "lidt (%rbx)");
CASE("lldt", "lldt %ax");
CASE("ltr", "ltr %ax");
CASE("lmsw", "lmsw %ax");
CASE("clts", "clts");
CASE("invd", "invd");
CASE("wbinvd", "wbinvd");
CASE("invlpg", "invlpg (%rdi)");
CASE("rdmsr", "rdmsr");
CASE("wrmsr", "wrmsr");
CASE("rdpmc", "rdpmc");
CASE("swapgs", "swapgs");
CASE("sysretq", "sysretq");
CASE("sysexitq", "sysexitq");
CASE("iret with nt", "pushfq; orl $0x4000, (%rsp); popfq; iretq");

// --- INT n
CASE("int3", "int3");
CASE("int 3 with two bytes", ".byte 0xcd, 0x03");
CASE("int1", ".byte 0xf1");
CASE("int 0", "int $0");
CASE("int 1", "int $1");
CASE("int 2", "int $2");
CASE("int 4", "int $4");
CASE("int 5", "int $5");
CASE("int 6", "int $6");
CASE("int 14", "int $14");
CASE("int 0x20", "int $0x20");
CASE("int 0xff", "int $0xff");

// --- #GP for addresses
CASE("read non-canonical", "mov (%rdx), %al");
CASE("write non-canonical", "mov %al, (%rdx)");
CASE("update non-canonical", "incl (%rdx)");
CASE("read kernel", "mov (%r8), %eax");
CASE("write kernel", "mov %eax, (%r8)");
CASE("update kernel", "incl (%r8)");
CASE("read last page", "mov (%r14), %rax");
CASE("read across the limit", "mov 4(%r14), %rax");
CASE("write across the limit", "mov %rax, 4(%r14)");
CASE("read across the limit, 16 bytes", "movups 4(%r14), %xmm0");
CASE("read below the kernel half", "mov $0xffff7ffffffffffc, %rax; mov (%rax), %rax");
CASE("read across the end of memory", "mov $-4, %rax; mov (%rax), %rax");
CASE("non-canonical with rbp", "mov %rdx, %rbp; mov (%rbp), %eax");
CASE("non-canonical with rsp", "mov %rdx, %rsp; mov (%rsp), %eax");
CASE("non-canonical with rsp index", "mov %rdx, %rsp; mov (%rsp,%rcx,4), %eax");
CASE("non-canonical with rbp as index", "mov %rdx, %rbp; mov (%rax,%rbp), %eax");
CASE("non-canonical with rbp and ds", "mov %rdx, %rbp; mov %ds:(%rbp), %eax");
CASE("non-canonical with rbp and es", "mov %rdx, %rbp; mov %es:(%rbp), %eax");
CASE("non-canonical with rbp and fs", "mov %rdx, %rbp; mov %fs:(%rbp), %eax");
CASE("non-canonical with ss", "mov %ss:(%rdx), %eax");
CASE("kernel with rbp", "mov %r8, %rbp; mov (%rbp), %eax");
CASE("clflush non-canonical", "clflush (%rdx)");
CASE("clflush unmapped", "clflush (%rbx)");
CASE("clwb unmapped", "clwb (%rbx)");
CASE("prefetch unmapped", "prefetcht0 (%rbx)");
CASE("prefetchw read-only", "prefetchw (%rsi)");
CASE("prefetch non-canonical", "prefetchnta (%rdx)");
CASE("nop non-canonical", "nopl (%rdx)");
CASE("lea non-canonical", "lea (%rdx), %rax");
CASE("xlat unmapped", "xlat");
CASE("moffs unmapped", "movabs 0x10004800, %al");
CASE("fxsave non-canonical", "fxsave (%rdx)");
CASE("cmpxchg16b non-canonical", "mov %rdx, %rbp; cmpxchg16b (%rbp)");

// --- #GP for alignment
CASE("movaps load", "movaps 1(%rdi), %xmm0");
CASE("movaps store", "movaps %xmm0, 1(%rdi)");
CASE("movaps unaligned and unmapped", "movaps 1(%rbx), %xmm0");
CASE("movaps unaligned with rbp", "movaps 1(%rbp), %xmm0");
CASE("movapd", "movapd 8(%rdi), %xmm0");
CASE("movdqa load", "movdqa 4(%rdi), %xmm0");
CASE("movdqa store to read-only", "movdqa %xmm0, 4(%rsi)");
CASE("movntps", "movntps %xmm0, 2(%rdi)");
CASE("movntdq", "movntdq %xmm0, 2(%rdi)");
CASE("movntdqa", "movntdqa 2(%rdi), %xmm0");
CASE("paddd", "paddd 1(%rdi), %xmm0");
CASE("addps", "addps 1(%rdi), %xmm0");
CASE("addss", "addss 1(%rdi), %xmm0");
CASE("pcmpistri", "pcmpistri $0, 1(%rdi), %xmm0");
CASE("lddqu", "lddqu 1(%rdi), %xmm0");
CASE("cvtps2pd", "cvtps2pd 1(%rdi), %xmm0");
CASE("fxsave", "fxsave 8(%rdi)");
CASE("fxrstor", "fxrstor 8(%rdi)");
CASE("fxsave unaligned and unmapped", "fxsave 8(%rbx)");
CASE("cmpxchg16b", "cmpxchg16b 8(%rdi)");
CASE("cmpxchg16b unaligned and unmapped", "cmpxchg16b 8(%rbx)");
CASE("cmpxchg8b unaligned", "cmpxchg8b 1(%rdi)");

// --- #GP for values
CASE("ldmxcsr reserved", "movl $0x10000, (%rdi); ldmxcsr (%rdi)");
CASE("mov null to ss", "xor %eax, %eax; mov %eax, %ss");
CASE("mov kernel to ss", "mov $0x18, %eax; mov %eax, %ss");
CASE("mov code to ss", "mov $0x33, %eax; mov %eax, %ss");
CASE("mov empty to ds", "mov $0x53, %eax; mov %eax, %ds");
CASE("mov beyond to es", "mov $0xfff8, %eax; mov %eax, %es");
CASE("mov ldt to es", "mov $0xf, %eax; mov %eax, %es");
CASE("mov kernel to ds", "mov $0x18, %eax; mov %eax, %ds");
CASE("pop empty to gs", "pushq $0x53; pop %gs");
CASE("lss null", "movq $0, (%rdi); movq $0, 8(%rdi); lss (%rdi), %rax");
CASE("wrgsbase non-canonical", "wrgsbase %rdx");
CASE("wrfsbase non-canonical", "wrfsbase %rdx");
CASE("fxrstor reserved mxcsr", "fxsave (%rdi); movl $-1, 24(%rdi); fxrstor (%rdi)");

// --- control transfer
CASE("jmp non-canonical", "jmp *%rdx");
CASE("jmp memory non-canonical", "mov %rdx, (%rdi); jmp *(%rdi)");
CASE("call non-canonical", "call *%rdx");
CASE("ret non-canonical", "push %rdx; ret");
CASE("ret imm non-canonical", "push %rdx; ret $16");
CASE("jmp kernel", "jmp *%r8");
CASE("call kernel", "call *%r8");
CASE("ret kernel", "push %r8; ret");
CASE("jmp unmapped", "jmp *%rbx");
CASE("call unmapped", "call *%rbx");
CASE("ret unmapped", "push %rbx; ret");
CASE("jmp not executable", "jmp *%rdi");
CASE("jmp read-only", "jmp *%rsi");
CASE("jmp no access", "jmp *%r9");
CASE("jmp beyond file", "jmp *%r11");
CASE("jmp last page", "jmp *%r14");
CASE("jmp through unmapped", "jmp *(%rbx)");
CASE("call through unmapped", "call *(%rbx)");
CASE("call with unmapped stack", "mov %rbx, %rsp; call *%rdi");
CASE("call non-canonical with unmapped stack", "mov %rbx, %rsp; call *%rdx");
CASE("ret with unmapped stack", "mov %rbx, %rsp; ret");
CASE("ret with non-canonical stack", "mov %rdx, %rsp; ret");
CASE("jmp far null", "movq $0, (%rdi); movq $0, 8(%rdi); ljmp *(%rdi)");
CASE("jmp far kernel", "movl $0, (%rdi); movl $0x10, 4(%rdi); ljmp *(%rdi)");
CASE("jmp far data", "movl $0, (%rdi); movl $0x2b, 4(%rdi); ljmp *(%rdi)");
CASE("jmp far empty", "movl $0, (%rdi); movl $0x53, 4(%rdi); ljmp *(%rdi)");
CASE("jmp far unmapped", "ljmp *(%rbx)");
CASE("jmp far tss", "movl $0, (%rdi); movl $0x40, 4(%rdi); ljmp *(%rdi)");
CASE("call far null", "movq $0, (%rdi); movq $0, 8(%rdi); lcall *(%rdi)");
CASE("call far kernel", "movl $0, (%rdi); movl $0x10, 4(%rdi); lcall *(%rdi)");
CASE("jmp far non-canonical", "mov %rdx, (%rdi); movl $0x33, 8(%rdi); rex64 ljmp *(%rdi)");
CASE("call far non-canonical", "mov %rdx, (%rdi); movl $0x33, 8(%rdi); rex64 lcall *(%rdi)");
CASE("lret null", "push $0; push $0; lretq");
CASE("lret kernel", "push $0x10; push $0; lretq");
CASE("lret data", "push $0x2b; push $0; lretq");
CASE("lret non-canonical", "push $0x33; push %rdx; lretq");
CASE("lret unmapped stack", "mov %rbx, %rsp; lretq");
CASE("lret unmapped target", "push $0x33; push %rbx; lretq");
CASE("iret null cs", "push $0x2b; push %rsp; pushfq; push $0; push %rbx; iretq");
CASE("iret kernel cs", "push $0x2b; push %rsp; pushfq; push $0x10; push %rbx; iretq");
CASE("iret null ss", "push $0; push %rsp; pushfq; push $0x33; push %rbx; iretq");
CASE("iret data cs", "push $0x2b; push %rsp; pushfq; push $0x2b; push %rbx; iretq");
CASE("iret unmapped", "push $0x2b; push %rsp; pushfq; push $0x33; push %rbx; iretq");
CASE("iret non-canonical", "push $0x2b; push %rsp; pushfq; push $0x33; push %rdx; iretq");
CASE("iret unmapped stack", "mov %rbx, %rsp; iretq");
CASE("iret non-canonical stack", "mov %rdx, %rsp; iretq");
CASE("iret to a trap with ac", "push $0x2b; push %rsp; push $0x40202; push $0x33; push %rbx; iretq");

// --- stack
CASE("push non-canonical", "mov %rdx, %rsp; push %rax");
CASE("pop non-canonical", "mov %rdx, %rsp; pop %rax");
CASE("push kernel", "mov %r8, %rsp; push %rax");
CASE("push unmapped", "mov %rbx, %rsp; push %rax");
CASE("push read-only", "mov %rsi, %rsp; push %rax");
CASE("push no access", "mov %r9, %rsp; push %rax");
CASE("push crossing below", "mov $0x10000004, %rsp; push %rax");
CASE("push crossing above", "mov $0x10001004, %rsp; push %rax");
CASE("pop crossing", "mov %r10, %rsp; pop %rax");
CASE("pop to read-only", "pop (%rsi)");
CASE("pop to unmapped", "pop (%rbx)");
CASE("pop to itself", "mov %rdi, %rsp; mov %rbx, (%rdi); pop (%rsp)");
CASE("push from unmapped", "push (%rbx)");
CASE("push from unmapped to unmapped", "mov %r8, %rsp; push (%rbx)");
CASE("pushf non-canonical", "mov %rdx, %rsp; pushfq");
CASE("popf unmapped", "mov %rbx, %rsp; popfq");
CASE("pushw unmapped", "mov %rbx, %rsp; pushw %ax");
CASE("enter unmapped", "mov %rbx, %rsp; enter $16, $0");
CASE("enter non-canonical", "mov %rdx, %rsp; enter $16, $0");
CASE("enter to read-only", "mov $0x1000c008, %esp; mov $0x10000008, %rsp; enter $16, $0");
CASE("enter with levels", "mov %rbx, %rbp; enter $16, $3");
CASE("leave unmapped", "mov %rbx, %rbp; leave");
CASE("leave non-canonical", "mov %rdx, %rbp; leave");

// --- #PF
CASE("read unmapped", "mov (%rbx), %eax");
CASE("write unmapped", "mov %eax, (%rbx)");
CASE("write read-only", "mov %eax, (%rsi)");
CASE("read no access", "mov (%r9), %eax");
CASE("write no access", "mov %eax, (%r9)");
CASE("read beyond file", "mov (%r11), %eax");
CASE("write beyond file", "mov %eax, (%r11)");
CASE("read null", "mov (%r13), %eax");
CASE("write null", "mov %eax, 16(%r13)");
CASE("read crossing", "mov (%r10), %eax");
CASE("write crossing", "mov %eax, (%r10)");
CASE("write crossing to read-only", "mov %eax, (%r12)");
CASE("read crossing, 16 bytes", "movups -4(%r10), %xmm0");
CASE("write crossing, 16 bytes", "movups %xmm0, -4(%r10)");
CASE("read crossing, x87", "fldt (%r10)");
CASE("write crossing, x87", "fldz; fstpt (%r10)");
CASE("write crossing to read-only, x87", "fldz; fstpt (%r12)");
CASE("read with 32-bit address", "mov (%ebx), %eax");
CASE("cmp unmapped", "cmp %eax, (%rbx)");
CASE("test unmapped", "test %eax, (%rbx)");
CASE("bt unmapped", "bt %eax, (%rbx)");
CASE("bt far", "mov $0x40000, %eax; bt %eax, (%rdi)");
CASE("add to unmapped", "add %eax, (%rbx)");
CASE("add to read-only", "add %eax, (%rsi)");
CASE("add immediate to unmapped", "addb $1, (%rbx)");
CASE("adc to unmapped", "adc %eax, (%rbx)");
CASE("sbb to unmapped", "sbb %eax, (%rbx)");
CASE("and to no access", "and %eax, (%r9)");
CASE("or beyond file", "or %eax, (%r11)");
CASE("inc unmapped", "incl (%rbx)");
CASE("dec unmapped", "decb (%rbx)");
CASE("inc crossing", "incl (%r10)");
CASE("inc crossing to read-only", "incl (%r12)");
CASE("inc before a page", "incl -2(%rbx)");
CASE("neg unmapped", "negl (%rbx)");
CASE("not unmapped", "notl (%rbx)");
CASE("shl unmapped", "shll (%rbx)");
CASE("shl by 0 unmapped", "shll $0, (%rbx)");
CASE("shl by cl 0 read-only", "xor %ecx, %ecx; shll %cl, (%rsi)");
CASE("shl by cl 0 unmapped", "xor %ecx, %ecx; shll %cl, (%rbx)");
CASE("rcl unmapped", "rcll %cl, (%rbx)");
CASE("rol unmapped", "rolq $3, (%rbx)");
CASE("shld unmapped", "shld $3, %eax, (%rbx)");
CASE("shrd by 0 read-only", "shrd $0, %eax, (%rsi)");
CASE("shrd by cl read-only", "shrd %cl, %eax, (%rsi)");
CASE("bts unmapped", "btsl $3, (%rbx)");
CASE("btr register unmapped", "btr %ecx, (%rbx)");
CASE("btc read-only", "btcl $3, (%rsi)");
CASE("xchg unmapped", "xchg %eax, (%rbx)");
CASE("xchg read-only", "xchg %eax, (%rsi)");
CASE("xadd unmapped", "xadd %eax, (%rbx)");
CASE("cmpxchg unmapped", "cmpxchg %ecx, (%rbx)");
CASE("cmpxchg that fails, read-only", "cmpxchg %ecx, (%rsi)");
CASE("cmpxchg8b unmapped", "cmpxchg8b (%rbx)");
CASE("cmpxchg8b that fails, read-only", "cmpxchg8b (%rsi)");
CASE("cmpxchg16b unmapped", "cmpxchg16b (%rbx)");
CASE("cmpxchg16b that fails, read-only", "cmpxchg16b (%rsi)");
CASE("lock inc unmapped", "lock incl (%rbx)");
CASE("lock inc read-only", "lock incl (%rsi)");
CASE("lock add read-only", "lock add %eax, (%rsi)");
CASE("lock or unmapped", "lock or %eax, (%rbx)");
CASE("lock neg unmapped", "lock negl (%rbx)");
CASE("lock not read-only", "lock notl (%rsi)");
CASE("lock bts unmapped", "lock btsl $3, (%rbx)");
CASE("lock xadd read-only", "lock xadd %eax, (%rsi)");
CASE("lock cmpxchg read-only", "lock cmpxchg %ecx, (%rsi)");
CASE("lock cmpxchg8b unmapped", "lock cmpxchg8b (%rbx)");
CASE("lock cmpxchg16b read-only", "lock cmpxchg16b (%rsi)");
CASE("sete unmapped", "sete (%rbx)");
CASE("sete read-only", "sete (%rsi)");
CASE("cmov false unmapped", "cmp %eax, %eax; cmovne (%rbx), %eax");
CASE("movnti unmapped", "movnti %eax, (%rbx)");
CASE("movbe unmapped", "movbe %eax, (%rbx)");
CASE("sgdt", "sgdt (%rbx)");
CASE("sidt read-only", "sidt (%rsi)");
CASE("sldt unmapped", "sldt (%rbx)");
CASE("str read-only", "str (%rsi)");
CASE("smsw non-canonical", "smsw (%rdx)");
CASE("mov from segment unmapped", "mov %ds, (%rbx)");
CASE("movsb from unmapped", "mov %ebx, %esi; movsb");
CASE("movsb to unmapped", "mov %ebx, %edi; movsb");
CASE("movsb from and to unmapped", "mov %ebx, %edi; lea 64(%rbx), %rsi; movsb");
CASE("rep movsb to read-only", "mov %esi, %edi; rep movsb");
CASE("rep movsb from unmapped", "mov %ebx, %esi; rep movsb");
CASE("rep movsb from and to unmapped", "mov %ebx, %edi; lea 64(%rbx), %rsi; rep movsb");
CASE("rep movsb into unmapped", "mov $0x10000ffc, %edi; mov $16, %ecx; rep movsb");
CASE("rep movsb out of mapped", "mov $0x10002ffc, %esi; mov $16, %ecx; rep movsb");
CASE("rep movsq across", "mov $0x10000ff4, %edi; mov $16, %ecx; rep movsq");
CASE("rep movsq backward", "mov $0x10000004, %edi; mov $16, %ecx; std; rep movsq");
CASE("rep movsb none", "mov %ebx, %edi; xor %ecx, %ecx; rep movsb");
CASE("rep stosb into unmapped", "mov $0x10000ffc, %edi; mov $16, %ecx; rep stosb");
CASE("rep stosl across", "mov $0x10000ff2, %edi; mov $16, %ecx; rep stosl");
CASE("rep stosb read-only", "mov %esi, %edi; rep stosb");
CASE("rep stosb non-canonical", "mov %rdx, %rdi; rep stosb");
CASE("stosb non-canonical", "mov %rdx, %rdi; stosb");
CASE("lodsb unmapped", "mov %ebx, %esi; lodsb");
CASE("rep lodsb into unmapped", "mov $0x10002ffc, %esi; mov $16, %ecx; rep lodsb");
CASE("cmpsb unmapped", "mov %ebx, %esi; cmpsb");
CASE("repe cmpsb into unmapped", "movabs $0x10002ffc, %rsi; mov $16, %ecx; repe cmpsb");
CASE("repne scasb into unmapped", "mov $0x10000ffc, %edi; mov $16, %ecx; mov $1, %al; repne scasb");
CASE("scasb non-canonical", "mov %rdx, %rdi; scasb");
CASE("movsb from non-canonical with ss", "mov %rdx, %rsi; movsb %ss:(%rsi), %es:(%rdi)");
CASE("maskmovdqu none", "mov %ebx, %edi; pxor %xmm0, %xmm0; maskmovdqu %xmm0, %xmm1");
CASE("maskmovdqu unmapped", "mov %ebx, %edi; pcmpeqb %xmm0, %xmm0; maskmovdqu %xmm0, %xmm1");
CASE("maskmovq read-only", "mov %esi, %edi; pcmpeqb %mm0, %mm0; maskmovq %mm0, %mm1");
CASE("movups load unmapped", "movups (%rbx), %xmm0");
CASE("movaps store read-only", "movaps %xmm0, (%rsi)");
CASE("movss store unmapped", "movss %xmm0, (%rbx)");
CASE("pextrb read-only", "pextrb $1, %xmm0, (%rsi)");
CASE("extractps unmapped", "extractps $1, %xmm0, (%rbx)");
CASE("movq mmx unmapped", "movq (%rbx), %mm0");
CASE("movq mmx read-only", "movq %mm0, (%rsi)");
CASE("fld unmapped", "fldl (%rbx)");
CASE("fst read-only", "fld1; fstpl (%rsi)");
CASE("fst with an empty stack, unmapped", "fstpl (%rbx)");
CASE("fist unmapped", "fld1; fistpl (%rbx)");
CASE("fbld unmapped", "fbld (%rbx)");
CASE("fbstp read-only", "fld1; fbstp (%rsi)");
CASE("fnstcw read-only", "fnstcw (%rsi)");
CASE("fldcw unmapped", "fldcw (%rbx)");
CASE("fnstsw unmapped", "fnstsw (%rbx)");
CASE("fnsave read-only", "fnsave (%rsi)");
CASE("frstor unmapped", "frstor (%rbx)");
CASE("fnstenv unmapped", "fnstenv (%rbx)");
CASE("fldenv unmapped", "fldenv (%rbx)");
CASE("fxsave read-only", "fxsave (%rsi)");
CASE("fxrstor unmapped", "fxrstor (%rbx)");
CASE("stmxcsr read-only", "stmxcsr (%rsi)");
CASE("ldmxcsr unmapped", "ldmxcsr (%rbx)");
CASE("lar unmapped", "lar (%rbx), %eax");
CASE("verr unmapped", "verr (%rbx)");

// --- fetch
CASE("fetch: 15 bytes", ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90");
CASE("fetch: 16 bytes", ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90");
CASE("fetch: 15 prefixes and more", ".byte 0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x81,0x00,0,0,0,0");
CASE("fetch: 15 prefixes and ud2", ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x0f,0x0b");
CASE("fetch: mov crossing", "mov $0x10010ffe, %eax; jmp *%rax");
CASE("fetch: mov crossing into data", "mov $0x10012ffe, %eax; jmp *%rax");
CASE("fetch: nop, mov crossing", "mov $0x10010ffd, %eax; jmp *%rax");
CASE("fetch: prefixes then unmapped", "mov $0x10010fe0, %eax; jmp *%rax");

struct Placed {
  unsigned long address;
  const char* code;
  unsigned long size;
};
static const struct Placed kPlaced[] = {
    {kCode + 0xffd, "\x90\xb8\x01", 3},
    {kCodeThenData + 0xffe, "\xb8\x01", 2},
    {kCode + 0xfe0, "\xe9\x0b\x00\x00\x00", 5},  // to 0xff0
    {kCode + 0xff0, "\x66\x66\x66\x66\xeb\x05", 6},
};

// --- #MF: at the next instruction that waits
#define UNMASK_X87(control) "movw $" control ", (%rdi); fldcw (%rdi); "
CASE("x87 zero divide", UNMASK_X87("0x037b") "fld1; fldz; fdivrp; nop; fwait");
CASE("x87 zero divide, next operation", UNMASK_X87("0x037b") "fld1; fldz; fdivrp; nop; fld1");
CASE("x87 zero divide, store", UNMASK_X87("0x037b") "fld1; fldz; fdivrp; fstpl (%rdi)");
CASE("x87 zero divide, fnstsw", UNMASK_X87("0x037b") "fld1; fldz; fdivrp; fnstsw %ax; fnclex; fwait");
CASE("x87 zero divide, fninit", UNMASK_X87("0x037b") "fld1; fldz; fdivrp; fninit; fwait");
CASE("x87 zero divide, fnsave", UNMASK_X87("0x037b") "fld1; fldz; fdivrp; fnsave (%rdi); fwait");
CASE("x87 zero divide, frstor", UNMASK_X87("0x037b") "fld1; fldz; fdivrp; fnsave (%rdi); frstor (%rdi); fwait");
CASE("x87 zero divide, mmx", UNMASK_X87("0x037b") "fld1; fldz; fdivrp; movq %mm0, %mm1");
CASE("x87 zero divide, mmx unmapped", UNMASK_X87("0x037b") "fld1; fldz; fdivrp; movq (%rbx), %mm1");
CASE("x87 zero divide, emms", UNMASK_X87("0x037b") "fld1; fldz; fdivrp; emms");
CASE("x87 zero divide, sse", UNMASK_X87("0x037b") "fld1; fldz; fdivrp; addps %xmm0, %xmm0");
CASE("x87 zero divide, fxsave", UNMASK_X87("0x037b") "fld1; fldz; fdivrp; fxsave (%rdi); fwait");
CASE("x87 zero divide, fld unmapped", UNMASK_X87("0x037b") "fld1; fldz; fdivrp; fldl (%rbx)");
CASE("x87 zero divide, fldcw", UNMASK_X87("0x037b") "fld1; fldz; fdivrp; movw $0x37f, (%rdi); fldcw (%rdi); fwait");
CASE("x87 zero divide, fnclex", UNMASK_X87("0x037b") "fld1; fldz; fdivrp; fnclex; fld1");
CASE("x87 unmasked later", "fld1; fldz; fdivrp; movw $0x037b, (%rdi); fldcw (%rdi); fwait");
CASE("x87 invalid", UNMASK_X87("0x037e") "fldz; fldz; fdivrp; fwait");
CASE("x87 stack overflow", UNMASK_X87("0x037e") "fld1; fld1; fld1; fld1; fld1; fld1; fld1; fld1; fld1; fwait");
CASE("x87 stack underflow", UNMASK_X87("0x037e") "fstp %st(0); fwait");
CASE("x87 denormal", UNMASK_X87("0x037d") "movl $1, 8(%rdi); flds 8(%rdi); fwait");
CASE("x87 overflow", UNMASK_X87("0x0377") "mov $0x7fefffffffffffff, %rax; mov %rax, (%rdi); fldl (%rdi); fstps 8(%rdi); fwait");
CASE("x87 underflow", UNMASK_X87("0x036f") "mov $0x0010000000000001, %rax; mov %rax, (%rdi); fldl (%rdi); fstps 8(%rdi); fwait");
CASE("x87 precision", UNMASK_X87("0x035f") "fld1; movl $0x40400000, (%rdi); fdivs (%rdi); fwait");
CASE("x87 overflow and precision", UNMASK_X87("0x0357") "mov $0x7fefffffffffffff, %rax; mov %rax, (%rdi); fldl (%rdi); fstps 8(%rdi); fwait");
CASE("x87 fist invalid", UNMASK_X87("0x037e") "mov $0x7fefffffffffffff, %rax; mov %rax, (%rdi); fldl (%rdi); fistpl 8(%rdi); fwait");

// --- #XM
#define UNMASK_SSE(mxcsr, a, b) \
  "movl $" mxcsr ", (%rdi); ldmxcsr (%rdi); mov $" a ", %eax; movd %eax, %xmm0; mov $" b ", %eax; movd %eax, %xmm1; "
CASE("simd invalid", UNMASK_SSE("0x1f00", "0", "0") "divss %xmm1, %xmm0");
CASE("simd signaling", UNMASK_SSE("0x1f00", "0x7f800001", "0") "addss %xmm1, %xmm0");
CASE("simd zero divide", UNMASK_SSE("0x1d80", "0x3f800000", "0") "divss %xmm1, %xmm0");
CASE("simd overflow", UNMASK_SSE("0x1b80", "0x7f7fffff", "0x7f7fffff") "mulss %xmm1, %xmm0");
CASE("simd underflow", UNMASK_SSE("0x1780", "0x00800001", "0x3f000000") "mulss %xmm1, %xmm0");
CASE("simd precision", UNMASK_SSE("0x0f80", "0x3f800000", "0x40400000") "divss %xmm1, %xmm0");
CASE("simd denormal", UNMASK_SSE("0x1e80", "1", "0x3f800000") "addss %xmm1, %xmm0");
CASE("simd all", UNMASK_SSE("0x0000", "0x00800001", "0x3f000000") "mulss %xmm1, %xmm0");
CASE("simd packed", UNMASK_SSE("0x1d80", "0x3f800000", "0") "divps %xmm1, %xmm0");
CASE("simd compare", UNMASK_SSE("0x1f00", "0x7fc00000", "0") "comiss %xmm1, %xmm0");
CASE("simd convert", UNMASK_SSE("0x1f00", "0x7fc00000", "0") "cvtss2si %xmm0, %eax");
CASE("simd convert precision", UNMASK_SSE("0x0f80", "0x3fc00000", "0") "cvtss2si %xmm0, %eax");
CASE("simd sticky flags set", UNMASK_SSE("0x1d84", "0x3f800000", "0x3f800000") "divss %xmm1, %xmm0");
CASE("simd memory", UNMASK_SSE("0x1d80", "0x3f800000", "0") "divss (%rsi), %xmm0");
CASE("simd unmapped", UNMASK_SSE("0x1d80", "0x3f800000", "0") "divss (%rbx), %xmm0");
CASE("simd ldmxcsr does not raise", UNMASK_SSE("0x1d84", "0", "0") "addss %xmm1, %xmm0");
CASE("simd masked underflow", UNMASK_SSE("0x1780", "0x00800000", "0x3f000000") "mulss %xmm1, %xmm0");

// --- flags in the frame
CASE("flags: direction", "std; ud2");
CASE("flags: nested task", "pushfq; orl $0x4000, (%rsp); popfq; ud2");
CASE("flags: id", "pushfq; orl $0x200000, (%rsp); popfq; ud2");
CASE("flags: iopl", "pushfq; orl $0x3000, (%rsp); popfq; ud2");
CASE("flags: alignment", "pushfq; orl $0x40000, (%rsp); popfq; ud2");
CASE("flags: int3 with direction", "std; int3");

int main(void) {
  map_case_pages();
  use_alternate_stack();
  for (unsigned i = 0; i < sizeof kPlaced / sizeof *kPlaced; i++)
    memcpy((char*)kPlaced[i].address, kPlaced[i].code, kPlaced[i].size);
  finish_code();
  int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
  for (int i = 0; i < 5; i++) install(signals[i], on_exception, SA_ONSTACK);
  for (const struct Case* c = __start_gantry_cases; c < __stop_gantry_cases; c++) run(c);
  return 0;
}
