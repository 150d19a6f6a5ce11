// The AVX state in frames: what the handler finds there and in the registers, and what comes back of
// what it has edited. The native CPU may have more components; only those up to AVX are looked at.
#include "tests/guest/guest.h"
#include <sys/auxv.h>

struct software {
  uint32_t magic1, extended_size;
  uint64_t features;
  uint32_t xstate_size;
};

enum { kMxcsr = 24, kXmm = 160, kSoftware = 464, kHeader = 512, kYmm = 576 };

// ymm0 to ymm15 before and after the signal, and as the handler finds them.
static unsigned char before[16][32] __attribute__((aligned(32)));
static unsigned char after[16][32] __attribute__((aligned(32)));
unsigned char entered[16][32] __attribute__((aligned(32)));
unsigned entered_mxcsr;

typedef void edit_function(ucontext_t* context, unsigned char* state);
static edit_function* edit;
static int verbose;

#define EACH(op)                                                                              \
  op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11) op(12) op(13) op(14) \
      op(15)
#define LOAD(n) "vmovdqa 32*" #n "(%[from]), %%ymm" #n "\n"
#define STORE(n) "vmovdqa %%ymm" #n ", 32*" #n "(%[to])\n"
#define ENTER(n) "vmovdqa %ymm" #n ", entered+32*" #n "(%rip)\n"
#define SPOIL(n) "vpcmpeqd %ymm" #n ", %ymm" #n ", %ymm" #n "\n"

// The handler's first instructions, before the compiler's, and its use of all registers.
void handler(int signal, siginfo_t* info, void* context);
__asm__(".text\nhandler:\n" EACH(ENTER) "stmxcsr entered_mxcsr(%rip)\n" EACH(SPOIL) "jmp handle\n");

