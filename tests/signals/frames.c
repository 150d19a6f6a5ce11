// The frame: registers, floating point state, edits of the context, nesting, masks.
#include "tests/guest/guest.h"
#include <fenv.h>

static volatile int depth, order[16], count;
static sigset_t seen;

static unsigned long long mask_bits(void) {
  sigset_t set;
  sigprocmask(SIG_SETMASK, NULL, &set);
  unsigned long long bits = 0;
  for (int i = 1; i < 65; i++) bits |= (unsigned long long)(sigismember(&set, i) == 1) << (i - 1);
  return bits;
}

static void nested(int signal, siginfo_t* info, void* context) {
  (void)info, (void)context;
  order[count++] = signal;
  printf("enter %d mask %#llx\n", signal, mask_bits());
  if (signal == SIGUSR1 && depth++ < 2) raise(SIGUSR2);
  if (signal == SIGUSR2) raise(SIGUSR1);  // blocked until SIGUSR1's handler returns
  printf("leave %d\n", signal);
}

static void nodefer(int signal, siginfo_t* info, void* context) {
  (void)info, (void)context;
  printf("nodefer depth %d mask %#llx\n", ++depth, mask_bits());
  if (depth < 3) raise(signal);
}

static void edit(int signal, siginfo_t* info, void* context) {
  (void)signal, (void)info;
  ucontext_t* u = context;
  u->uc_mcontext.gregs[REG_RIP] += 2;  // over ud2
  u->uc_mcontext.gregs[REG_RAX] = 0x1122334455667788;
  u->uc_mcontext.gregs[REG_EFL] |= 1;
  u->uc_mcontext.fpregs->_xmm[3].element[0] = 0x40490fdb;
  sigaddset(&u->uc_sigmask, SIGHUP);
}

static void look(int signal, siginfo_t* info, void* context) {
  (void)info;
  ucontext_t* u = context;
  unsigned long sp = (unsigned long)__builtin_frame_address(0);
  unsigned mxcsr;
  unsigned short control;
  __asm__ volatile("stmxcsr %0\n fnstcw %1" : "=m"(mxcsr), "=m"(control));
  printf("handler %d mxcsr %#x control %#x alignment %lu\n", signal, mxcsr, control, sp % 16);
  struct _libc_fpstate* fp = u->uc_mcontext.fpregs;
  printf("frame mxcsr %#x control %#x status %#x tags %#x st0 %#x xmm5 %#x\n", fp->mxcsr, fp->cwd,
         fp->swd & 0x3800, fp->ftw, fp->_st[0].exponent, fp->_xmm[5].element[0]);
  printf("red zone %d fp alignment %lu\n", (unsigned long)u->uc_mcontext.gregs[REG_RSP] - 128 > (unsigned long)fp,
         (unsigned long)fp % 64);
  unsigned* software = (unsigned*)((char*)fp + 464);
  printf("magic %#x magic2 %d\n", software[0],
         *(unsigned*)((char*)fp + software[4]) == 0x46505845 && software[1] == software[4] + 4);
  fp->mxcsr = 0x1f80;
}

int main(void) {
  install(SIGUSR1, nested, 0);
  install(SIGUSR2, nested, 0);
  raise(SIGUSR1);
  for (int i = 0; i < count; i++) printf("order %d\n", order[i]);
  depth = 0;
  install(SIGUSR1, nodefer, SA_NODEFER);
  raise(SIGUSR1);

  install(SIGILL, edit, 0);
  unsigned long rax = 0;
  unsigned char carry;
  unsigned low;
  __asm__ volatile("clc\n ud2\n setc %1\n movd %%xmm3, %2" : "+a"(rax), "=r"(carry), "=r"(low)::"xmm3", "cc");
  printf("rax %#lx carry %d xmm3 %#x mask %#llx\n", rax, carry, low, mask_bits());

  install(SIGUSR2, look, 0);
  unsigned mxcsr = 0x3f80;
  unsigned short control = 0x27f;
  unsigned value = 0xabcdef;
  long pid = getpid(), result;
  __asm__ volatile(
      "ldmxcsr %1\n fldcw %2\n fld1\n movd %3, %%xmm5\n mov $62, %%eax\n syscall\n movd %%xmm5, %3\n fstp %%st\n"
      : "=a"(result), "+m"(mxcsr), "+m"(control), "+r"(value)
      : "D"(pid), "S"(SIGUSR2)
      : "rcx", "r11", "xmm5", "memory");
  __asm__ volatile("stmxcsr %0\n fnstcw %1" : "=m"(mxcsr), "=m"(control));
  printf("after: result %ld mxcsr %#x control %#x xmm5 %#x\n", result, mxcsr, control, value);
  sigpending(&seen);
  return 0;
}
