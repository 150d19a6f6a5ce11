#include "emulator/jit/aarch64/functions.h"

#include <algorithm>
#include <utility>

#include "emulator/jit/aarch64/abi.h"
#include "emulator/jit/aarch64/crypto.h"
#include "emulator/jit/aarch64/function_table.h"
#include "emulator/semantics/avx_ops.h"
#include "emulator/semantics/crypto.h"
#include "emulator/semantics/integer_helpers.h"
#include "emulator/semantics/sse_ops.h"
#include "emulator/semantics/sse_shuffle_ops.h"

namespace gantry::aarch64 {
namespace {

namespace vec = sem::vec;

// Where the rows' functions are.
namespace pure {
using namespace sem;
using namespace sem::vec;
}  // namespace pure

// Scratch vectors; a value that takes several steps is put together in one and moved last.
constexpr V s0 = kVectorScratch0, s1 = kVectorScratch1;

template <typename T>
constexpr Arrangement kFull = sizeof(T) == 1   ? k16B
                              : sizeof(T) == 2 ? k8H
                              : sizeof(T) == 4 ? k4S
                                               : k2D;
template <typename T>
constexpr unsigned kBits = sizeof(T) * 8;

template <typename T>
void emit_shl(Assembler& a, const Operands& o) {
  if (o.constant >= kBits<T>) return a.movi(o.to, 0);
  a.shl(kFull<T>, o.to, o.vector[0], static_cast<unsigned>(o.constant));
}
template <typename T>
void emit_shr(Assembler& a, const Operands& o) {
  if (o.constant >= kBits<T>) return a.movi(o.to, 0);
  if (o.constant == 0) return a.mov(k16B, o.to, o.vector[0]);
  a.ushr(kFull<T>, o.to, o.vector[0], static_cast<unsigned>(o.constant));
}
template <typename T>
void emit_sar(Assembler& a, const Operands& o) {
  if (o.constant == 0) return a.mov(k16B, o.to, o.vector[0]);
  a.sshr(kFull<T>, o.to, o.vector[0],
         static_cast<unsigned>(std::min<u64>(o.constant, kBits<T> - 1)));
}

// Counts in lanes of T, of which USHL and SSHL take the low byte, signed: those above 127 become
// 127, which leaves nothing either.
void clamp_counts(Assembler& a, Arrangement lanes, V to, V counts) {
  unsigned spare = lane_bytes(lanes) * 8 - 7;
  a.uqshl(lanes, to, counts, spare);
  a.ushr(lanes, to, to, spare);
}
template <typename T>
void shift_left(Assembler& a, V to, V from, V counts) {
  a.ushl(kFull<T>, to, from, counts);
}
template <typename T>
void shift_right(Assembler& a, V to, V from, V counts) {
  a.neg(kFull<T>, counts, counts);
  std::is_signed_v<T> ? a.sshl(kFull<T>, to, from, counts) : a.ushl(kFull<T>, to, from, counts);
}
template <typename T>
void spread_count(Assembler& a, V count) {
  clamp_counts(a, k1D, s0, count);
  a.dup(kFull<T>, s0, s0, 0);
}
template <typename T>
void emit_shl_by(Assembler& a, const Operands& o) {
  spread_count<T>(a, o.vector[1]);
  shift_left<T>(a, o.to, o.vector[0], s0);
}
template <typename T>
void emit_shr_by(Assembler& a, const Operands& o) {
  spread_count<T>(a, o.vector[1]);
  shift_right<T>(a, o.to, o.vector[0], s0);
}
template <typename T>
void emit_shl_each(Assembler& a, const Operands& o) {
  clamp_counts(a, kFull<T>, s0, o.vector[1]);
  shift_left<T>(a, o.to, o.vector[0], s0);
}
template <typename T>
void emit_shr_each(Assembler& a, const Operands& o) {
  clamp_counts(a, kFull<T>, s0, o.vector[1]);
  shift_right<T>(a, o.to, o.vector[0], s0);
}

void emit_shl_bytes(Assembler& a, const Operands& o) {
  if (o.constant >= 16) return a.movi(o.to, 0);
  if (o.constant == 0) return a.mov(k16B, o.to, o.vector[0]);
  a.ext(k16B, o.to, kVectorZero, o.vector[0], static_cast<unsigned>(16 - o.constant));
}
void shift_right_bytes(Assembler& a, V to, V from, u64 count) {
  if (count >= 16) return a.movi(to, 0);
  if (count == 0) return a.mov(k16B, to, from);
  a.ext(k16B, to, from, kVectorZero, static_cast<unsigned>(count));
}
void emit_shr_bytes(Assembler& a, const Operands& o) {
  shift_right_bytes(a, o.to, o.vector[0], o.constant);
}
void emit_align_right(Assembler& a, const Operands& o) {
  if (o.constant >= 16) return shift_right_bytes(a, o.to, o.vector[0], o.constant - 16);
  if (o.constant == 0) return a.mov(k16B, o.to, o.vector[1]);
  a.ext(k16B, o.to, o.vector[1], o.vector[0], static_cast<unsigned>(o.constant));
}

// One instruction that puts lanes of two vectors together.
struct Shuffle {
  u8 lanes[4];  // what is in each lane: 0 to 3 of `low`, 4 to 7 of `high`
  void (*emit)(Assembler& a, V to, V low, V high);
};
constexpr Shuffle kShuffles[] = {
    {{0, 1, 2, 3}, [](Assembler& a, V to, V low, V) { a.mov(k16B, to, low); }},
    {{4, 5, 6, 7}, [](Assembler& a, V to, V, V high) { a.mov(k16B, to, high); }},
    {{0, 0, 0, 0}, [](Assembler& a, V to, V low, V) { a.dup(k4S, to, low, 0); }},
    {{1, 1, 1, 1}, [](Assembler& a, V to, V low, V) { a.dup(k4S, to, low, 1); }},
    {{2, 2, 2, 2}, [](Assembler& a, V to, V low, V) { a.dup(k4S, to, low, 2); }},
    {{3, 3, 3, 3}, [](Assembler& a, V to, V low, V) { a.dup(k4S, to, low, 3); }},
    {{1, 0, 3, 2}, [](Assembler& a, V to, V low, V) { a.rev64(k4S, to, low); }},
    {{1, 2, 3, 4}, [](Assembler& a, V to, V low, V high) { a.ext(k16B, to, low, high, 4); }},
    {{2, 3, 4, 5}, [](Assembler& a, V to, V low, V high) { a.ext(k16B, to, low, high, 8); }},
    {{3, 4, 5, 6}, [](Assembler& a, V to, V low, V high) { a.ext(k16B, to, low, high, 12); }},
    {{0, 1, 4, 5}, [](Assembler& a, V to, V low, V high) { a.zip1(k2D, to, low, high); }},
    {{2, 3, 6, 7}, [](Assembler& a, V to, V low, V high) { a.zip2(k2D, to, low, high); }},
    {{0, 4, 1, 5}, [](Assembler& a, V to, V low, V high) { a.zip1(k4S, to, low, high); }},
    {{2, 6, 3, 7}, [](Assembler& a, V to, V low, V high) { a.zip2(k4S, to, low, high); }},
    {{0, 4, 2, 6}, [](Assembler& a, V to, V low, V high) { a.trn1(k4S, to, low, high); }},
    {{1, 5, 3, 7}, [](Assembler& a, V to, V low, V high) { a.trn2(k4S, to, low, high); }},
    {{0, 2, 4, 6}, [](Assembler& a, V to, V low, V high) { a.uzp1(k4S, to, low, high); }},
    {{1, 3, 5, 7}, [](Assembler& a, V to, V low, V high) { a.uzp2(k4S, to, low, high); }},
};

// Lane n of the result is lane (control >> 2 * n) of `low` or, the upper two, `high`: by the
// instruction that has most of them right, and one for each other.
void emit_pick_dwords(Assembler& a, V to, V low, V high, u64 control) {
  auto wanted = [&](unsigned n) {
    unsigned lane = control >> (2 * n) & 3;
    return n < 2 || low == high ? lane : lane + 4;
  };
  auto is_right = [&](const Shuffle& s, unsigned n) {
    unsigned lane = low == high ? s.lanes[n] & 3u : s.lanes[n];
    return lane == wanted(n);
  };
  auto right = [&](const Shuffle& s) {
    return is_right(s, 0) + is_right(s, 1) + is_right(s, 2) + is_right(s, 3);
  };
  const Shuffle& best =
      *std::max_element(std::begin(kShuffles), std::end(kShuffles),
                        [&](const Shuffle& x, const Shuffle& y) { return right(x) < right(y); });
  if (right(best) == 4) return best.emit(a, to, low, high);
  V result = to == low || to == high ? s0 : to;
  best.emit(a, result, low, high);
  for (unsigned n = 0; n < 4; n++) {
    if (is_right(best, n)) continue;
    a.ins(4, result, n, wanted(n) < 4 ? low : high, wanted(n) & 3);
  }
  if (result != to) a.mov(k16B, to, result);
}
void emit_shuffle_dwords(Assembler& a, const Operands& o) {
  emit_pick_dwords(a, o.to, o.vector[0], o.vector[0], o.constant);
}
// {low[i], high[j]}
void join_qwords(Assembler& a, V to, V low, unsigned i, V high, unsigned j) {
  if (i == j) return i == 0 ? a.zip1(k2D, to, low, high) : a.zip2(k2D, to, low, high);
  if (i == 1) return a.ext(k16B, to, low, high, 8);
  if (low == high) return a.mov(k16B, to, low);
  a.ext(k16B, s0, high, low, 8);
  a.ext(k16B, to, s0, s0, 8);
}
void emit_shuffle_qwords(Assembler& a, const Operands& o) {
  join_qwords(a, o.to, o.vector[0], o.constant & 1, o.vector[1], o.constant >> 1 & 1);
}
void emit_select_qwords(Assembler& a, const Operands& o) {
  join_qwords(a, o.to, o.vector[0], o.constant & 1, o.vector[0], o.constant >> 1 & 1);
}
void emit_permute_qwords(Assembler& a, const Operands& o) {
  unsigned first = o.constant & 3, second = o.constant >> 2 & 3;
  join_qwords(a, o.to, o.vector[first / 2], first % 2, o.vector[second / 2], second % 2);
}

// Indices of dwords, of which `bits` bits count, to those of their bytes.
void spread_index(Assembler& a, V to, V index, unsigned bits) {
  a.shl(k4S, to, index, 32 - bits);
  a.ushr(k4S, to, to, 30 - bits);
  a.sli(k4S, to, to, 8);
  a.sli(k4S, to, to, 16);
  for (unsigned n = 1; n < 4; n++) a.orr(k4S, to, n, 8 * n);
}
void emit_permute_dwords(Assembler& a, const Operands& o) {
  a.mov(k16B, s0, o.vector[0]);
  a.mov(k16B, s1, o.vector[1]);
  spread_index(a, o.to, o.vector[2], 3);
  a.tbl(k16B, o.to, s0, 2, o.to);
}
void emit_permute_within_dwords(Assembler& a, const Operands& o) {
  spread_index(a, s0, o.vector[1], 2);
  a.tbl(k16B, o.to, o.vector[0], 1, s0);
}
void emit_permute_within_qwords(Assembler& a, const Operands& o) {
  a.shl(k2D, s0, o.vector[1], 62);
  a.sshr(k2D, s0, s0, 63);
  a.dup(k2D, s1, o.vector[0], 1);
  a.dup(k2D, o.to, o.vector[0], 0);
  a.bit(k16B, o.to, s1, s0);
}
void emit_insert_and_zero(Assembler& a, const Operands& o) {
  a.mov(k16B, s0, o.vector[0]);
  a.ins(4, s0, o.constant >> 4 & 3, o.vector[1], o.constant >> 6 & 3);
  for (unsigned n = 0; n < 4; n++) {
    if (o.constant >> n & 1) a.ins(4, s0, n, kZr);
  }
  a.mov(k16B, o.to, s0);
}

template <unsigned first>
void emit_pick_words(Assembler& a, const Operands& o) {
  a.mov(k16B, s0, o.vector[0]);
  for (unsigned n = 0; n < 4; n++) {
    a.ins(2, s0, first + n, o.vector[0], first + (o.constant >> (2 * n) & 3));
  }
  a.mov(k16B, o.to, s0);
}

template <typename T>
void emit_blend(Assembler& a, const Operands& o) {
  a.mov(k16B, s0, o.vector[0]);
  for (unsigned n = 0; n < 16 / sizeof(T); n++) {
    if (o.constant >> n & 1) a.ins(sizeof(T), s0, n, o.vector[1], n);
  }
  a.mov(k16B, o.to, s0);
}
template <typename T>
void emit_blend_variable(Assembler& a, const Operands& o) {
  a.sshr(kFull<T>, s0, o.vector[2], kBits<T> - 1);
  a.bsl(k16B, s0, o.vector[1], o.vector[0]);
  a.mov(k16B, o.to, s0);
}

template <typename From, typename To>
void emit_extend(Assembler& a, const Operands& o) {
  constexpr bool kSigned = std::is_signed_v<From>;
  V from = o.vector[0];
  auto widen = [&](Arrangement lanes) {
    kSigned ? a.sshll(lanes, o.to, from, 0) : a.ushll(lanes, o.to, from, 0);
    from = o.to;
  };
  if (sizeof(From) <= 1) widen(k8B);
  if (sizeof(From) <= 2 && sizeof(To) >= 4) widen(k4H);
  if (sizeof(To) == 8) widen(k2S);
}

template <typename T>
void emit_insert(Assembler& a, const Operands& o) {
  if (o.to != o.vector[0]) a.mov(k16B, o.to, o.vector[0]);
  a.ins(sizeof(T), o.to, static_cast<unsigned>(o.constant % (16 / sizeof(T))), o.integer[1]);
}
template <typename T>
void emit_extract(Assembler& a, const Operands& o) {
  a.umov(sizeof(T), o.to_integer, o.vector[0],
         static_cast<unsigned>(o.constant % (16 / sizeof(T))));
}

// 0x80 in the bytes whose sign is set stays as one bit of eight, which are added up in pairs. The
// bits are those of the register that holds them for that.
V masked_signs(Assembler& a, V to, const Operands& o, unsigned n) {
  V from = o.vector[n];
  if (!o.is_mask[n]) a.cmlt(k16B, to, from, 0);
  a.and_(k16B, to, o.is_mask[n] ? from : to, kByteBits);
  return to;
}
void emit_byte_signs(Assembler& a, const Operands& o) {
  masked_signs(a, s0, o, 0);
  for (unsigned n = 0; n < 3; n++) a.addp(k16B, s0, s0, s0);
  a.umov(2, o.to_integer, s0, 0);
}
void emit_all_byte_signs(Assembler& a, const Operands& o) {
  masked_signs(a, s0, o, 0);
  masked_signs(a, s1, o, 1);
  a.addp(k16B, s0, s0, s1);
  for (unsigned n = 0; n < 2; n++) a.addp(k16B, s0, s0, s0);
  a.fmov(4, o.to_integer, s0);
}
void emit_dword_signs(Assembler& a, const Operands& o) {
  a.ushr(k4S, s0, o.vector[0], 31);
  a.usra(k2D, s0, s0, 31);
  a.umov(4, kScratch0, s0, 2);
  a.umov(4, o.to_integer, s0, 0);
  a.orr(4, o.to_integer, o.to_integer, {kScratch0, kLsl, 2});
}
void emit_qword_signs(Assembler& a, const Operands& o) {
  a.umov(8, kScratch0, o.vector[0], 1);
  a.umov(8, o.to_integer, o.vector[0], 0);
  a.lsr(8, kScratch0, kScratch0, 63);
  a.lsr(8, o.to_integer, o.to_integer, 63);
  a.orr(4, o.to_integer, o.to_integer, {kScratch0, kLsl, 1});
}

// 1 in w `to` when the vector is zero; NZCV stays.
void emit_is_zero(Assembler& a, X to, V from) {
  a.umaxv(k4S, s1, from);
  a.fmov(4, to, s1);
  a.clz(4, to, to);
  a.lsr(4, to, to, 5);
}
void emit_zero_bits(Assembler& a, const Operands& o) {
  emit_is_zero(a, kScratch0, o.vector[0]);
  emit_is_zero(a, kScratch1, o.vector[1]);
  a.orr(4, o.to_integer, kScratch1, {kScratch0, kLsl, 6});
}

void emit_and(Assembler& a, const Operands& o) { a.and_(k16B, o.to, o.vector[0], o.vector[1]); }
void emit_or(Assembler& a, const Operands& o) { a.orr(k16B, o.to, o.vector[0], o.vector[1]); }
template <typename T>
void emit_greater(Assembler& a, const Operands& o) {
  a.cmgt(kFull<T>, o.to, o.vector[0], o.vector[1]);
}
// What two equal operands give depends on no register.
void emit_xor(Assembler& a, const Operands& o) {
  if (o.vector[0] == o.vector[1]) return a.movi(o.to, 0);
  a.eor(k16B, o.to, o.vector[0], o.vector[1]);
}
template <typename T>
void emit_equal(Assembler& a, const Operands& o) {
  if (o.vector[0] == o.vector[1]) return a.movi(o.to, ~u64{0});
  a.cmeq(kFull<T>, o.to, o.vector[0], o.vector[1]);
}
void emit_andn(Assembler& a, const Operands& o) { a.bic(k16B, o.to, o.vector[1], o.vector[0]); }

// The even lanes of 32 bits, multiplied to 64.
template <typename T>
void emit_mul_even(Assembler& a, const Operands& o) {
  a.xtn(k2S, s0, o.vector[0]);
  a.xtn(k2S, s1, o.vector[1]);
  std::is_signed_v<T> ? a.smull(k2S, o.to, s0, s1) : a.umull(k2S, o.to, s0, s1);
}
template <typename T>
void multiply_words(Assembler& a, const Operands& o) {
  for (auto [lanes, to] : {std::pair{k4H, s0}, std::pair{k8H, s1}}) {
    std::is_signed_v<T> ? a.smull(lanes, to, o.vector[0], o.vector[1])
                        : a.umull(lanes, to, o.vector[0], o.vector[1]);
  }
}
template <typename T>
void emit_mul_high(Assembler& a, const Operands& o) {
  multiply_words<T>(a, o);
  a.uzp2(k8H, o.to, s0, s1);
}
void emit_mul_add_words(Assembler& a, const Operands& o) {
  multiply_words<s16>(a, o);
  a.addp(k4S, o.to, s0, s1);
}
void emit_mul_round(Assembler& a, const Operands& o) {
  multiply_words<s16>(a, o);
  a.rshrn(k4H, o.to, s0, 15);
  a.rshrn(k8H, o.to, s1, 15);
}
// Even bytes, odd bytes.
void emit_mul_add_bytes(Assembler& a, const Operands& o) {
  a.shl(k8H, s0, o.vector[0], 8);
  a.ushr(k8H, s0, s0, 8);
  a.shl(k8H, s1, o.vector[1], 8);
  a.sshr(k8H, s1, s1, 8);
  a.mul(k8H, s0, s0, s1);
  a.ushr(k8H, s1, o.vector[0], 8);
  a.sshr(k8H, o.to, o.vector[1], 8);
  a.mul(k8H, s1, s1, o.to);
  a.sqadd(k8H, o.to, s0, s1);
}
void emit_sum_differences(Assembler& a, const Operands& o) {
  a.uabd(k16B, s0, o.vector[0], o.vector[1]);
  a.uaddlp(k16B, s0, s0);
  a.uaddlp(k8H, s0, s0);
  a.uaddlp(k4S, o.to, s0);
}
// With the mask of the negative lanes, -x is (x ^ mask) - mask.
template <typename T>
void emit_sign(Assembler& a, const Operands& o) {
  a.cmlt(kFull<T>, s0, o.vector[1], 0);
  a.eor(k16B, s1, o.vector[0], s0);
  a.sub(kFull<T>, s1, s1, s0);
  a.cmeq(kFull<T>, s0, o.vector[1], 0);
  a.bic(k16B, o.to, s1, s0);
}

// The first and the second lanes of pairs.
void separate_pairs(Assembler& a, Arrangement lanes, const Operands& o) {
  a.uzp1(lanes, s0, o.vector[0], o.vector[1]);
  a.uzp2(lanes, s1, o.vector[0], o.vector[1]);
}
template <Arrangement lanes>
void emit_pairs_sub(Assembler& a, const Operands& o) {
  separate_pairs(a, lanes, o);
  a.sub(lanes, o.to, s0, s1);
}
void emit_pairs_sqadd(Assembler& a, const Operands& o) {
  separate_pairs(a, k8H, o);
  a.sqadd(k8H, o.to, s0, s1);
}
void emit_pairs_sqsub(Assembler& a, const Operands& o) {
  separate_pairs(a, k8H, o);
  a.sqsub(k8H, o.to, s0, s1);
}

// `narrow` is the arrangement of half a result.
constexpr Arrangement full_of(Arrangement narrow) {
  return static_cast<Arrangement>(static_cast<u8>(narrow) | 1);
}
template <Arrangement narrow>
void emit_pack_signed(Assembler& a, const Operands& o) {
  a.sqxtn(narrow, s0, o.vector[0]);
  a.sqxtn(full_of(narrow), s0, o.vector[1]);
  a.mov(k16B, o.to, s0);
}
template <Arrangement narrow>
void emit_pack_unsigned(Assembler& a, const Operands& o) {
  a.sqxtun(narrow, s0, o.vector[0]);
  a.sqxtun(full_of(narrow), s0, o.vector[1]);
  a.mov(k16B, o.to, s0);
}

template <Arrangement lanes>
void emit_duplicate(Assembler& a, const Operands& o) {
  a.dup(lanes, o.to, o.vector[0], 0);
}
void emit_even_dwords(Assembler& a, const Operands& o) {
  a.trn1(k4S, o.to, o.vector[0], o.vector[0]);
}
void emit_odd_dwords(Assembler& a, const Operands& o) {
  a.trn2(k4S, o.to, o.vector[0], o.vector[0]);
}
template <unsigned index>
void emit_only_qword(Assembler& a, const Operands& o) {
  a.dup(8, o.to, o.vector[0], index);
}
template <typename T>
void emit_with_low(Assembler& a, const Operands& o) {
  V low = o.vector[1];
  if (o.to == low && low != o.vector[0]) {
    a.mov(k16B, s0, low);
    low = s0;
  }
  if (o.to != o.vector[0]) a.mov(k16B, o.to, o.vector[0]);
  a.ins(sizeof(T), o.to, 0, low, 0);
}
template <unsigned index>
void emit_qword(Assembler& a, const Operands& o) {
  a.umov(8, o.to_integer, o.vector[0], index);
}
void emit_shuffle_pairs(Assembler& a, const Operands& o) {
  emit_pick_dwords(a, o.to, o.vector[0], o.vector[1], o.constant);
}
// An index from 16 up gives zero: bit 7 stays, bits 4 to 6 do not count.
void emit_shuffle_bytes(Assembler& a, const Operands& o) {
  a.movi(s0, 0x8f8f8f8f8f8f8f8f);
  a.and_(k16B, s0, s0, o.vector[1]);
  a.tbl(k16B, o.to, o.vector[0], 1, s0);
}

#define BINARY(name, lanes, ...) \
  {address(&pure::__VA_ARGS__),  \
   [](Assembler& a, const Operands& o) { a.name(lanes, o.to, o.vector[0], o.vector[1]); }},
#define MASK(emit_, ...) \
  {.target = address(&pure::__VA_ARGS__), .emit = emit_, .masks = Function::Masks::kYes},
#define LOGIC(emit_, ...) \
  {.target = address(&pure::__VA_ARGS__), .emit = emit_, .masks = Function::Masks::kOfMasks},
#define UNARY(name, lanes, ...) \
  {address(&pure::__VA_ARGS__), \
   [](Assembler& a, const Operands& o) { a.name(lanes, o.to, o.vector[0]); }},
#define UNARY_FEATURE(name_, name, ...)                                        \
  {.target = address(&pure::__VA_ARGS__),                                      \
   .emit = [](Assembler& a, const Operands& o) { a.name(o.to, o.vector[0]); }, \
   .feature = &Features::name_},
#define CODE(emit, ...) {address(&pure::__VA_ARGS__), emit},
#define CODE_CONSTANT(emit, at, ...) {address(&pure::__VA_ARGS__), emit, at},
#define CODE_FEATURE(feature, emit, ...) \
  {address(&pure::__VA_ARGS__), emit, Function::kNoConstant, &Features::feature},
#define CODE_FEATURE_CONSTANT(feature, emit, at, ...) \
  {address(&pure::__VA_ARGS__), emit, at, &Features::feature},
const Function kFunctions[] = {
#include "emulator/jit/aarch64/functions.def"
};
#undef BINARY
#undef UNARY
#undef UNARY_FEATURE
#undef CODE
#undef CODE_CONSTANT
#undef CODE_FEATURE
#undef CODE_FEATURE_CONSTANT
#undef MASK
#undef LOGIC

}  // namespace

const Function* find_function(const void* target) {
  static const FunctionTable<Function> all(kFunctions);
  const Function* found = all.find(target);
  return found && found->feature && !(features().*found->feature) ? nullptr : found;
}

const Function* native_function(const ir::Unit& unit, const ir::Inst& inst) {
  const Function* function = find_function(unit.helpers[inst.imm].target);
  if (!function || function->constant == Function::kNoConstant) return function;
  bool is_constant = unit.code[inst.arg[function->constant]].op == ir::Op::kConst;
  return is_constant ? function : nullptr;
}

bool tests_vectors(const ir::Unit& unit, const ir::Inst& inst) {
  return unit.helpers[inst.imm].target == address(&vec::zero_bits);
}

bool can_call(const ir::Unit& unit, const ir::Inst& inst) {
  const void* target = unit.helpers[inst.imm].target;
  if (target == address(&sem::check_alignment) || target == address(&sem::compare_exchange_16)) {
    return true;
  }
  if (target != address(&sem::divide_unsigned) && target != address(&sem::divide_signed)) {
    return false;
  }
  // The arguments are right before: the width and the divisor.
  auto call = static_cast<std::size_t>(&inst - unit.code.data());
  u64 width = unit.code[unit.code[call - 2].arg[0]].imm;
  return width >= 4;
}

}  // namespace gantry::aarch64
