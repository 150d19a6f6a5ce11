// SSE, AVX and FMA arithmetic on special values, hot enough to be translated, then what happens
// when MXCSR's controls change in the middle of it. Flags of MXCSR are shown but for DE and UE,
// which translated code does not note exactly (docs/exactness.md).

// options: -mno-avx -Wl,--no-as-needed -lm

#define _GNU_SOURCE
#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint64_t doubles[] = {
    0x0000000000000000, 0x8000000000000000, 0x3ff0000000000000, 0xbff8000000000000,
    0x4004000000000000, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
    0xfff8000000000000, 0x7ff8000000000123, 0xfffc000000000abc, 0x7ff0000000000001,
    0xfff4000000000456, 0x0000000000000001, 0x800fffffffffffff, 0x0010000000000000,
    0x7fefffffffffffff, 0x41dfffffffc00000, 0x41dfffffffe00000, 0x41e0000000000000,
    0xc1e0000000000000, 0xc1e0000000200000, 0x43e0000000000000, 0xc3e0000000000000,
    0x3fb999999999999a, 0x400921fb54442d18, 0xbfe0000000000000, 0x4330000000000001,
};
static const uint32_t floats[] = {
    0x00000000, 0x80000000, 0x3f800000, 0xbfc00000, 0x40200000, 0x7f800000, 0xff800000,
    0x7fc00000, 0xffc00000, 0x7fc00123, 0xffe00abc, 0x7f800001, 0xffa00456, 0x00000001,
    0x807fffff, 0x00800000, 0x7f7fffff, 0x4f000000, 0x4effffff, 0xcf000000, 0xcf000001,
    0x5f000000, 0xdf000000, 0x3dcccccd, 0x40490fdb, 0xbf000000, 0x4b000001, 0x7149f2ca,
};
enum { kCount = sizeof doubles / sizeof *doubles };
_Static_assert(kCount == sizeof floats / sizeof *floats, "");

typedef union {
  uint64_t q[4];
  uint32_t d[8];
} __attribute__((aligned(32))) Vector;

static uint64_t hash;
static void mix(uint64_t value) { hash = (hash ^ value) * 0x9e3779b97f4a7c15 ^ hash >> 29; }
static void mix_vector(const Vector* v) {
  for (int k = 0; k < 4; k++) mix(v->q[k]);
}

static const uint32_t usual = 0x1f80;
static void clear_flags(void) { __asm__ volatile("ldmxcsr %0" : : "m"(usual)); }
static void mix_flags(void) {
  uint32_t value;
  __asm__ volatile("stmxcsr %0" : "=m"(value));
  mix(value & ~0x12u);
}

// Vector number n, of both formats.
static Vector operand(int n, int is_float) {
  Vector v;
  for (int k = 0; k < 4; k++) v.q[k] = doubles[(n + k * k * 5) % kCount];
  for (int k = 0; k < 8 && is_float; k++) v.d[k] = floats[(n + k * k * 5) % kCount];
  return v;
}

typedef void Operation(Vector* to, const Vector* a, const Vector* b);

// Most pairs of lanes without NaNs, then with them.
static void run(const char* name, Operation* operation, int is_float) {
  hash = 1;
  for (int i = 0; i < kCount; i++) {
    for (int j = 0; j < kCount; j++) {
      Vector a = operand(i, is_float), b = operand(j, is_float), to = operand(i + j, is_float);
      if (i & 1) a.q[1] = a.q[2] = a.q[3] = is_float ? 0x3f80000040000000 : 0x3ff0000000000000;
      if (i & 1) a.d[1] = is_float ? 0x40400000 : a.d[1];
      clear_flags();
      operation(&to, &a, &b);
      mix_flags();
      mix_vector(&to);
    }
  }
  printf("%s %016lx\n", name, (unsigned long)hash);
}

#define LEGACY(name, instruction)                                                 \
  static void name(Vector* to, const Vector* a, const Vector* b) {                \
    __asm__ volatile("movaps (%1), %%xmm0\n\tmovaps (%2), %%xmm1\n\t" instruction \
                     "\n\tmovaps %%xmm0, (%0)"                                    \
                     :                                                            \
                     : "r"(to), "r"(a), "r"(b)                                    \
                     : "xmm0", "xmm1", "rax", "memory", "cc");                    \
  }
#define VEX(name, instruction)                                                                 \
  static void name(Vector* to, const Vector* a, const Vector* b) {                             \
    __asm__ volatile(                                                                          \
        "vmovaps (%0), %%ymm0\n\tvmovaps (%1), %%ymm1\n\tvmovaps (%2), %%ymm2\n\t" instruction \
        "\n\tvmovaps %%ymm0, (%0)\n\tvzeroupper"                                               \
        :                                                                                      \
        : "r"(to), "r"(a), "r"(b)                                                              \
        : "xmm0", "xmm1", "xmm2", "memory");                                                   \
  }

