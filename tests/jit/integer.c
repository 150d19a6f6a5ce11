// Integer code as compilers make it, hot enough to be translated: arithmetic of every width, flags,
// division, bits, calls through pointers, recursion, jump tables, setjmp.
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 0x9e3779b97f4a7c15;
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

#define WIDTHS(name, type)                                                     \
  static uint64_t name(int rounds) {                                           \
    uint64_t sum = 0;                                                          \
    for (int i = 0; i < rounds; i++) {                                         \
      volatile type a = (type)next(), b = (type)next();                        \
      type c = (type)(a + b), d = (type)(a - b), e = (type)(a * b);            \
      if (a < b) sum += 1;                                                     \
      if (c > d) sum += 2;                                                     \
      if (b != 0) sum += (uint64_t)(a / (b | 1)) ^ (uint64_t)(a % (b | 1));    \
      sum = sum * 31 + (uint64_t)(type)(c ^ d) + (uint64_t)(type)(e >> 3) +    \
            (uint64_t)(type)(~a & b);                                          \
      sum += (uint64_t)(type) - a + (a == b) + (uint64_t)(type)(a << (b & 7)); \
    }                                                                          \
    return sum;                                                                \
  }
WIDTHS(unsigned8, uint8_t)
WIDTHS(signed8, int8_t)
WIDTHS(unsigned16, uint16_t)
WIDTHS(signed16, int16_t)
WIDTHS(unsigned32, uint32_t)
WIDTHS(signed32, int32_t)
WIDTHS(unsigned64, uint64_t)
WIDTHS(signed64, int64_t)

static uint64_t bits(int rounds) {
  uint64_t sum = 0;
  for (int i = 0; i < rounds; i++) {
    uint64_t a = next(), b = next() | 1;
    sum += (uint64_t)__builtin_popcountll(a) + (uint64_t)__builtin_clzll(b) +
           (uint64_t)__builtin_ctzll(b) + __builtin_bswap64(a) + __builtin_bswap32((uint32_t)b);
    sum ^= a << (b & 63) | a >> (-b & 63);
    sum += __builtin_parityll(a);
    unsigned __int128 wide = (unsigned __int128)a * b + sum;
    sum ^= (uint64_t)(wide >> 64) + (uint64_t)wide;
    uint64_t carry;
    sum += __builtin_add_overflow(a, b, &carry) + carry;
  }
  return sum;
}

static int compare(const void* a, const void* b) {
  uint32_t x = *(const uint32_t*)a, y = *(const uint32_t*)b;
  return x < y ? -1 : x > y;
}

static uint64_t sorted(int count) {
  uint32_t* values = malloc(sizeof *values * (unsigned)count);
  for (int i = 0; i < count; i++) values[i] = (uint32_t)next();
  qsort(values, (unsigned)count, sizeof *values, compare);
  uint64_t sum = 0;
  for (int i = 0; i < count; i++) sum = sum * 33 + values[i];
  free(values);
  return sum;
}

static unsigned ackermann(unsigned m, unsigned n) {
  if (m == 0) return n + 1;
  return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

// A small virtual machine: a jump table and calls through pointers.
static uint64_t add(uint64_t a, uint64_t b) { return a + b; }
static uint64_t mix(uint64_t a, uint64_t b) { return a * 3 ^ b; }
static uint64_t machine(int steps) {
  static uint64_t (*const functions[])(uint64_t, uint64_t) = {add, mix};
  uint64_t a = 1, b = 2;
  for (int i = 0; i < steps; i++) {
    switch (next() >> 61) {
      case 0:
        a += b;
        break;
      case 1:
        b ^= a;
        break;
      case 2:
        a = a >> 1 | b << 63;
        break;
      case 3:
        a = functions[b & 1](a, b);
        break;
      case 4:
        b = (uint64_t)((int64_t)b >> 3);
        break;
      case 5:
        a -= b;
        break;
      case 6:
        b = b * a + 1;
        break;
      default:
        a = ~a;
        break;
    }
  }
  return a ^ b;
}

static jmp_buf back;
static void jump(int depth) {
  if (depth == 0) longjmp(back, 7);
  jump(depth - 1);
}
static int jumps(int rounds) {
  volatile int sum = 0;
  for (volatile int i = 0; i < rounds; i++) {
    int value = setjmp(back);
    if (value == 0) jump(i & 15);
    sum += value;
  }
  return sum;
}

static uint64_t strings(int rounds) {
  char text[512], copy[512];
  uint64_t sum = 0;
  for (int i = 0; i < rounds; i++) {
    int length =
        snprintf(text, sizeof text, "%d:%llx:%s", i, (unsigned long long)next(), "padding");
    memcpy(copy, text, (unsigned)length + 1);
    memmove(copy + 3, copy, (unsigned)length - 5);
    sum += strlen(copy) + (uint64_t)(strchr(text, ':') - text) + (uint64_t)(unsigned char)copy[9];
    sum = sum * 7 + (uint64_t)(memcmp(text, copy, 8) > 0);
  }
  return sum;
}

int main(void) {
  printf("u8 %llx\n", (unsigned long long)unsigned8(3000));
  printf("s8 %llx\n", (unsigned long long)signed8(3000));
  printf("u16 %llx\n", (unsigned long long)unsigned16(3000));
  printf("s16 %llx\n", (unsigned long long)signed16(3000));
  printf("u32 %llx\n", (unsigned long long)unsigned32(3000));
  printf("s32 %llx\n", (unsigned long long)signed32(3000));
  printf("u64 %llx\n", (unsigned long long)unsigned64(3000));
  printf("s64 %llx\n", (unsigned long long)signed64(3000));
  printf("bits %llx\n", (unsigned long long)bits(3000));
  printf("sorted %llx\n", (unsigned long long)sorted(5000));
  printf("ackermann %u\n", ackermann(2, 60));
  printf("machine %llx\n", (unsigned long long)machine(20000));
  printf("jumps %d\n", jumps(2000));
  printf("strings %llx\n", (unsigned long long)strings(2000));
  return 0;
}
