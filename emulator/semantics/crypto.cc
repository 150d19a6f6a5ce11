#include "emulator/semantics/crypto.h"

#include <array>
#include <bit>

#include "emulator/semantics/sse_ops.h"
#include "emulator/semantics/sse_shuffle_ops.h"

namespace gantry::sem::vec {
namespace {

// --- GF(2^8)
constexpr u8 double_element(u8 a) { return static_cast<u8>(a << 1 ^ (a & 0x80 ? 0x1b : 0)); }

constexpr u8 multiply_elements(u8 a, u8 b) {
  u8 product = 0;
  for (; b != 0; b >>= 1, a = double_element(a)) product ^= b & 1 ? a : 0;
  return product;
}

// a^254; zero's inverse is taken to be zero.
constexpr u8 invert_element(u8 a) {
  u8 result = 1;
  for (unsigned k = 0; k < 7; ++k) {
    a = multiply_elements(a, a);
    result = multiply_elements(result, a);
  }
  return result;
}

// --- AES (FIPS 197). A table entry is the column that one substituted byte contributes to
// MixColumns; the byte itself is in kSbox.
using Bytes = std::array<u8, 256>;
using Columns = std::array<u32, 256>;

constexpr Bytes make_sbox() {
  Bytes box = {};
  for (unsigned k = 0; k < 256; ++k) {
    u8 x = invert_element(static_cast<u8>(k));
    box[k] = static_cast<u8>(x ^ std::rotl(x, 1) ^ std::rotl(x, 2) ^ std::rotl(x, 3) ^
                             std::rotl(x, 4) ^ 0x63);
  }
  return box;
}
constexpr Bytes make_inverse(const Bytes& box) {
  Bytes inverse = {};
  for (unsigned k = 0; k < 256; ++k) inverse[box[k]] = static_cast<u8>(k);
  return inverse;
}
constexpr Columns make_columns(const std::array<u8, 4>& factors) {
  Columns columns = {};
  for (unsigned k = 0; k < 256; ++k) {
    for (unsigned row = 0; row < 4; ++row) {
      columns[k] |= static_cast<u32>(multiply_elements(static_cast<u8>(k), factors[row]))
                    << (8 * row);
    }
  }
  return columns;
}

constexpr Bytes kSbox = make_sbox();
constexpr Bytes kInverseSbox = make_inverse(kSbox);
constexpr Columns kMix = make_columns({2, 1, 1, 3});
constexpr Columns kInverseMix = make_columns({14, 9, 13, 11});

// Byte n of the result is box[byte at column + step × row], the columns taken modulo four.
V128 shift_and_substitute(V128 state, const Bytes& box, unsigned step) {
  auto x = state.as<u8>();
  return generate<u8>([&](unsigned n) { return box[x[(n + 4 * step * (n & 3)) & 15]]; });
}

V128 mix_columns(V128 state, const Columns& columns) {
  return map<u32>(state, [&](u32 x) {
    return columns[x & 0xff] ^ std::rotl(columns[x >> 8 & 0xff], 8) ^
           std::rotl(columns[x >> 16 & 0xff], 16) ^ std::rotl(columns[x >> 24], 24);
  });
}

u32 substitute_word(u32 x) {
  u32 result = 0;
  for (unsigned k = 0; k < 32; k += 8) result |= static_cast<u32>(kSbox[x >> k & 0xff]) << k;
  return result;
}

// --- SHA (FIPS 180-4)
u32 choose_bits(u32 x, u32 y, u32 z) { return (x & y) ^ (~x & z); }
u32 majority(u32 x, u32 y, u32 z) { return (x & y) ^ (x & z) ^ (y & z); }
u32 small_sigma0(u32 x) { return std::rotr(x, 7) ^ std::rotr(x, 18) ^ x >> 3; }
u32 small_sigma1(u32 x) { return std::rotr(x, 17) ^ std::rotr(x, 19) ^ x >> 10; }
u32 big_sigma0(u32 x) { return std::rotr(x, 2) ^ std::rotr(x, 13) ^ std::rotr(x, 22); }
u32 big_sigma1(u32 x) { return std::rotr(x, 6) ^ std::rotr(x, 11) ^ std::rotr(x, 25); }

u32 sha1_function(u64 which, u32 b, u32 c, u32 d) {
  switch (which & 3) {
    case 0:
      return choose_bits(b, c, d);
    case 2:
      return majority(b, c, d);
    default:
      return b ^ c ^ d;
  }
}
constexpr u32 kSha1Constants[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};

// Lanes from the highest down, which is how the manual writes them.
V128 from_high(u32 a, u32 b, u32 c, u32 d) {
  return {static_cast<u64>(c) << 32 | d, static_cast<u64>(a) << 32 | b};
}

// --- GFNI: bit k of the result is the parity of matrix row 7 - k with the byte.
u8 affine_byte(u8 x, u64 matrix, u8 constant) {
  u8 result = constant;
  for (unsigned k = 0; k < 8; ++k) {
    u8 row = static_cast<u8>(matrix >> (8 * (7 - k)));
    result ^= static_cast<u8>((std::popcount(static_cast<u8>(row & x)) & 1) << k);
  }
  return result;
}

constexpr Bytes make_inverses() {
  Bytes table = {};
  for (unsigned k = 0; k < 256; ++k) table[k] = invert_element(static_cast<u8>(k));
  return table;
}
constexpr Bytes kInverses = make_inverses();

}  // namespace

V128 aes_key_encrypt(V128 state, V128 key) {
  return mix_columns(aes_key_encrypt_last(state, key), kMix);
}
V128 aes_key_encrypt_last(V128 state, V128 key) {
  return shift_and_substitute(xor_(state, key), kSbox, 1);
}
V128 aes_key_decrypt(V128 state, V128 key) {
  return mix_columns(aes_key_decrypt_last(state, key), kInverseMix);
}
V128 aes_key_decrypt_last(V128 state, V128 key) {
  return shift_and_substitute(xor_(state, key), kInverseSbox, 3);
}
V128 aes_encrypt(V128 state, V128 key) { return xor_(aes_key_encrypt(state, {}), key); }
V128 aes_encrypt_last(V128 state, V128 key) { return xor_(aes_key_encrypt_last(state, {}), key); }
V128 aes_decrypt(V128 state, V128 key) { return xor_(aes_key_decrypt(state, {}), key); }
V128 aes_decrypt_last(V128 state, V128 key) { return xor_(aes_key_decrypt_last(state, {}), key); }
V128 aes_inverse_mix(V128 key) { return mix_columns(key, kInverseMix); }
V128 aes_key_assist(V128 key, u64 round_constant) {
  auto x = key.as<u32>();
  u32 one = substitute_word(x[1]), three = substitute_word(x[3]);
  u32 constant = static_cast<u32>(round_constant);
  return from_high(std::rotr(three, 8) ^ constant, three, std::rotr(one, 8) ^ constant, one);
}

V128 sha1_rounds(V128 abcd, V128 words, u64 function) {
  auto x = abcd.as<u32>();
  auto w = words.as<u32>();
  u32 a = x[3], b = x[2], c = x[1], d = x[0], e = 0;  // E is part of the first word
  for (unsigned k = 4; k-- > 0;) {
    u32 next = sha1_function(function, b, c, d) + std::rotl(a, 5) + w[k] + e +
               kSha1Constants[function & 3];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  return from_high(a, b, c, d);
}

V128 sha1_next_e(V128 abcd, V128 words) {
  auto w = words.as<u32>();
  w[3] += std::rotl(abcd.as<u32>()[3], 30);
  return V128::from(w);
}

V128 sha1_message1(V128 a, V128 b) { return xor_(a, {b.hi, a.lo}); }

V128 sha1_message2(V128 a, V128 b) {
  auto x = a.as<u32>(), y = b.as<u32>();
  u32 w16 = std::rotl(x[3] ^ y[2], 1);
  u32 w17 = std::rotl(x[2] ^ y[1], 1);
  u32 w18 = std::rotl(x[1] ^ y[0], 1);
  u32 w19 = std::rotl(x[0] ^ w16, 1);
  return from_high(w16, w17, w18, w19);
}

namespace {

struct Sha256 {
  u32 a, b, c, d, e, f, g, h;

  void round(u32 word) {
    u32 t = choose_bits(e, f, g) + big_sigma1(e) + word + h;
    u32 next = t + majority(a, b, c) + big_sigma0(a);
    *this = {next, a, b, c, d + t, e, f, g};
  }
};

Sha256 after_four_rounds(V128 abcd, V128 efgh, V128 words) {
  auto x = abcd.as<u32>(), y = efgh.as<u32>();
  Sha256 state = {x[0], x[1], x[2], x[3], y[0], y[1], y[2], y[3]};
  for (unsigned n = 0; n < 4; n++) state.round(words.as<u32>()[n]);
  return state;
}

}  // namespace

V128 sha256_rounds(V128 cdgh, V128 abef, V128 words) {
  auto x = cdgh.as<u32>(), y = abef.as<u32>(), w = words.as<u32>();
  Sha256 state = {y[3], y[2], x[3], x[2], y[1], y[0], x[1], x[0]};
  state.round(w[0]);
  state.round(w[1]);
  return from_high(state.a, state.b, state.e, state.f);
}

V128 sha256_upper_words(V128 a, V128 b) { return {std::rotl(a.hi, 32), std::rotl(b.hi, 32)}; }
V128 sha256_lower_words(V128 a, V128 b) { return {std::rotl(a.lo, 32), std::rotl(b.lo, 32)}; }
V128 sha256_next_abcd(V128 abcd, V128 efgh, V128 words) {
  Sha256 next = after_four_rounds(abcd, efgh, words);
  return from_high(next.d, next.c, next.b, next.a);
}
V128 sha256_next_efgh(V128 abcd, V128 efgh, V128 words) {
  Sha256 next = after_four_rounds(abcd, efgh, words);
  return from_high(next.h, next.g, next.f, next.e);
}

V128 sha256_message1(V128 a, V128 b) {
  auto x = a.as<u32>();
  u32 w4 = b.as<u32>()[0];
  return from_high(x[3] + small_sigma0(w4), x[2] + small_sigma0(x[3]), x[1] + small_sigma0(x[2]),
                   x[0] + small_sigma0(x[1]));
}

V128 sha256_message2(V128 a, V128 b) {
  auto x = a.as<u32>(), y = b.as<u32>();
  u32 w16 = x[0] + small_sigma1(y[2]);
  u32 w17 = x[1] + small_sigma1(y[3]);
  u32 w18 = x[2] + small_sigma1(w16);
  u32 w19 = x[3] + small_sigma1(w17);
  return from_high(w19, w18, w17, w16);
}

V128 sha256_next_words(V128 sums, V128 w8, V128 w12) {
  return sha256_message2(add<u32>(sums, align_right(w12, w8, 4)), w12);
}

// Four bits of the multiplier at a time.
V128 carryless_multiply(V128 a, V128 b, u64 control) {
  u64 x = control & 1 ? a.hi : a.lo;
  u64 y = control & 16 ? b.hi : b.lo;
  u128 multiples[16] = {0, x};
  for (unsigned k = 2; k < 16; ++k) multiples[k] = multiples[k / 2] << 1 ^ (k & 1 ? x : 0);
  u128 product = 0;
  for (int k = 60; k >= 0; k -= 4) product = product << 4 ^ multiples[y >> k & 15];
  return std::bit_cast<V128>(product);
}

V128 field_multiply(V128 a, V128 b) { return zip<u8>(a, b, multiply_elements); }

V128 field_affine(V128 a, V128 matrix, u64 constant) {
  auto x = a.as<u8>();
  auto m = matrix.as<u64>();
  return generate<u8>(
      [&](unsigned k) { return affine_byte(x[k], m[k / 8], static_cast<u8>(constant)); });
}

V128 field_affine_inverse(V128 a, V128 matrix, u64 constant) {
  return field_affine(map<u8>(a, [](u8 x) { return kInverses[x]; }), matrix, constant);
}

}  // namespace gantry::sem::vec
