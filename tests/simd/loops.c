// Loops that the compiler turns into AVX2, FMA and F16C: for every type of lanes a hash of what each
// leaves in memory. Sums may come in any order, but quotients are not approximate: those are the
// processor's own.
// options: -O3 -march=x86-64-v3 -fno-math-errno -fno-trapping-math -fno-signed-zeros -fassociative-math -lm
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { kCount = 517 };  // not a multiple of any vector
static uint64_t state = 1;

// splitmix64, shortened.
static uint64_t next(void) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  return z ^ z >> 27;
}

static void print(const char *name, const void *data, size_t size) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < size; i++) hash = (hash ^ ((const unsigned char *)data)[i]) * 0x100000001b3;
  printf("%-20s %016lx\n", name, hash);
}

// for every i: r[i] = EXPRESSION of a, b, c, i
#define KERNEL(T, NAME, EXPRESSION)                                                              \
  __attribute__((noinline)) static void T##_##NAME(T *restrict r, const T *restrict a,           \
                                                   const T *restrict b, const int *restrict c) { \
    for (int i = 0; i < kCount; i++) r[i] = (T)(EXPRESSION);                                     \
    (void)a, (void)b, (void)c;                                                                   \
  }
#define RUN(T, NAME)                      \
  memset(r, 0x55, sizeof r);              \
  T##_##NAME(r, a, b, c);                 \
  print(#T " " #NAME, r, sizeof r);

// What all types have, and loops that are no kernels.
#define COMMON(T)                                                                                \
  KERNEL(T, add, a[i] + b[i])                                                                    \
  KERNEL(T, multiply, a[i] * b[i] - a[i])                                                        \
  KERNEL(T, smaller, a[i] < b[i] ? a[i] : b[i])                                                  \
  KERNEL(T, larger, a[i] > b[i] ? a[i] : b[i])                                                   \
  KERNEL(T, choose, a[i] == b[i] ? 3 : b[i] > 5 ? a[i] : b[i])                                   \
  KERNEL(T, gather, a[c[i] & 511] + b[i])                                                        \
  KERNEL(T, gather_some, c[i] & 1 ? a[c[i] & 511] : b[i])                                        \
  KERNEL(T, reverse, a[kCount - 1 - i])                                                          \
  KERNEL(T, stride, i < kCount / 3 ? a[3 * i] + a[3 * i + 1] * a[3 * i + 2] : 0)                 \
  KERNEL(T, from_int, c[i])                                                                      \
  __attribute__((noinline)) static void T##_some(T *restrict r, const T *restrict a,             \
                                                 const T *restrict b, const int *restrict c) {   \
    for (int i = 0; i < kCount; i++)                                                             \
      if (c[i] > 0) r[i] = a[i] - b[i];                                                          \
  }                                                                                              \
  __attribute__((noinline)) static void T##_interleave(T *restrict r, const T *restrict a,       \
                                                       const T *restrict b, const int *c) {      \
    for (int i = 0; i < kCount / 2; i++) r[2 * i] = a[i], r[2 * i + 1] = b[i];                   \
    (void)c;                                                                                     \
  }                                                                                              \
  __attribute__((noinline)) static void T##_reduce(T *restrict r, const T *restrict a,           \
                                                   const T *restrict b, const int *c) {          \
    T sum = 0, most = a[0], least = a[0];                                                        \
    for (int i = 0; i < kCount; i++) {                                                           \
      sum = (T)(sum + a[i] * b[i]);                                                              \
      most = a[i] > most ? a[i] : most;                                                          \
      least = b[i] < least ? b[i] : least;                                                       \
    }                                                                                            \
    r[0] = sum, r[1] = most, r[2] = least;                                                       \
    (void)c;                                                                                     \
  }
#define RUN_COMMON(T)                                                                            \
  RUN(T, add) RUN(T, multiply) RUN(T, smaller) RUN(T, larger) RUN(T, choose) RUN(T, gather)      \
  RUN(T, gather_some) RUN(T, reverse) RUN(T, stride) RUN(T, from_int) RUN(T, some)               \
  RUN(T, interleave) RUN(T, reduce)

#define INTEGER(T, BITS)                                                                         \
  COMMON(T)                                                                                      \
  KERNEL(T, shift_left, a[i] << 3)                                                               \
  KERNEL(T, shift_right, a[i] >> 3)                                                              \
  KERNEL(T, shift_each, (a[i] << (b[i] & (BITS - 1))) ^ (a[i] >> (b[i] & (BITS - 1))))           \
  KERNEL(T, average, ((uint64_t)a[i] + (uint64_t)b[i] + 1) >> 1)                                 \
  KERNEL(T, magnitude, a[i] < 0 ? -a[i] : a[i])                                                  \
  KERNEL(T, high_product, ((int64_t)a[i] * b[i]) >> (BITS / 2))                                  \
  KERNEL(T, saturate, a[i] > 100 ? 100 : a[i] < 20 ? 20 : a[i])                                  \
  KERNEL(T, difference, a[i] > b[i] ? a[i] - b[i] : b[i] - a[i])                                 \
  KERNEL(T, logic, (a[i] & ~b[i]) | (b[i] ^ 0x5a))                                               \
  static void T##_all(void) {                                                                    \
    T a[kCount + 8], b[kCount + 8], r[kCount + 8];                                               \
    int c[kCount + 8];                                                                           \
    for (int i = 0; i < kCount + 8; i++) a[i] = (T)next(), b[i] = (T)next(), c[i] = (int)next(); \
    RUN_COMMON(T)                                                                                \
    RUN(T, shift_left) RUN(T, shift_right) RUN(T, shift_each) RUN(T, average) RUN(T, magnitude)  \
    RUN(T, high_product) RUN(T, saturate) RUN(T, difference) RUN(T, logic)                       \
  }
