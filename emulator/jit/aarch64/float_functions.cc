#include "emulator/jit/aarch64/float_functions.h"

#include "emulator/jit/aarch64/abi.h"
#include "emulator/jit/aarch64/features.h"
#include "emulator/jit/aarch64/function_table.h"
#include "emulator/semantics/float_ops.h"
#include "emulator/semantics/sse_state.h"
#include "emulator/semantics/xsave.h"

namespace gantry::aarch64 {
namespace {

using namespace sem::fp;
using enum FloatFunction::Form;
using enum FloatFunction::Limit;

// What an emitter may use besides the result.
constexpr V s1 = kVectorScratch1;

// The lanes that an instruction works on: all of a vector, or the lowest.
template <typename T>
constexpr Arrangement kAll = sizeof(T) == 8 ? k2D : k4S;
template <typename T>
constexpr unsigned kOne = sizeof(T);

template <auto kLanes>
void emit_fadd(Assembler& a, const FloatOperands& o) {
  a.fadd(kLanes, o.result, o.vector[0], o.vector[1]);
}
template <auto kLanes>
void emit_fsub(Assembler& a, const FloatOperands& o) {
  a.fsub(kLanes, o.result, o.vector[0], o.vector[1]);
}
template <auto kLanes>
void emit_fmul(Assembler& a, const FloatOperands& o) {
  a.fmul(kLanes, o.result, o.vector[0], o.vector[1]);
}
template <auto kLanes>
void emit_fdiv(Assembler& a, const FloatOperands& o) {
  a.fdiv(kLanes, o.result, o.vector[0], o.vector[1]);
}
template <auto kLanes>
void emit_square_root(Assembler& a, const FloatOperands& o) {
  a.fsqrt(kLanes, o.result, o.vector[0]);
}
template <auto kLanes>
void emit_second_root(Assembler& a, const FloatOperands& o) {
  a.fsqrt(kLanes, o.result, o.vector[1]);
}

// The second operand unless the first is truly less, or greater.
template <auto kLanes>
void emit_min(Assembler& a, const FloatOperands& o) {
  a.fcmgt(kLanes, o.result, o.vector[1], o.vector[0]);
  a.bsl(k16B, o.result, o.vector[0], o.vector[1]);
}
template <auto kLanes>
void emit_max(Assembler& a, const FloatOperands& o) {
  a.fcmgt(kLanes, o.result, o.vector[0], o.vector[1]);
  a.bsl(k16B, o.result, o.vector[0], o.vector[1]);
}

// --- across lanes

// to := from with the signs of the even, or the odd, lanes changed.
template <Arrangement kLanes>
void negate_every_second(Assembler& a, V to, V from, bool odd) {
  if (kLanes == k2D) {
    a.fneg(k2D, to, from);
    return a.ins(8, to, !odd, from, !odd);
  }
  a.movi(to, odd ? 0xffffffff00000000 : 0x00000000ffffffff);
  a.fneg(k4S, s1, from);
  a.bsl(k16B, to, s1, from);
}
template <auto kLanes>
void emit_add_sub(Assembler& a, const FloatOperands& o) {
  negate_every_second<kLanes>(a, o.result, o.vector[1], false);
  a.fadd(kLanes, o.result, o.vector[0], o.result);
}
template <auto kLanes>
void emit_horizontal_add(Assembler& a, const FloatOperands& o) {
  a.faddp(kLanes, o.result, o.vector[0], o.vector[1]);
}
template <auto kLanes>
void emit_horizontal_sub(Assembler& a, const FloatOperands& o) {
  a.uzp1(kLanes, o.result, o.vector[0], o.vector[1]);
  a.uzp2(kLanes, s1, o.vector[0], o.vector[1]);
  a.fsub(kLanes, o.result, o.result, s1);
}

// --- rounding. Only FRINTX tells that something was rounded, which control bit 3 keeps quiet.
template <auto kLanes>
void emit_round(Assembler& a, const FloatOperands& o) {
  Rounding rounding = rounding_of(o.constant, Rounding::kNearest);
  bool quiet = o.constant & 8;
  if (!quiet) a.frintx(kLanes, rounding == Rounding::kNearest ? o.result : s1, o.vector[0]);
  switch (rounding) {
    case Rounding::kNearest:
      if (quiet) a.frintn(kLanes, o.result, o.vector[0]);
      return;
    case Rounding::kDown:
      return a.frintm(kLanes, o.result, o.vector[0]);
    case Rounding::kUp:
      return a.frintp(kLanes, o.result, o.vector[0]);
    case Rounding::kZero:
      return a.frintz(kLanes, o.result, o.vector[0]);
  }
}

// --- products and sums
template <Fma kOp>
struct Multiply {
  static constexpr bool kAlternates = kOp == Fma::kAddSub || kOp == Fma::kSubAdd;

