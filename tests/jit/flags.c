// Conditions right behind what sets the flags, for all widths and conditions: branches, SETcc and
// CMOVcc, with no other reader, so that compare and condition can become one. And operands that
// shifts, extensions and loads make.
#include <stdint.h>
#include <stdio.h>

static const uint64_t kEdges[] = {0,
                                  1,
                                  2,
                                  0x0f,
                                  0x10,
                                  0x7f,
                                  0x80,
                                  0x81,
                                  0xff,
                                  0x100,
                                  0x7fff,
                                  0x8000,
                                  0xffff,
                                  0x10000,
                                  0x7fffffff,
                                  0x80000000,
                                  0xffffffff,
                                  0x100000000,
                                  0x7fffffffffffffff,
                                  0x8000000000000000,
                                  0xffffffffffffff45,
                                  ~0ull};
enum { kEdgeCount = sizeof kEdges / sizeof *kEdges };

typedef uint64_t Case(uint64_t a, uint64_t b, const uint64_t* memory);

// RAX and RCX hold a and b, RSI points to b.
#define CASE(name, code, cc)                                                    \
  static uint64_t name##_##cc(uint64_t a, uint64_t b, const uint64_t* memory) { \
    uint64_t sum = a, bit = 0;                                                  \
    asm volatile("mov %[a], %%rax; mov %[b], %%rcx;" code "; j" #cc             \
                 " 1f; add $3, %[sum];"                                         \
                 "1: add %[sum], %[sum];"                                       \
                 "mov %[a], %%rax; mov %[b], %%rcx;" code "; set" #cc           \
                 " %b[bit];"                                                    \
                 "add %[bit], %[sum]; add %[sum], %[sum];"                      \
                 "mov %[a], %%rax; mov %[b], %%rcx;" code "; cmov" #cc          \
                 " %[b], %[bit];"                                               \
                 "lea (%[sum],%%rax,4), %[sum]; xor %[bit], %[sum]"             \
                 : [sum] "+r"(sum), [bit] "+r"(bit)                             \
                 : [a] "r"(a), [b] "r"(b), "S"(memory)                          \
                 : "rax", "rcx", "cc", "memory");                               \
    return sum;                                                                 \
  }

#define CONDITIONS(X, name, code) \
  X(name, code, o)                \
  X(name, code, no)               \
  X(name, code, b)                \
  X(name, code, ae)               \
  X(name, code, e)                \
  X(name, code, ne)               \
  X(name, code, be)               \
  X(name, code, a)                \
  X(name, code, s)                \
  X(name, code, ns)               \
  X(name, code, p)                \
  X(name, code, np) X(name, code, l) X(name, code, ge) X(name, code, le) X(name, code, g)