static uint64_t word(const unsigned char* at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static void set_word(unsigned char* at, uint64_t value) { memcpy(at, &value, sizeof value); }

// Of a component that is all zero, CPUs that track writes say that it is in use.
static uint64_t components(const unsigned char* state) {
  return word(state + kHeader) & (word(state + kYmm) ? 7 : 3);
}

static void show_frame(ucontext_t* context, unsigned char* state) {
  struct software* software = (struct software*)(state + kSoftware);
  uint32_t magic2;
  memcpy(&magic2, state + software->xstate_size, sizeof magic2);
  printf("flags %#lx magic %#x %#x sizes %d %d\n", context->uc_flags, software->magic1, magic2,
         software->extended_size == software->xstate_size + 4, software->xstate_size >= 832);
  printf("features %#llx components %#llx layout %#llx alignment %lu\n",
         (unsigned long long)software->features & 7, (unsigned long long)components(state),
         (unsigned long long)word(state + kHeader + 8), (unsigned long)state % 64);
  for (int n = 0; n < 16; n += 5) {
    printf("ymm%d %016llx %016llx\n", n, (unsigned long long)word(state + kXmm + 16 * n),
           (unsigned long long)word(state + kYmm + 16 * n));
  }
  int zeros = 0;
  for (unsigned i = 0; i < sizeof entered; i++) zeros += ((unsigned char*)entered)[i] == 0;
  printf("entered with mxcsr %#x, %d bytes of zero\n", entered_mxcsr, zeros);
}

__attribute__((used)) void handle(int signal, siginfo_t* info, void* data) {
  (void)signal, (void)info;
  ucontext_t* context = data;
  unsigned char* state = (unsigned char*)context->uc_mcontext.fpregs;
  if (verbose) show_frame(context, state);
  if (edit) edit(context, state);
}

// Loads `before`, sends itself a signal, stores `after`; nothing of libc is in between.
static void round_trip(unsigned* mxcsr, unsigned short* control) {
  long pid = getpid(), result;
  unsigned initial = 0x1f80;
  __asm__ volatile("ldmxcsr %[mxcsr]\n fldcw %[control]\n fld1\n" EACH(LOAD)
                   "mov $62, %%eax\n syscall\n" EACH(STORE)
                   "stmxcsr %[mxcsr]\n fnstcw %[control]\n fninit\n ldmxcsr %[initial]\n vzeroupper\n"
                   : "=a"(result), [mxcsr] "+m"(*mxcsr), [control] "+m"(*control)
                   : "D"(pid), "S"(SIGUSR1), [from] "r"(before), [to] "r"(after), [initial] "m"(initial)
                   : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                     "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

static const char* half(int offset) {
  int same = 0, zero = 0;
  static const unsigned char none[16];
  for (int n = 0; n < 16; n++) {
    same += !memcmp(before[n] + offset, after[n] + offset, 16);
    zero += !memcmp(none, after[n] + offset, 16);
  }
  return same == 16 ? "kept" : zero == 16 ? "zero" : same == 15 ? "one changed" : "other";
}

static void try(const char* what, edit_function* function) {
  unsigned mxcsr = 0x3f80;
  unsigned short control = 0x27f;
  edit = function;
  round_trip(&mxcsr, &control);
  printf("%s: low %s, high %s, mxcsr %#x control %#x\n", what, half(0), half(16), mxcsr, control);
}

static void change_register(ucontext_t* context, unsigned char* state) {
  (void)context;
  set_word(state + kXmm + 16 * 7, 0x1111);
  set_word(state + kYmm + 16 * 7 + 8, 0x2222);
}
static void without_avx(ucontext_t* context, unsigned char* state) {
  (void)context;
  set_word(state + kHeader, word(state + kHeader) & ~4ull);
}
static void without_sse(ucontext_t* context, unsigned char* state) {
  (void)context;
  set_word(state + kHeader, word(state + kHeader) & ~2ull);
}
static void without_x87(ucontext_t* context, unsigned char* state) {
  (void)context;
  set_word(state + kHeader, word(state + kHeader) & ~1ull);
}
static void no_magic1(ucontext_t* context, unsigned char* state) {
  (void)context;
  set_word(state + kSoftware, 0);
}
static void no_magic2(ucontext_t* context, unsigned char* state) {
  (void)context;
  struct software* software = (struct software*)(state + kSoftware);
  memset(state + software->xstate_size, 0, 4);
}
static void small_size(ucontext_t* context, unsigned char* state) {
  (void)context;
  ((struct software*)(state + kSoftware))->xstate_size = 572;
}
static void large_size(ucontext_t* context, unsigned char* state) {
  (void)context;
  ((struct software*)(state + kSoftware))->xstate_size = 65536;
}
static void only_legacy(ucontext_t* context, unsigned char* state) {
  (void)context;
  ((struct software*)(state + kSoftware))->features = 3;
}
static void only_avx(ucontext_t* context, unsigned char* state) {
  (void)context;
  ((struct software*)(state + kSoftware))->features = 4;
}
static void nothing(ucontext_t* context, unsigned char* state) {
  (void)context;
  ((struct software*)(state + kSoftware))->features = 0;
}
static void unknown_features(ucontext_t* context, unsigned char* state) {
  (void)context;
  ((struct software*)(state + kSoftware))->features |= 1ull << 62 | 1 << 8;
}
static void compacted(ucontext_t* context, unsigned char* state) {
  (void)context;
  set_word(state + kHeader, word(state + kHeader) & 7);
  set_word(state + kHeader + 8, 1ull << 63 | 7);
}
static void no_state(ucontext_t* context, unsigned char* state) {
  (void)state;
  context->uc_mcontext.fpregs = NULL;
}

static void bad_mxcsr(ucontext_t* context, unsigned char* state) {
  (void)context;
  state[kMxcsr + 2] = 1;
}
static void bad_mxcsr_of_legacy(ucontext_t* context, unsigned char* state) {
  no_magic1(context, state);
  state[kMxcsr + 3] = 1;
}
static void bad_component(ucontext_t* context, unsigned char* state) {
  (void)context;
  set_word(state + kHeader, word(state + kHeader) | 1 << 8);
}
static void bad_layout(ucontext_t* context, unsigned char* state) {
  (void)context;
  set_word(state + kHeader + 8, 7);
}
static void bad_header(ucontext_t* context, unsigned char* state) {
  (void)context;
  state[kHeader + 16] = 1;
}
static void unaligned(ucontext_t* context, unsigned char* state) {
  static unsigned char copy[16384] __attribute__((aligned(64)));
  memcpy(copy + 16, state, ((struct software*)(state + kSoftware))->extended_size);
  context->uc_mcontext.fpregs = (void*)(copy + 16);
}
static void unaligned_legacy(ucontext_t* context, unsigned char* state) {
  unaligned(context, state);
  no_magic1(context, (unsigned char*)context->uc_mcontext.fpregs);
}
static void unreadable(ucontext_t* context, unsigned char* state) {
  (void)state;
  context->uc_mcontext.fpregs = (void*)4096;
}

// The signal that a frame gets which cannot be restored, and the state that its handler finds saved.
static void refused(int signal, siginfo_t* info, void* data) {
  unsigned char* state = (unsigned char*)((ucontext_t*)data)->uc_mcontext.fpregs;
  printf("signal %d code %d mxcsr %#x control %#x\n", signal, info->si_code, *(unsigned*)(state + kMxcsr),
         *(unsigned short*)state);
  fflush(stdout);
  _exit(3);
}

static void refuse(const char* what, edit_function* function) {
  IN_CHILD(what, {
    install(SIGSEGV, refused, 0);
    try(what, function);
  });
}

// A stack of just AT_MINSIGSTKSZ: a handler that needs next to nothing fits.
static volatile sig_atomic_t arrived;
static void arrive(int signal, siginfo_t* info, void* data) {
  (void)signal, (void)info, (void)data;
  arrived = 1;
}

static void minimum_stack(void) {
  size_t size = getauxval(51);
  char* stack = aligned_alloc(64, (size + 255) & ~63ul);
  stack_t s = {.ss_sp = stack, .ss_size = size < 2048 ? 2048 : size};
  EXPECT(sigaltstack(&s, NULL) == 0);
  install(SIGUSR2, arrive, SA_ONSTACK);
  raise(SIGUSR2);
  printf("minimum stack holds 832 bytes more than the rest %d, suffices %d\n", size >= 832 + 928, arrived);
}

int main(void) {
  for (int n = 0; n < 16; n++) {
    for (int i = 0; i < 32; i++) before[n][i] = (unsigned char)(17 * n + i + 1);
  }
  install(SIGUSR1, handler, 0);
  verbose = 1;
  try("looking", NULL);
  memset(before, 0, sizeof before);
  try("zero", NULL);
  verbose = 0;
  for (int n = 0; n < 16; n++) memset(before[n], 0x40 + n, 32);

  try("changed", change_register);
  try("without avx", without_avx);
  try("without sse", without_sse);
  try("without x87", without_x87);
  try("no magic1", no_magic1);
  try("no magic2", no_magic2);
  try("small size", small_size);
  try("large size", large_size);
  try("only legacy", only_legacy);
  try("only avx", only_avx);
  try("nothing", nothing);
  try("unknown features", unknown_features);
  try("compacted", compacted);
  try("no state", no_state);
  try("unaligned legacy", unaligned_legacy);

  refuse("bad mxcsr", bad_mxcsr);
  refuse("bad mxcsr of legacy", bad_mxcsr_of_legacy);
  refuse("bad component", bad_component);
  refuse("bad layout", bad_layout);
  refuse("bad header", bad_header);
  refuse("unaligned", unaligned);
  refuse("unreadable", unreadable);
  minimum_stack();
  return 0;
}