  template <Arrangement kLanes>
  static void emit(Assembler& a, const FloatOperands& o) {
    if (kAlternates) {
      negate_every_second<kLanes>(a, o.result, o.vector[2], kOp == Fma::kSubAdd);
    } else if (negates_addend(kOp, 0)) {
      a.fneg(kLanes, o.result, o.vector[2]);
    } else {
      a.mov(k16B, o.result, o.vector[2]);
    }
    negates_product(kOp) ? a.fmls(kLanes, o.result, o.vector[0], o.vector[1])
                         : a.fmla(kLanes, o.result, o.vector[0], o.vector[1]);
  }
  template <unsigned kLane>
  static void emit_scalar(Assembler& a, const FloatOperands& o) {
    auto [x, y, z] = o.vector;
    if (kOp == Fma::kAdd) return a.fmadd(kLane, o.result, x, y, z);
    if (kOp == Fma::kSub) return a.fnmsub(kLane, o.result, x, y, z);
    if (kOp == Fma::kNegAdd) return a.fmsub(kLane, o.result, x, y, z);
    a.fnmadd(kLane, o.result, x, y, z);
  }
};

// --- compares. Predicates from 8 up whose lower namesakes signal NaNs the same way are theirs:
// that there is no NaN is known then.
template <auto kLanes>
void emit_compare(Assembler& a, const FloatOperands& o) {
  V x = o.vector[0], y = o.vector[1], r = o.result;
  bool inverted = false;
  switch (o.constant & 15) {
    case 4:
    case 12:
      inverted = true;
      [[fallthrough]];
    case 0:
    case 8:
      a.fcmeq(kLanes, r, x, y);
      break;
    case 5:
      inverted = true;
      [[fallthrough]];
    case 1:
      a.fcmgt(kLanes, r, y, x);
      break;
    case 6:
      inverted = true;
      [[fallthrough]];
    case 2:
      a.fcmge(kLanes, r, y, x);
      break;
    case 3:
      inverted = true;
      [[fallthrough]];
    case 7:
      a.fcmeq(kLanes, r, x, x);
      a.fcmeq(kLanes, s1, y, y);
      a.and_(k16B, r, r, s1);
      break;
    case 9:
      inverted = true;
      [[fallthrough]];
    case 13:
      a.fcmge(kLanes, r, x, y);
      break;
    case 10:
      inverted = true;
      [[fallthrough]];
    case 14:
      a.fcmgt(kLanes, r, x, y);
      break;
    case 15:
      inverted = true;
      [[fallthrough]];
    case 11:
      a.movi(r, 0);
      break;
  }
  if (inverted) a.mvn(k16B, r, r);
}

template <unsigned kLane>
void emit_quiet_compare(Assembler& a, const FloatOperands& o) {
  a.fcmp(kLane, o.vector[0], o.vector[1]);
}
template <unsigned kLane>
void emit_signaling_compare(Assembler& a, const FloatOperands& o) {
  a.fcmpe(kLane, o.vector[0], o.vector[1]);
}

// --- conversions. `narrow` is the arrangement of half a vector.
constexpr Arrangement full_of(Arrangement narrow) {
  return static_cast<Arrangement>(static_cast<u8>(narrow) | 1);
}
void emit_to_double(Assembler& a, const FloatOperands& o) { a.fcvt(8, o.result, 4, o.vector[0]); }
void emit_to_single(Assembler& a, const FloatOperands& o) { a.fcvt(4, o.result, 8, o.vector[0]); }
template <Arrangement kNarrowLanes>
void emit_widen(Assembler& a, const FloatOperands& o) {
  a.fcvtl(o.high ? full_of(kNarrowLanes) : kNarrowLanes, o.result, o.vector[0]);
}
void emit_narrow(Assembler& a, const FloatOperands& o) { a.fcvtn(k2S, o.result, o.vector[0]); }
void emit_narrow_both(Assembler& a, const FloatOperands& o) {
  emit_narrow(a, o);
  a.fcvtn(k4S, o.result, o.vector[1]);
}

template <unsigned kLane, unsigned kBytes>
void emit_from_integer(Assembler& a, const FloatOperands& o) {
  a.scvtf(kLane, o.result, kBytes, o.integer);
}
void emit_from_dwords(Assembler& a, const FloatOperands& o) { a.scvtf(k4S, o.result, o.vector[0]); }
void emit_from_dwords_widened(Assembler& a, const FloatOperands& o) {
  a.sshll(o.high ? k4S : k2S, o.result, o.vector[0], 0);
  a.scvtf(k2D, o.result, o.result);
}

// FRINT32 and FRINT64 make of all that fits no integer what x86 has for it, the smallest one.
template <auto kLanes, unsigned kBits, bool kTruncates>
void round_to_integer(Assembler& a, V to, V from) {
  if (kBits == 64) return kTruncates ? a.frint64z(kLanes, to, from) : a.frint64x(kLanes, to, from);
  kTruncates ? a.frint32z(kLanes, to, from) : a.frint32x(kLanes, to, from);
}
template <unsigned kLane, unsigned kBytes, bool kTruncates>
void emit_to_integer(Assembler& a, const FloatOperands& o) {
  if (features().frintts) {
    round_to_integer<kLane, kBytes * 8, kTruncates>(a, s1, o.vector[0]);
    return a.fcvtzs(kBytes, o.result_integer, kLane, s1);
  }
  kTruncates ? a.fcvtzs(kBytes, o.result_integer, kLane, o.vector[0])
             : a.fcvtns(kBytes, o.result_integer, kLane, o.vector[0]);
}
template <Arrangement kLanes, bool kTruncates>
void convert_lanes(Assembler& a, V to, V from) {
  if (features().frintts) {
    round_to_integer<kLanes, 32, kTruncates>(a, to, from);
    return a.fcvtzs(kLanes, to, to);
  }
  kTruncates ? a.fcvtzs(kLanes, to, from) : a.fcvtns(kLanes, to, from);
}
template <bool kTruncates>
void emit_to_dwords(Assembler& a, const FloatOperands& o) {
  convert_lanes<k4S, kTruncates>(a, o.result, o.vector[0]);
}
template <bool kTruncates>
void emit_to_dwords_narrowed(Assembler& a, const FloatOperands& o) {
  convert_lanes<k2D, kTruncates>(a, o.result, o.vector[0]);
  a.xtn(k2S, o.result, o.result);
}
template <bool kTruncates>
void emit_to_dwords_narrowed_both(Assembler& a, const FloatOperands& o) {
  emit_to_dwords_narrowed<kTruncates>(a, o);
  convert_lanes<k2D, kTruncates>(a, s1, o.vector[1]);
  a.xtn(k4S, o.result, s1);
}

#define ROW(form, lane, bits, limit, emit, ...) \
  {address(&__VA_ARGS__), form, sizeof(lane), bits, limit, &emit},
const FloatFunction kFunctions[] = {
#include "emulator/jit/aarch64/float_functions.def"
};
#undef ROW

}  // namespace

const FloatFunction* find_float_function(const void* target) {
  static const FunctionTable<FloatFunction> all(kFunctions);
  return all.find(target);
}

bool can_apply_float(const ir::Unit& unit, const ir::Inst& inst) {
  const void* target = unit.helpers[inst.imm].target;
  if (reads_mxcsr(target)) return true;
  const FloatFunction* function = find_float_function(target);
  if (!function) return false;
  // A compare is made together with the flags that become of it.
  auto next = static_cast<std::size_t>(&inst - unit.code.data()) + 1;
  return function->form != kFlags ||
         (unit.code[next].op == ir::Op::kFlagsRaw && unit.code[next + 1].op == ir::Op::kSetFlags);
}

bool reads_mxcsr(const void* target) { return target == address(&sem::mxcsr); }
bool loads_mxcsr(const void* target) { return target == address(&sem::load_mxcsr); }
bool sets_mxcsr(const void* target) {
  return loads_mxcsr(target) || target == address(&sem::fxrstor) || target == address(&sem::xrstor);
}

// IE is the lowest bit of both; DZC, OFC, UFC and IXC stand above it, DE in between.
void emit_mxcsr_flags(Assembler& a, X to, X scratch) {
  a.mrs(to, SystemRegister::kFpsr);
  a.ubfx(4, scratch, to, 1, 4);
  a.and_(4, to, to, 1);
  a.orr(4, to, to, {scratch, kLsl, 2});
}

}  // namespace gantry::aarch64