#define ARITHMETIC(X) X(add) X(sub) X(mul) X(div) X(min) X(max)
#define DEFINE(op)                                    \
  LEGACY(op##sd, #op "sd %%xmm1, %%xmm0")             \
  LEGACY(op##ss, #op "ss %%xmm1, %%xmm0")             \
  LEGACY(op##pd, #op "pd %%xmm1, %%xmm0")             \
  LEGACY(op##ps, #op "ps (%2), %%xmm0")               \
  VEX(v##op##sd, "v" #op "sd %%xmm2, %%xmm1, %%xmm0") \
  VEX(v##op##pd, "v" #op "pd %%ymm2, %%ymm1, %%ymm0") \
  VEX(v##op##ps, "v" #op "ps (%2), %%ymm1, %%ymm0")
ARITHMETIC(DEFINE)
#define RUN(op)                                                                                   \
  run(#op "sd", op##sd, 0), run(#op "ss", op##ss, 1), run(#op "pd", op##pd, 0),                   \
      run(#op "ps", op##ps, 1), run("v" #op "sd", v##op##sd, 0), run("v" #op "pd", v##op##pd, 0), \
      run("v" #op "ps", v##op##ps, 1);

#define OTHERS(L, V)                                                 \
  L(sqrtsd, 0, "sqrtsd %%xmm1, %%xmm0")                              \
  L(sqrtps, 1, "sqrtps %%xmm1, %%xmm0")                              \
  L(haddpd, 0, "haddpd %%xmm1, %%xmm0")                              \
  L(hsubps, 1, "hsubps %%xmm1, %%xmm0")                              \
  L(addsubps, 1, "addsubps %%xmm1, %%xmm0")                          \
  L(addsubpd, 0, "addsubpd %%xmm1, %%xmm0")                          \
  L(floorsd, 0, "roundsd $9, %%xmm1, %%xmm0")                        \
  L(ceilss, 1, "roundss $2, %%xmm1, %%xmm0")                         \
  L(rintpd, 0, "roundpd $4, %%xmm1, %%xmm0")                         \
  L(truncps, 1, "roundps $11, %%xmm1, %%xmm0")                       \
  L(cvtsd2ss, 0, "cvtsd2ss %%xmm1, %%xmm0")                          \
  L(cvtss2sd, 1, "cvtss2sd %%xmm1, %%xmm0")                          \
  L(cvtps2pd, 1, "cvtps2pd %%xmm1, %%xmm0")                          \
  L(cvtpd2ps, 0, "cvtpd2ps %%xmm1, %%xmm0")                          \
  L(cvtdq2ps, 1, "cvtdq2ps %%xmm1, %%xmm0")                          \
  L(cvtdq2pd, 1, "cvtdq2pd %%xmm1, %%xmm0")                          \
  L(cvtps2dq, 1, "cvtps2dq %%xmm1, %%xmm0")                          \
  L(cvttps2dq, 1, "cvttps2dq %%xmm1, %%xmm0")                        \
  L(cvtpd2dq, 0, "cvtpd2dq %%xmm1, %%xmm0")                          \
  L(cvttpd2dq, 0, "cvttpd2dq %%xmm1, %%xmm0")                        \
  L(cvttsd2si, 0, "cvttsd2si %%xmm1, %%rax\n\tmovq %%rax, %%xmm0")   \
  L(cvttsd2si32, 0, "cvttsd2si %%xmm1, %%eax\n\tmovq %%rax, %%xmm0") \
  L(cvtsd2si, 0, "cvtsd2si %%xmm1, %%eax\n\tmovq %%rax, %%xmm0")     \
  L(cvtss2si, 1, "cvtss2si %%xmm1, %%rax\n\tmovq %%rax, %%xmm0")     \
  L(cvtsi2sd, 0, "movq %%xmm1, %%rax\n\tcvtsi2sdq %%rax, %%xmm0")    \
  L(cvtsi2ss, 0, "movq %%xmm1, %%rax\n\tcvtsi2ssl %%eax, %%xmm0")    \
  V(vsqrtpd, 0, "vsqrtpd %%ymm1, %%ymm0")                            \
  V(vhaddps, 1, "vhaddps %%ymm2, %%ymm1, %%ymm0")                    \
  V(vroundpd, 0, "vroundpd $1, %%ymm1, %%ymm0")                      \
  V(vcvtps2pd, 1, "vcvtps2pd %%xmm1, %%ymm0")                        \
  V(vcvtpd2ps, 0, "vcvtpd2ps %%ymm1, %%xmm0")                        \
  V(vcvttpd2dq, 0, "vcvttpd2dq %%ymm1, %%xmm0")                      \
  V(vcvtdq2pd, 1, "vcvtdq2pd %%xmm1, %%ymm0")                        \
  V(vcvtph2ps, 1, "vcvtph2ps %%xmm1, %%ymm0")                        \
  V(vfmadd213sd, 0, "vfmadd213sd %%xmm2, %%xmm1, %%xmm0")            \
  V(vfmadd231pd, 0, "vfmadd231pd %%ymm2, %%ymm1, %%ymm0")            \
  V(vfmsub132ss, 1, "vfmsub132ss %%xmm2, %%xmm1, %%xmm0")            \
  V(vfnmadd231ps, 1, "vfnmadd231ps %%ymm2, %%ymm1, %%ymm0")          \
  V(vfnmsub213pd, 0, "vfnmsub213pd %%ymm2, %%ymm1, %%ymm0")          \
  V(vfmaddsub213ps, 1, "vfmaddsub213ps %%ymm2, %%ymm1, %%ymm0")      \
  V(vfmsubadd231pd, 0, "vfmsubadd231pd %%ymm2, %%ymm1, %%ymm0")
#define DEFINE_LEGACY(name, is_float, instruction) LEGACY(name, instruction)
#define DEFINE_VEX(name, is_float, instruction) VEX(name, instruction)
OTHERS(DEFINE_LEGACY, DEFINE_VEX)
#define RUN_OTHER(name, is_float, instruction) run(#name, name, is_float);

#define PREDICATES(X)                                                                            \
  X(0)                                                                                           \
  X(1)                                                                                           \
  X(2)                                                                                           \
  X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) \
      X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31)
#define DEFINE_COMPARE(n)                                 \
  VEX(cmpsd##n, "vcmpsd $" #n ", %%xmm2, %%xmm1, %%xmm0") \
  VEX(cmpps##n, "vcmpps $" #n ", %%ymm2, %%ymm1, %%ymm0")
PREDICATES(DEFINE_COMPARE)
#define RUN_COMPARE(n) run("cmpsd" #n, cmpsd##n, 0), run("cmpps" #n, cmpps##n, 1);

// All conditions after a compare.
#define CONDITIONS(set, compare)                                                            \
  compare "\n\tmovl $0, %%eax\n\t" set("a") set("ae") set("b") set("be") set("e") set("ne") \
      set("p") set("np") set("s") set("o") set("l") set("le") set("g")                      \
          set("ge") "movq %%rax, %%xmm0"
#define SET(condition) \
  "set" condition " %%cl\n\tshlq $1, %%rax\n\tmovzbl %%cl, %%ecx\n\torq %%rcx, %%rax\n\t"
#define COMPARE(name, instruction)                                                   \
  static void name(Vector* to, const Vector* a, const Vector* b) {                   \
    __asm__ volatile("movaps (%1), %%xmm0\n\t" CONDITIONS(                           \
                         SET, instruction " (%2), %%xmm0") "\n\tmovaps %%xmm0, (%0)" \
                     :                                                               \
                     : "r"(to), "r"(a), "r"(b)                                       \
                     : "xmm0", "rax", "rcx", "memory", "cc");                        \
  }
COMPARE(ucomisd, "ucomisd")
COMPARE(comisd, "comisd")
COMPARE(ucomiss, "ucomiss")
COMPARE(comiss, "comiss")
static void jumps(Vector* to, const Vector* a, const Vector* b) {
  __asm__ volatile(
      "movsd (%1), %%xmm0\n\tucomisd (%2), %%xmm0\n\tmovl $0, %%eax\n\tjp 2f\n\tje 2f\n\t"
      "movl $1, %%eax\n2:\tucomisd (%2), %%xmm0\n\tja 2f\n\torl $2, %%eax\n2:\t"
      "ucomisd (%2), %%xmm0\n\tjae 2f\n\torl $4, %%eax\n2:\tucomisd (%2), %%xmm0\n\tjb 2f\n\t"
      "orl $8, %%eax\n2:\tucomisd (%2), %%xmm0\n\tjbe 2f\n\torl $16, %%eax\n2:\t"
      "ucomisd (%2), %%xmm0\n\tjne 2f\n\torl $32, %%eax\n2:\tucomisd (%2), %%xmm0\n\tjnp 2f\n\t"
      "orl $64, %%eax\n2:\tmovq %%rax, %%xmm0\n\tmovaps %%xmm0, (%0)"
      :
      : "r"(to), "r"(a), "r"(b)
      : "xmm0", "rax", "memory", "cc");
}

// Flags of an integer operation that live across floating point.
static void flags_across(Vector* to, const Vector* a, const Vector* b) {
  uint64_t set;
  __asm__ volatile(
      "movsd (%2), %%xmm0\n\tmovq (%3), %0\n\tcmpq (%2), %0\n\taddsd (%3), %%xmm0\n\t"
      "sqrtsd %%xmm0, %%xmm0\n\tmulps (%3), %%xmm0\n\tseta %b0\n\tmovzbl %b0, %k0\n\t"
      "movaps %%xmm0, (%1)"
      : "=&a"(set)
      : "r"(to), "r"(a), "r"(b)
      : "xmm0", "memory", "cc");
  to->q[2] = set;
}

// --- changes of mode, each in a process of its own

static volatile double one = 1, three = 3, tiny = 1e-310, zero = 0;
static sigjmp_buf trapped;
static volatile int traps;
static void on_fpe(int signal, siginfo_t* info, void* context) {
  (void)signal, (void)context;
  traps = traps * 10 + info->si_code;
  siglongjmp(trapped, 1);
}

static double sum(int rounds, int at, void (*change)(void)) {
  double total = 0;
  for (int i = 0; i < rounds; i++) {
    if (i == at) change();
    total += one / three;
    mix(tiny * 0.5 > 0);
    float narrow = (float)(total + i * 1e-9);
    mix((uint64_t)lrint(total * 1000 + narrow));
    mix(total > narrow);
  }
  return total;
}

static void upward(void) { fesetround(FE_UPWARD); }
static void toward_zero(void) { fesetround(FE_TOWARDZERO); }
static void flush(void) { __asm__ volatile("ldmxcsr %0" : : "m"((uint32_t[]){0x9fc0})); }
static void restore(void) {
  static uint8_t area[512] __attribute__((aligned(16)));
  __asm__ volatile("fxsave (%0)" : : "r"(area) : "memory");
  uint32_t down = 0x3f80;
  memcpy(area + 24, &down, 4);
  __asm__ volatile("fxrstor (%0)" : : "r"(area) : "memory");
}
static void nothing(void) {}
static void trap(void) {
  struct sigaction action = {.sa_sigaction = on_fpe, .sa_flags = SA_SIGINFO};
  sigaction(SIGFPE, &action, NULL);
  // Handlers run with all exceptions masked, and siglongjmp leaves it at that.
  feenableexcept(FE_DIVBYZERO | FE_INVALID);
  if (!sigsetjmp(trapped, 1)) mix((uint64_t)(one / zero));
  feenableexcept(FE_DIVBYZERO | FE_INVALID);
  if (!sigsetjmp(trapped, 1)) mix((uint64_t)(zero / zero));
  feenableexcept(FE_DIVBYZERO | FE_INVALID);
  if (!sigsetjmp(trapped, 1)) mix((uint64_t)sqrt(-one));
}

static void change_mode(const char* name, void (*change)(void)) {
  fflush(stdout);
  if (fork() == 0) {
    hash = 1;
    double total = sum(2000, 1000, change);
    printf("%s %a %016lx traps %d\n", name, total, (unsigned long)hash, traps);
    printf("  inexact %d invalid %d\n", fetestexcept(FE_INEXACT) != 0,
           fetestexcept(FE_INVALID) != 0);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
}

// What a signal handler sees of the flags, and what it leaves.
static volatile int flags_in_handler;
static void on_signal(int signal) {
  (void)signal;
  uint32_t value;
  __asm__ volatile("stmxcsr %0" : "=m"(value));
  flags_in_handler = (int)value;
  feclearexcept(FE_ALL_EXCEPT);
}
static void signals(void) {
  signal(SIGUSR1, on_signal);
  int seen = 0, kept = 0;
  for (int i = 0; i < 200; i++) {
    feclearexcept(FE_ALL_EXCEPT);
    volatile double quotient = one / (i & 1 ? three : one);
    (void)quotient;
    raise(SIGUSR1);
    seen += flags_in_handler == 0x1f80;
    kept += fetestexcept(FE_INEXACT) != 0;
  }
  printf("signals: initial in the handler %d, inexact after it %d\n", seen, kept);
}

int main(void) {
  ARITHMETIC(RUN)
  OTHERS(RUN_OTHER, RUN_OTHER)
  PREDICATES(RUN_COMPARE)
  run("ucomisd", ucomisd, 0);
  run("comisd", comisd, 0);
  run("ucomiss", ucomiss, 1);
  run("comiss", comiss, 1);
  run("jumps", jumps, 0);
  run("flags_across", flags_across, 0);
  signals();
  change_mode("usual", nothing);
  change_mode("upward", upward);
  change_mode("toward zero", toward_zero);
  change_mode("flush", flush);
  change_mode("restore", restore);
  change_mode("trap", trap);
  return 0;
}