INTEGER(int8_t, 8)
INTEGER(uint8_t, 8)
INTEGER(int16_t, 16)
INTEGER(uint16_t, 16)
INTEGER(int32_t, 32)
INTEGER(uint32_t, 32)
INTEGER(int64_t, 64)
INTEGER(uint64_t, 64)

#define REAL(T, SQRT, FLOOR, RINT, ABS)                                                          \
  COMMON(T)                                                                                      \
  KERNEL(T, fused, a[i] * b[i] + (T)c[i])                                                        \
  KERNEL(T, fused_negated, (T)c[i] - a[i] * b[i])                                                \
  KERNEL(T, divide, a[i] / b[i])                                                                 \
  KERNEL(T, root, SQRT(ABS(a[i])))                                                               \
  KERNEL(T, floored, FLOOR(a[i]) + RINT(b[i]))                                                   \
  KERNEL(T, sign, -ABS(a[i]))                                                                    \
  KERNEL(T, int_and_back, (int)a[i])                                                             \
  static void T##_all(void) {                                                                    \
    T a[kCount + 8], b[kCount + 8], r[kCount + 8];                                               \
    int c[kCount + 8];                                                                           \
    for (int i = 0; i < kCount + 8; i++) {                                                       \
      a[i] = (T)((int64_t)next() >> 24) / 1000;                                                  \
      b[i] = (T)(int8_t)next();                                                                  \
      c[i] = (int)next();                                                                        \
    }                                                                                            \
    RUN_COMMON(T)                                                                                \
    RUN(T, fused) RUN(T, fused_negated) RUN(T, divide) RUN(T, root) RUN(T, floored) RUN(T, sign) \
    RUN(T, int_and_back)                                                                         \
  }
REAL(float, sqrtf, floorf, rintf, fabsf)
REAL(double, sqrt, floor, rint, fabs)

// What compilers seldom make of a loop.
static void by_hand(void) {
  uint32_t table[64], out[8] = {0}, words[16];
  for (int i = 0; i < 64; i++) table[i] = (uint32_t)next();
  for (int i = 0; i < 16; i++) words[i] = (uint32_t)next();
  __m256i x = _mm256_loadu_si256((void *)words), y = _mm256_loadu_si256((void *)(words + 8));
  __m256i index = _mm256_and_si256(x, _mm256_set1_epi32(63));
#define SHOW(NAME, VALUE) _mm256_storeu_si256((void *)out, VALUE), print(NAME, out, sizeof out)
  SHOW("masked gather", _mm256_mask_i32gather_epi32(y, (int *)table, index, x, 4));
  SHOW("gather of qwords", _mm256_i32gather_epi64((long long *)table, _mm256_castsi256_si128(
                               _mm256_and_si256(x, _mm256_set1_epi32(31))), 8));
  SHOW("masked load", _mm256_maskload_epi32((int *)table, x));
  _mm256_maskstore_epi64((long long *)out, y, x), print("masked store", out, sizeof out);
  SHOW("permute", _mm256_permutevar8x32_epi32(x, y));
  SHOW("permute qwords", _mm256_permute4x64_epi64(x, 0x63));
  SHOW("permute halves", _mm256_permute2x128_si256(x, y, 0x21));
  SHOW("permute floats", (__m256i)_mm256_permutevar_ps((__m256)x, y));
  SHOW("permute doubles", (__m256i)_mm256_permute_pd((__m256d)x, 6));
  SHOW("blend", _mm256_blend_epi32(x, y, 0xa6));
  SHOW("broadcast", _mm256_broadcastsi128_si256(_mm256_extracti128_si256(x, 1)));
  SHOW("shuffle bytes", _mm256_shuffle_epi8(x, y));
  SHOW("align", _mm256_alignr_epi8(x, y, 5));
  SHOW("sums of differences", _mm256_mpsadbw_epu8(x, y, 0x2b));
  SHOW("half floats", _mm256_castsi128_si256(_mm256_cvtps_ph(_mm256_cvtepi32_ps(x), 0)));
  printf("%x %d %d\n", _mm256_movemask_epi8(x), _mm256_testz_si256(x, y),
         _mm256_testc_ps((__m256)x, (__m256)y));
}

int main(void) {
  int8_t_all(), uint8_t_all(), int16_t_all(), uint16_t_all();
  int32_t_all(), uint32_t_all(), int64_t_all(), uint64_t_all();
  float_all(), double_all(), by_hand();
  return 0;
}