#define SETTERS(X)                                                                           \
  X(cmp_8, "cmp %%cl, %%al")                                                                 \
  X(cmp_high, "cmp %%ch, %%al")                                                              \
  X(cmp_16, "cmp %%cx, %%ax")                                                                \
  X(cmp_32, "cmp %%ecx, %%eax")                                                              \
  X(cmp_64, "cmp %%rcx, %%rax")                                                              \
  X(cmp_memory_8, "cmp %%al, (%%rsi)")                                                       \
  X(cmp_memory_16, "cmp (%%rsi), %%ax")                                                      \
  X(cmp_8_constant, "cmp $0x45, %%al")                                                       \
  X(cmp_8_negative, "cmp $-3, %%al")                                                         \
  X(cmp_8_zero, "cmp $0, %%al")                                                              \
  X(cmp_16_constant, "cmp $0x7fff, %%ax")                                                    \
  X(cmp_16_zero, "cmp $0, %%ax")                                                             \
  X(cmp_32_zero, "cmp $0, %%eax")                                                            \
  X(cmp_64_zero, "cmp $0, %%rax")                                                            \
  X(cmp_memory_zero, "cmpb $0, (%%rsi)")                                                     \
  X(cmp_64_constant, "cmp $0x12345678, %%rax")                                               \
  X(test_8, "test %%cl, %%al")                                                               \
  X(test_8_self, "test %%al, %%al")                                                          \
  X(test_16_self, "test %%ax, %%ax")                                                         \
  X(test_32_self, "test %%eax, %%eax")                                                       \
  X(test_64_self, "test %%rax, %%rax")                                                       \
  X(test_8_bit, "test $0x80, %%al")                                                          \
  X(test_32_bit, "test $0x100, %%eax")                                                       \
  X(test_64_bit, "test $-0x80000000, %%rax")                                                 \
  X(test_8_mask, "test $0x1e, %%al")                                                         \
  X(test_memory_bit, "testb $8, (%%rsi)")                                                    \
  X(and_8, "and %%cl, %%al")                                                                 \
  X(and_32_bit, "and $0x8000, %%eax")                                                        \
  X(or_32, "or %%ecx, %%eax")                                                                \
  X(xor_16, "xor %%cx, %%ax")                                                                \
  X(add_8, "add %%cl, %%al")                                                                 \
  X(sub_16, "sub %%cx, %%ax")                                                                \
  X(sub_32, "sub $1, %%eax")                                                                 \
  X(add_64, "add $-0x80, %%rax")                                                             \
  X(inc_32, "cmp %%rcx, %%rax; inc %%eax")                                                   \
  X(dec_64, "add %%rcx, %%rax; dec %%rax")                                                   \
  X(dec_8, "add %%rcx, %%rax; dec %%al")                                                     \
  X(neg_16, "neg %%ax")                                                                      \
  X(shl_8, "shl $1, %%al")                                                                   \
  X(shr_16, "shr $1, %%ax")                                                                  \
  X(sar_32, "sar %%cl, %%eax; test %%eax, %%eax")                                            \
  X(shl_64, "shl %%cl, %%rax; test %%rax, %%rax")                                            \
  X(scaled, "movzbl %%cl, %%ecx; shl $4, %%rcx; add %%rcx, %%rax")                           \
  X(extended, "movslq %%ecx, %%rcx; sub %%rcx, %%rax")                                       \
  X(word_scaled, "mov %%ecx, %%ecx; lea (%%rax,%%rcx,8), %%rax; cmp %%ecx, %%eax")           \
  X(shifted_logic, "shr $7, %%rcx; xor %%rcx, %%rax; test %%rax, %%rax")                     \
  X(field, "shr $9, %%eax; and $0x1f, %%eax; cmp %%cl, %%al")                                \
  X(byte_of_word, "shr $16, %%ecx; movzbl %%cl, %%ecx; add %%ecx, %%eax")                    \
  X(product, "imul %%rcx, %%rcx; add %%rcx, %%rax")                                          \
  X(word_product, "imul $-7, %%ecx, %%ecx; sub %%ecx, %%eax")                                \
  X(load_signed_8, "movsbl (%%rsi), %%ecx; add %%ecx, %%eax")                                \
  X(load_signed_16, "movswq 2(%%rsi), %%rcx; cmp %%rcx, %%rax")                              \
  X(load_signed_32, "movslq (%%rsi), %%rcx; add %%rcx, %%rax")                               \
  X(inserted, "shr $2, %%al; and $7, %%eax; cmp %%cl, %%al")                                 \
  X(low_inserted, "mov %%cl, %%al; movzbl %%al, %%eax; cmp $0x80, %%eax")                    \
  X(counted, "shl %%cl, %%eax; shr %%cl, %%rax; test %%eax, %%eax")                          \
  X(bit_32, "cmp %%rcx, %%rax; bt %%ecx, %%eax")                                             \
  X(bit_64_constant, "cmp %%rcx, %%rax; btr $40, %%rax")                                     \
  X(rotated, "cmp %%rcx, %%rax; rol $1, %%eax")                                              \
  X(two_constants, "add $24, %%rax; sub $-100000, %%rax; cmp %%rcx, %%rax")                  \
  X(pushed,                                                                                  \
    "lea -128(%%rsp), %%rsp; push %%rax; push %%rcx; pop %%rax; pop %%rcx; lea 128(%%rsp), " \
    "%%rsp; cmp %%cl, %%al")

#define DEFINE(name, code) CONDITIONS(CASE, name, code)
SETTERS(DEFINE)

#define ENTRY(name, code, cc) name##_##cc,
#define ENTRIES(name, code) {#name, {CONDITIONS(ENTRY, name, code)}},
static const struct {
  const char* name;
  Case* cases[16];
} kSetters[] = {SETTERS(ENTRIES)};

// AF and PF, which LAHF reads, behind additions of constants whose low bits are all there are.
#define ADJUST(amount)                                       \
  asm volatile("mov %1, %%rax; add $" #amount                \
               ", %%rax; lahf; movzbl %%ah, %%ecx;"          \
               "mov %1, %%rax; sub $" #amount                \
               ", %%eax; lahf; movzbl %%ah, %%eax;"          \
               "shl $8, %%ecx; add %%ecx, %0; add %%eax, %0" \
               : "+r"(sum)                                   \
               : "r"(a)                                      \
               : "rax", "rcx", "cc");                        \
  sum = sum * 31;

static uint32_t adjust(uint64_t a) {
  uint32_t sum = 0;
  ADJUST(1)
  ADJUST(3)
  ADJUST(7)
  ADJUST(8)
  ADJUST(15) ADJUST(16) ADJUST(24) ADJUST(0x31) ADJUST(-8) ADJUST(-1) ADJUST(0x1000) return sum;
}

int main(void) {
  for (unsigned n = 0; n < sizeof kSetters / sizeof *kSetters; n++) {
    printf("%s", kSetters[n].name);
    for (int c = 0; c < 16; c++) {
      uint64_t sum = 0;
      for (int i = 0; i < kEdgeCount * kEdgeCount; i++) {
        uint64_t a = kEdges[i / kEdgeCount], b = kEdges[i % kEdgeCount];
        sum = sum * 33 + kSetters[n].cases[c](a, b, &b);
      }
      printf(" %016lx", sum);
    }
    printf("\n");
  }
  uint32_t sum = 0;
  for (uint64_t a = 0; a < 300; a++) sum = sum * 33 + adjust(a * 0x11 - 40);
  printf("adjust %08x\n", sum);
}
