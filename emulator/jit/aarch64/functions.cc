#include "emulator/jit/aarch64/functions.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "emulator/jit/aarch64/abi.h"
#include "emulator/semantics/avx_ops.h"
#include "emulator/semantics/integer_helpers.h"
#include "emulator/semantics/sse_ops.h"
#include "emulator/semantics/sse_shuffle_ops.h"

namespace gantry::aarch64 {
namespace {

namespace vec = sem::vec;

// Scratch vectors; a value that takes several steps is put together in one and moved last.
constexpr V s0 = kVectorScratch0, s1 = kVectorScratch1;

template <typename T>
constexpr Arrangement kFull = sizeof(T) == 1   ? k16B
                              : sizeof(T) == 2 ? k8H
                              : sizeof(T) == 4 ? k4S
                                               : k2D;
template <typename T>
constexpr unsigned kBits = sizeof(T) * 8;

template <typename F>
const void* address(F f) {
  return reinterpret_cast<const void*>(f);
}

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

void emit_shl_bytes(Assembler& a, const Operands& o) {
  if (o.constant >= 16) return a.movi(o.to, 0);
  if (o.constant == 0) return a.mov(k16B, o.to, o.vector[0]);
  a.movi(s0, 0);
  a.ext(k16B, o.to, s0, o.vector[0], static_cast<unsigned>(16 - o.constant));
}
void shift_right_bytes(Assembler& a, V to, V from, u64 count) {
  if (count >= 16) return a.movi(to, 0);
  if (count == 0) return a.mov(k16B, to, from);
  a.movi(s0, 0);
  a.ext(k16B, to, from, s0, static_cast<unsigned>(count));
}
void emit_shr_bytes(Assembler& a, const Operands& o) {
  shift_right_bytes(a, o.to, o.vector[0], o.constant);
}
void emit_align_right(Assembler& a, const Operands& o) {
  if (o.constant >= 16) return shift_right_bytes(a, o.to, o.vector[0], o.constant - 16);
  if (o.constant == 0) return a.mov(k16B, o.to, o.vector[1]);
  a.ext(k16B, o.to, o.vector[1], o.vector[0], static_cast<unsigned>(o.constant));
}

// Lane n of the result is lane (control >> n * bits) of lanes n's source.
void emit_pick_dwords(Assembler& a, V to, V low_source, V high_source, u64 control) {
  for (unsigned n = 0; n < 4; n++) {
    V from = n < 2 ? low_source : high_source;
    a.ins(4, s0, n, from, control >> (2 * n) & 3);
  }
  a.mov(k16B, to, s0);
}
void emit_shuffle_dwords(Assembler& a, const Operands& o) {
  V from = o.vector[0];
  u64 control = o.constant & 0xff;
  if (control % 0x55 == 0) return a.dup(k4S, o.to, from, static_cast<unsigned>(control & 3));
  if (control == 0xe4) return a.mov(k16B, o.to, from);
  if (control == 0x4e) return a.ext(k16B, o.to, from, from, 8);
  if (control == 0x44) return a.dup(k2D, o.to, from, 0);
  if (control == 0xee) return a.dup(k2D, o.to, from, 1);
  if (control == 0xa0) return a.trn1(k4S, o.to, from, from);
  if (control == 0xf5) return a.trn2(k4S, o.to, from, from);
  if (control == 0xb1) return a.rev64(k4S, o.to, from);
  emit_pick_dwords(a, o.to, from, from, control);
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

// The sign bits are added up next to each other, in ever wider lanes.
void emit_byte_signs(Assembler& a, const Operands& o) {
  a.ushr(k16B, s0, o.vector[0], 7);
  a.usra(k8H, s0, s0, 7);
  a.usra(k4S, s0, s0, 14);
  a.usra(k2D, s0, s0, 28);
  a.umov(1, kScratch0, s0, 8);
  a.umov(1, o.to_integer, s0, 0);
  a.orr(4, o.to_integer, o.to_integer, {kScratch0, kLsl, 8});
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
void emit_test_bits(Assembler& a, const Operands& o) {
  a.and_(k16B, s0, o.vector[0], o.vector[1]);
  emit_is_zero(a, kScratch0, s0);
  a.bic(k16B, s0, o.vector[1], o.vector[0]);
  emit_is_zero(a, kScratch1, s0);
  a.orr(4, o.to_integer, kScratch1, {kScratch0, kLsl, 6});
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

#define BINARY(name, lanes, ...)      \
  {address(&vec::__VA_ARGS__), false, \
   [](Assembler& a, const Operands& o) { a.name(lanes, o.to, o.vector[0], o.vector[1]); }},
#define UNARY(name, lanes, ...)       \
  {address(&vec::__VA_ARGS__), false, \
   [](Assembler& a, const Operands& o) { a.name(lanes, o.to, o.vector[0]); }},
#define CODE(emit, ...) {address(&vec::__VA_ARGS__), false, emit},
#define CODE_CONSTANT(emit, ...) {address(&vec::__VA_ARGS__), true, emit},
const Function kFunctions[] = {
#include "emulator/jit/aarch64/functions.def"
};
#undef BINARY
#undef UNARY
#undef CODE
#undef CODE_CONSTANT

// By address.
std::vector<Function> sorted_functions() {
  std::vector<Function> all(std::begin(kFunctions), std::end(kFunctions));
  std::sort(all.begin(), all.end(),
            [](const Function& x, const Function& y) { return x.target < y.target; });
  return all;
}

}  // namespace

const Function* find_function(const void* target) {
  static const std::vector<Function> all = sorted_functions();
  auto found = std::lower_bound(all.begin(), all.end(), target,
                                [](const Function& f, const void* t) { return f.target < t; });
  return found != all.end() && found->target == target ? &*found : nullptr;
}

bool can_apply(const ir::Unit& unit, const ir::Inst& inst) {
  const Function* function = find_function(unit.helpers[inst.imm].target);
  if (!function) return false;
  if (!function->takes_constant) return true;
  // The last argument.
  unsigned last = inst.arg[2] != ir::kNoValue ? 2 : 1;
  return unit.code[inst.arg[last]].op == ir::Op::kConst;
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
