#include "emulator/jit/aarch64/functions.h"

#include <algorithm>
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
constexpr Arrangement kLower = sizeof(T) == 1   ? k8B
                               : sizeof(T) == 2 ? k4H
                                                : k2S;
template <typename T>
constexpr unsigned kBits = sizeof(T) * 8;

template <typename F>
const void* address(F f) {
  return reinterpret_cast<const void*>(f);
}

// `name` on lanes: to := name(first, second).
#define BINARY(function, name, lanes) \
  {address(&function), false,         \
   [](Assembler& a, const Operands& o) { a.name(lanes, o.to, o.vector[0], o.vector[1]); }}
#define UNARY(function, name, lanes) \
  {address(&function), false,        \
   [](Assembler& a, const Operands& o) { a.name(lanes, o.to, o.vector[0]); }}
#define CODE(function, takes_constant, ...) \
  {address(&function), takes_constant, [](Assembler & a, const Operands& o) __VA_ARGS__}

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
void emit_pick_words(Assembler& a, const Operands& o, unsigned first) {
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

const std::vector<Function>& functions() {
  using namespace vec;
  static const std::vector<Function> table = [] {
    std::vector<Function> all = {
        BINARY(and_, and_, k16B),
        BINARY(or_, orr, k16B),
        BINARY(xor_, eor, k16B),
        CODE(andn, false, { a.bic(k16B, o.to, o.vector[1], o.vector[0]); }),

        BINARY(add<u8>, add, k16B),
        BINARY(add<u16>, add, k8H),
        BINARY(add<u32>, add, k4S),
        BINARY(add<u64>, add, k2D),
        BINARY(sub<u8>, sub, k16B),
        BINARY(sub<u16>, sub, k8H),
        BINARY(sub<u32>, sub, k4S),
        BINARY(sub<u64>, sub, k2D),
        BINARY(add_saturated<s8>, sqadd, k16B),
        BINARY(add_saturated<s16>, sqadd, k8H),
        BINARY(add_saturated<u8>, uqadd, k16B),
        BINARY(add_saturated<u16>, uqadd, k8H),
        BINARY(sub_saturated<s8>, sqsub, k16B),
        BINARY(sub_saturated<s16>, sqsub, k8H),
        BINARY(sub_saturated<u8>, uqsub, k16B),
        BINARY(sub_saturated<u16>, uqsub, k8H),
        BINARY(average<u8>, urhadd, k16B),
        BINARY(average<u16>, urhadd, k8H),
        UNARY(abs<s8>, abs, k16B),
        UNARY(abs<s16>, abs, k8H),
        UNARY(abs<s32>, abs, k4S),

        BINARY(eq<u8>, cmeq, k16B),
        BINARY(eq<u16>, cmeq, k8H),
        BINARY(eq<u32>, cmeq, k4S),
        BINARY(eq<u64>, cmeq, k2D),
        BINARY(gt<s8>, cmgt, k16B),
        BINARY(gt<s16>, cmgt, k8H),
        BINARY(gt<s32>, cmgt, k4S),
        BINARY(gt<s64>, cmgt, k2D),
        BINARY(min<u8>, umin, k16B),
        BINARY(min<u16>, umin, k8H),
        BINARY(min<u32>, umin, k4S),
        BINARY(min<s8>, smin, k16B),
        BINARY(min<s16>, smin, k8H),
        BINARY(min<s32>, smin, k4S),
        BINARY(max<u8>, umax, k16B),
        BINARY(max<u16>, umax, k8H),
        BINARY(max<u32>, umax, k4S),
        BINARY(max<s8>, smax, k16B),
        BINARY(max<s16>, smax, k8H),
        BINARY(max<s32>, smax, k4S),

        BINARY(mul_low<u16>, mul, k8H),
        BINARY(mul_low<u32>, mul, k4S),

        BINARY(low_low, zip1, k2D),
        BINARY(with_high_qword, zip1, k2D),
        BINARY(high_high, zip2, k2D),
        CODE(high_as_low, false, { a.dup(8, o.to, o.vector[0], 1); }),
        CODE(low_only, false, { a.dup(8, o.to, o.vector[0], 0); }),
        CODE(duplicate_low_qword, false, { a.dup(k2D, o.to, o.vector[0], 0); }),
        CODE(duplicate_even_dwords, false, { a.trn1(k4S, o.to, o.vector[0], o.vector[0]); }),
        CODE(duplicate_odd_dwords, false, { a.trn2(k4S, o.to, o.vector[0], o.vector[0]); }),
        CODE(shuffle_low_words, true, { emit_pick_words(a, o, 0); }),
        CODE(shuffle_high_words, true, { emit_pick_words(a, o, 4); }),
        {address(&shuffle_dwords), true, emit_shuffle_dwords},
        CODE(shuffle_pairs_dwords, true,
             { emit_pick_dwords(a, o.to, o.vector[0], o.vector[1], o.constant); }),
        {address(&shl_bytes), true, emit_shl_bytes},
        {address(&shr_bytes), true, emit_shr_bytes},
        {address(&align_right), true, emit_align_right},
        CODE(low, false, { a.fmov(8, o.to_integer, o.vector[0]); }),
        CODE(high, false, { a.umov(8, o.to_integer, o.vector[0], 1); }),
        {address(&test_bits), false, emit_test_bits},
    };
    // Templates with a comma in their names, which macros cannot take.
    auto add_function = [&](const void* target, bool constant,
                            void (*emit)(Assembler&, const Operands&)) {
      all.push_back({target, constant, emit});
    };
    add_function(address(&vec::shl<u16>), true, emit_shl<u16>);
    add_function(address(&vec::shl<u32>), true, emit_shl<u32>);
    add_function(address(&vec::shl<u64>), true, emit_shl<u64>);
    add_function(address(&vec::shr<u16>), true, emit_shr<u16>);
    add_function(address(&vec::shr<u32>), true, emit_shr<u32>);
    add_function(address(&vec::shr<u64>), true, emit_shr<u64>);
    add_function(address(&vec::sar<s16>), true, emit_sar<s16>);
    add_function(address(&vec::sar<s32>), true, emit_sar<s32>);
    add_function(address(&vec::blend<u16>), true, emit_blend<u16>);
    add_function(address(&vec::blend<u32>), true, emit_blend<u32>);
    add_function(address(&vec::blend<u64>), true, emit_blend<u64>);
    add_function(address(&vec::blend_variable<s8>), false, emit_blend_variable<s8>);
    add_function(address(&vec::blend_variable<s32>), false, emit_blend_variable<s32>);
    add_function(address(&vec::blend_variable<s64>), false, emit_blend_variable<s64>);
    add_function(address(&vec::insert<u8>), true, emit_insert<u8>);
    add_function(address(&vec::insert<u16>), true, emit_insert<u16>);
    add_function(address(&vec::insert<u32>), true, emit_insert<u32>);
    add_function(address(&vec::insert<u64>), true, emit_insert<u64>);
    add_function(address(&vec::extract<u8>), true, emit_extract<u8>);
    add_function(address(&vec::extract<u16>), true, emit_extract<u16>);
    add_function(address(&vec::extract<u32>), true, emit_extract<u32>);
    add_function(address(&vec::extract<u64>), true, emit_extract<u64>);
    add_function(address(&vec::sign_mask<s8, 16>), false, emit_byte_signs);
    add_function(address(&vec::sign_mask<s32>), false, emit_dword_signs);
    add_function(address(&vec::sign_mask<s64>), false, emit_qword_signs);
    add_function(address(&vec::broadcast<u8>), false,
                 [](Assembler& a, const Operands& o) { a.dup(k16B, o.to, o.vector[0], 0); });
    add_function(address(&vec::broadcast<u16>), false,
                 [](Assembler& a, const Operands& o) { a.dup(k8H, o.to, o.vector[0], 0); });
    add_function(address(&vec::broadcast<u32>), false,
                 [](Assembler& a, const Operands& o) { a.dup(k4S, o.to, o.vector[0], 0); });
    add_function(address(&vec::broadcast<u64>), false,
                 [](Assembler& a, const Operands& o) { a.dup(k2D, o.to, o.vector[0], 0); });
    add_function(address(&vec::unpack_low<u8, 16>), false, [](Assembler& a, const Operands& o) {
      a.zip1(k16B, o.to, o.vector[0], o.vector[1]);
    });
    add_function(address(&vec::unpack_low<u16, 16>), false, [](Assembler& a, const Operands& o) {
      a.zip1(k8H, o.to, o.vector[0], o.vector[1]);
    });
    add_function(address(&vec::unpack_low<u32, 16>), false, [](Assembler& a, const Operands& o) {
      a.zip1(k4S, o.to, o.vector[0], o.vector[1]);
    });
    add_function(address(&vec::unpack_high<u8, 16>), false, [](Assembler& a, const Operands& o) {
      a.zip2(k16B, o.to, o.vector[0], o.vector[1]);
    });
    add_function(address(&vec::unpack_high<u16, 16>), false, [](Assembler& a, const Operands& o) {
      a.zip2(k8H, o.to, o.vector[0], o.vector[1]);
    });
    add_function(address(&vec::unpack_high<u32, 16>), false, [](Assembler& a, const Operands& o) {
      a.zip2(k4S, o.to, o.vector[0], o.vector[1]);
    });
    add_function(address(&vec::pack_saturated<s16, s8, 16>), false,
                 [](Assembler& a, const Operands& o) {
                   a.sqxtn(k8B, s0, o.vector[0]);
                   a.sqxtn(k16B, s0, o.vector[1]);
                   a.mov(k16B, o.to, s0);
                 });
    add_function(address(&vec::pack_saturated<s16, u8, 16>), false,
                 [](Assembler& a, const Operands& o) {
                   a.sqxtun(k8B, s0, o.vector[0]);
                   a.sqxtun(k16B, s0, o.vector[1]);
                   a.mov(k16B, o.to, s0);
                 });
    add_function(address(&vec::pack_saturated<s32, s16, 16>), false,
                 [](Assembler& a, const Operands& o) {
                   a.sqxtn(k4H, s0, o.vector[0]);
                   a.sqxtn(k8H, s0, o.vector[1]);
                   a.mov(k16B, o.to, s0);
                 });
    add_function(address(&vec::shuffle_bytes<16>), false, [](Assembler& a, const Operands& o) {
      // An index from 16 up gives zero: bit 7 stays, bits 4 to 6 do not count.
      a.movi(s0, 0x8f8f8f8f8f8f8f8f);
      a.and_(k16B, s0, s0, o.vector[1]);
      a.tbl(k16B, o.to, o.vector[0], 1, s0);
    });
    add_function(address(&vec::mul_even<u64, u32>), false, [](Assembler& a, const Operands& o) {
      a.xtn(k2S, s0, o.vector[0]);
      a.xtn(k2S, s1, o.vector[1]);
      a.umull(k2S, o.to, s0, s1);
    });
    add_function(address(&vec::mul_even<s64, s32>), false, [](Assembler& a, const Operands& o) {
      a.xtn(k2S, s0, o.vector[0]);
      a.xtn(k2S, s1, o.vector[1]);
      a.smull(k2S, o.to, s0, s1);
    });
    add_function(address(&vec::mul_high<s16>), false, [](Assembler& a, const Operands& o) {
      a.smull(k4H, s0, o.vector[0], o.vector[1]);
      a.smull(k8H, s1, o.vector[0], o.vector[1]);
      a.uzp2(k8H, o.to, s0, s1);
    });
    add_function(address(&vec::mul_high<u16>), false, [](Assembler& a, const Operands& o) {
      a.umull(k4H, s0, o.vector[0], o.vector[1]);
      a.umull(k8H, s1, o.vector[0], o.vector[1]);
      a.uzp2(k8H, o.to, s0, s1);
    });
    add_function(address(&vec::mul_add_words), false, [](Assembler& a, const Operands& o) {
      a.smull(k4H, s0, o.vector[0], o.vector[1]);
      a.smull(k8H, s1, o.vector[0], o.vector[1]);
      a.addp(k4S, o.to, s0, s1);
    });
    add_function(address(&vec::extend<s8, s16>), false, emit_extend<s8, s16>);
    add_function(address(&vec::extend<s8, s32>), false, emit_extend<s8, s32>);
    add_function(address(&vec::extend<s8, s64>), false, emit_extend<s8, s64>);
    add_function(address(&vec::extend<s16, s32>), false, emit_extend<s16, s32>);
    add_function(address(&vec::extend<s16, s64>), false, emit_extend<s16, s64>);
    add_function(address(&vec::extend<s32, s64>), false, emit_extend<s32, s64>);
    add_function(address(&vec::extend<u8, u16>), false, emit_extend<u8, u16>);
    add_function(address(&vec::extend<u8, u32>), false, emit_extend<u8, u32>);
    add_function(address(&vec::extend<u8, u64>), false, emit_extend<u8, u64>);
    add_function(address(&vec::extend<u16, u32>), false, emit_extend<u16, u32>);
    add_function(address(&vec::extend<u16, u64>), false, emit_extend<u16, u64>);
    add_function(address(&vec::extend<u32, u64>), false, emit_extend<u32, u64>);
    std::sort(all.begin(), all.end(),
              [](const Function& x, const Function& y) { return x.target < y.target; });
    return all;
  }();
  return table;
}

}  // namespace

const Function* find_function(const void* target) {
  const auto& all = functions();
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
  if (target != address(&sem::divide_unsigned) && target != address(&sem::divide_signed)) {
    return false;
  }
  // The arguments are right before: the width and the divisor.
  auto call = static_cast<std::size_t>(&inst - unit.code.data());
  u64 width = unit.code[unit.code[call - 2].arg[0]].imm;
  return width >= 4;
}

}  // namespace gantry::aarch64
