#include "emulator/semantics/x87_ops.h"

#include <array>

#include "emulator/base/bits.h"
#include "emulator/base/check.h"
#include "emulator/guest/memory.h"
#include "emulator/semantics/x87_nan.h"

namespace gantry::sem::x87 {
namespace {

using fp::Env;
using fp::Exact;
using fp::Kind;
using fp::Rounding;

Number compute(Fpu& fpu, Op op, const Number& a, const Number& b) {
  Number result;
  if (decided(fpu, a, b, result)) return result;
  fp::Format format = format_of(fpu.x);
  switch (op) {
    case Op::kAdd:
      return fp::add(fpu.env, format, a, b);
    case Op::kSub:
      return fp::add(fpu.env, format, a, b.negated());
    case Op::kSubR:
      return fp::add(fpu.env, format, b, a.negated());
    case Op::kMul:
      return fp::multiply(fpu.env, format, a, b);
    case Op::kDiv:
      return fp::divide(fpu.env, format, a, b);
    case Op::kDivR:
      return fp::divide(fpu.env, format, b, a);
  }
  UNREACHABLE();
}

// A real of 4 or 8 bytes in memory.
Number real_operand(u64 width, u64 bits) {
  Env env;
  return width == 4 ? fp::unpack(env, static_cast<u32>(bits)) : fp::unpack(env, bits);
}

Number integer_operand(u64 width, u64 bits) {
  return fp::from_integer(static_cast<s64>(sign_extend(bits, static_cast<unsigned>(width))));
}

void arith_memory(Cpu& cpu, Op op, const Number& operand) {
  Fpu fpu(cpu);
  Number a = fpu.read(0);
  fpu.write(0, compute(fpu, op, a, operand));
  fpu.finish();
}

// C3, C2, C0 of a relation (SDM vol. 1, table 8-6).
constexpr u16 kUnorderedCodes = kC3 | kC2 | kC0;
u16 condition_codes(int order) { return order > 0 ? 0 : order < 0 ? kC0 : kC3; }

u16 relation(Fpu& fpu, const Number& a, const Number& b, bool signal_quiet) {
  if (fpu.faulted()) return kUnorderedCodes;
  if (unsupported(a) || unsupported(b)) {
    fp::invalid(fpu.env);
    return kUnorderedCodes;
  }
  if (a.is_nan() || b.is_nan()) {
    bool signals = a.kind == Kind::kSignalingNan || b.kind == Kind::kSignalingNan;
    if (signals || signal_quiet) fpu.env.flags |= fp::kInvalid;
    return kUnorderedCodes;
  }
  fp::note_denormals(fpu.env, a, b);
  return condition_codes(fp::compare(a, b));
}

void compare_with(Fpu& fpu, const Number& a, const Number& b, bool signal_quiet, u64 pops) {
  u16 codes = relation(fpu, a, b, signal_quiet);
  fpu.set_condition(kConditionCodes, codes);
  fpu.pop(static_cast<unsigned>(pops));
  fpu.finish();
}

// A unary operation that only touches the sign; it knows no NaNs.
template <typename F>
void change_sign_bit(Cpu& cpu, F f) {
  Fpu fpu(cpu);
  fpu.require(0);
  F80 value = fpu.st(0);
  value.sign_exponent = f(value.sign_exponent);
  fpu.write(0, fpu.faulted() ? fp::pack(fp::default_nan()) : value);
  fpu.finish();
}

// Nothing reaches memory when the exception that arose is unmasked, the inexact one excepted.
bool may_store(const Fpu& fpu) { return !(fpu.env.unmasked() & ~fp::kPrecision); }

void finish_store(Fpu& fpu, u64 pops) {
  if (may_store(fpu)) {
    fpu.pop(static_cast<unsigned>(pops));
  } else {
    fpu.env.flags &= ~fp::kPrecision;
    fpu.env.rounded_up = false;
  }
  fpu.finish();
}

// So far out of range that an exponent wrapped for an unmasked exception does not fit either, the
// result is infinity or zero.
Number scaled_result(Env& env, const Exact& x) {
  constexpr s32 kWrap = 24576;
  bool far = x.exponent - kWrap > fp::kExtended.max_exponent ||
             x.exponent + kWrap < fp::kExtended.min_exponent;
  u32 exception = x.exponent > 0 ? fp::kOverflow : fp::kUnderflow;
  if (!far || (env.masked & exception)) return fp::round(env, fp::kExtended, x);
  Env masked;
  Number result = fp::round(masked, fp::kExtended, x);
  env.flags |= masked.flags;
  env.rounded_up = masked.rounded_up;
  return result;
}

// x × 2^n, where n may be far out of range.
Number scaled(Fpu& fpu, const Number& a, const Number& n) {
  if (n.is_infinity()) {
    if (n.sign ? a.is_infinity() : a.is_zero()) return fp::invalid(fpu.env);
    fp::note_denormals(fpu.env, a);
    return n.sign ? fp::zero(a.sign) : fp::infinity(a.sign);
  }
  fp::note_denormals(fpu.env, a, n);
  if (fpu.env.stopped() || a.kind != Kind::kFinite) return a;
  Env quiet;
  constexpr s64 kFar = 1 << 16;
  s64 count = n.kind == Kind::kFinite && n.exponent > 16
                  ? (n.sign ? -kFar : kFar)
                  : static_cast<s64>(fp::to_integer(quiet, Rounding::kZero, 64, n));
  Exact result = fp::exact(a);
  result.exponent += static_cast<s32>(count);
  return scaled_result(fpu.env, result);
}

// Without a quotient only C2 is set; C0 and C3 stay.
constexpr u16 kQuotientCodes = kC0 | kC2 | kC3;
struct Remainder {
  Number value;
  u16 codes = 0;
  u16 mask = kQuotientCodes;
};

// When the exponents are further apart than this, one step only reduces them.
constexpr int kMaxReduction = 63;

// a mod b for finite non-zero a and b. C0, C3, C1 are bits 2, 1, 0 of the quotient; C2: not done.
Remainder remainder_of(const Number& a, const Number& b, bool nearest) {
  int distance = a.exponent - b.exponent;
  if (distance > kMaxReduction) {
    // The processor takes the largest step that leaves the low five bits of the distance.
    int step = distance - (32 + distance % 32);
    Number near = a;
    near.exponent -= step;
    fp::Division d = fp::divide_integral(near, b);
    Number rest = fp::normalized(a.sign, b.exponent + step, d.remainder);
    return {.value = rest, .codes = kC2};
  }
  fp::Division d = fp::divide_integral(a, b);
  bool sign = a.sign;
  Number rest = distance < 0 ? a : fp::normalized(sign, b.exponent, d.remainder);
  if (nearest && distance >= -1) {
    u128 twice = distance < 0 ? a.significand : static_cast<u128>(d.remainder) * 2;
    if (twice > b.significand || (twice == b.significand && (d.quotient & 1))) {
      ++d.quotient;
      Env exact;
      rest = fp::add(exact, fp::kExtended, rest,
                     Number{Kind::kFinite, !sign, false, b.exponent, b.significand});
      if (rest.is_zero()) rest.sign = sign;
    }
  }
  u16 codes = static_cast<u16>((d.quotient & 4 ? kC0 : 0) | (d.quotient & 2 ? kC3 : 0) |
                               (d.quotient & 1 ? kC1 : 0));
  return {.value = rest, .codes = codes};
}

Remainder remainder_result(Fpu& fpu, const Number& a, const Number& b, bool nearest) {
  Number result;
  if (decided(fpu, a, b, result)) return {.value = result, .mask = kC2};
  if (a.is_infinity() || b.is_zero()) return {.value = fp::invalid(fpu.env), .mask = kC2};
  fp::note_denormals(fpu.env, a, b);
  if (fpu.env.stopped()) return {.value = a, .mask = kC2};
  if (a.is_zero() || b.is_infinity()) return {.value = a};
  Remainder r = remainder_of(a, b, nearest);
  if (r.value.kind == Kind::kFinite)
    r.value = fp::round(fpu.env, fp::kExtended, fp::exact(r.value));
  return r;
}

}  // namespace

template <Op kOp>
void arith(Cpu& cpu, u64 to, u64 from, u64 pops) {
  Fpu fpu(cpu);
  Number a = fpu.read(static_cast<unsigned>(to));
  Number b = fpu.read(static_cast<unsigned>(from));
  fpu.write(static_cast<unsigned>(to), compute(fpu, kOp, a, b));
  fpu.pop(static_cast<unsigned>(pops));
  fpu.finish();
}

template <Op kOp>
void arith_real(Cpu& cpu, u64 width, u64 bits) {
  arith_memory(cpu, kOp, real_operand(width, bits));
}
template <Op kOp>
void arith_integer(Cpu& cpu, u64 width, u64 bits) {
  arith_memory(cpu, kOp, integer_operand(width, bits));
}

void square_root(Cpu& cpu) {
  Fpu fpu(cpu);
  Number a = fpu.read(0);
  Number result;
  if (!decided(fpu, a, a, result)) result = fp::square_root(fpu.env, format_of(fpu.x), a);
  fpu.write(0, result);
  fpu.finish();
}

void round_to_integer(Cpu& cpu) {
  Fpu fpu(cpu);
  Number a = fpu.read(0);
  Number result;
  if (!decided(fpu, a, a, result)) {
    fp::note_denormals(fpu.env, a);
    result = fpu.env.stopped() ? a : fp::round_to_integral(fpu.env, fpu.env.rounding, a);
  }
  fpu.write(0, result);
  fpu.finish();
}

void scale(Cpu& cpu) {
  Fpu fpu(cpu);
  Number a = fpu.read(0);
  Number n = fpu.read(1);
  Number result;
  if (!decided(fpu, a, n, result)) result = scaled(fpu, a, n);
  fpu.write(0, result);
  fpu.finish();
}

// FXTRACT: the exponent replaces ST(0), the significand is pushed.
void extract(Cpu& cpu) {
  Fpu fpu(cpu);
  Number a = fpu.read(0);
  fpu.require_room();
  Number exponent, significand;
  if (decided(fpu, a, a, exponent)) {
    significand = exponent;
  } else if (a.is_zero()) {
    fpu.env.flags |= fp::kZeroDivide;
    exponent = fp::infinity(true);
    significand = a;
  } else {
    fp::note_denormals(fpu.env, a);
    exponent = a.is_infinity() ? fp::infinity(false) : fp::from_integer(a.exponent);
    significand = a;
    significand.exponent = 0;
  }
  fpu.write(0, exponent);
  fpu.push(significand);
  fpu.finish();
}

void remainder(Cpu& cpu, u64 nearest) {
  Fpu fpu(cpu);
  Number a = fpu.read(0);
  Number b = fpu.read(1);
  Remainder r = remainder_result(fpu, a, b, nearest);
  fpu.write(0, r.value);
  fpu.env.rounded_up = r.codes & kC1;
  fpu.set_condition(r.mask, r.codes & ~kC1);
  fpu.finish();
}

void change_sign(Cpu& cpu) {
  change_sign_bit(cpu, [](u16 value) { return static_cast<u16>(value ^ 0x8000); });
}
void absolute(Cpu& cpu) {
  change_sign_bit(cpu, [](u16 value) { return static_cast<u16>(value & 0x7fff); });
}

void compare(Cpu& cpu, u64 with, u64 signal_quiet, u64 pops) {
  Fpu fpu(cpu);
  Number a = fpu.read(0);
  Number b = fpu.read(static_cast<unsigned>(with));
  compare_with(fpu, a, b, signal_quiet, pops);
}

void compare_real(Cpu& cpu, u64 width, u64 bits, u64 pops) {
  Fpu fpu(cpu);
  Number a = fpu.read(0);
  compare_with(fpu, a, real_operand(width, bits), true, pops);
}

void compare_integer(Cpu& cpu, u64 width, u64 bits, u64 pops) {
  Fpu fpu(cpu);
  Number a = fpu.read(0);
  compare_with(fpu, a, integer_operand(width, bits), true, pops);
}

u64 compare_to_flags(Cpu& cpu, u64 with, u64 signal_quiet, u64 pops) {
  Fpu fpu(cpu);
  Number a = fpu.read(0);
  Number b = fpu.read(static_cast<unsigned>(with));
  u16 codes = relation(fpu, a, b, signal_quiet);
  fpu.pop(static_cast<unsigned>(pops));
  fpu.finish(Fpu::C1Rule::kKept);
  return (codes & kC3 ? guest::kZF : 0) | (codes & kC2 ? guest::kPF : 0) |
         (codes & kC0 ? guest::kCF : 0);
}

void test(Cpu& cpu) {
  Fpu fpu(cpu);
  Number a = fpu.read(0);
  compare_with(fpu, a, fp::zero(false), true, 0);
}

// FXAM (SDM vol. 2, table 3-40). C1 is the sign, of an empty register too.
void examine(Cpu& cpu) {
  Fpu fpu(cpu);
  Number a = fp::unpack(fpu.st(0));
  u16 codes = 0;
  switch (a.kind) {
    case Kind::kUnsupported:
      codes = 0;
      break;
    case Kind::kQuietNan:
    case Kind::kSignalingNan:
      codes = kC0;
      break;
    case Kind::kFinite:
      codes = a.denormal ? kC3 | kC2 : kC2;
      break;
    case Kind::kInfinity:
      codes = kC2 | kC0;
      break;
    case Kind::kZero:
      codes = kC3;
      break;
  }
  if (fpu.empty(0)) codes = kC3 | kC0;
  bool sign = fpu.st(0).sign_exponent >> 15;
  fpu.x.status = static_cast<u16>((fpu.x.status & ~kConditionCodes) | codes | (sign ? kC1 : 0));
}

// Widening a denormal or a signaling NaN is noted, and the NaN made quiet; the 80-bit form is a
// copy. An unmasked denormal exception does not keep the value from being pushed.
void load_real(Cpu& cpu, u64 width, u64 bits) {
  Fpu fpu(cpu);
  Number value = real_operand(width, bits);
  fpu.require_room();
  if (!fpu.faulted() && value.is_nan()) value = choose_nan(fpu.env, value, value);
  fpu.push(value);
  if (!fpu.faulted()) fp::note_denormals(fpu.env, value);
  fpu.finish();
}

void load_extended(Cpu& cpu, u64 address) {
  u64 significand = guest::load<u64>(cpu, address);
  u16 sign_exponent = guest::load<u16>(cpu, address + 8);
  Fpu fpu(cpu);
  fpu.push(F80{significand, sign_exponent});
  fpu.finish();
}

void load_integer(Cpu& cpu, u64 width, u64 bits) {
  Fpu fpu(cpu);
  fpu.push(integer_operand(width, bits));
  fpu.finish();
}

// Eighteen digits, two a byte, and a sign (SDM vol. 1, section 4.7). Digits above nine are taken by
// their value.
void load_decimal(Cpu& cpu, u64 address) {
  u64 digits = guest::load<u64>(cpu, address);
  u16 rest = guest::load<u16>(cpu, address + 8);
  u64 magnitude = (rest >> 4 & 15) * 10 + (rest & 15);
  for (int k = 60; k >= 0; k -= 4) magnitude = magnitude * 10 + (digits >> k & 15);
  Fpu fpu(cpu);
  fpu.push(fp::normalized(rest >> 15, 63, magnitude));
  fpu.finish();
}

void load_register(Cpu& cpu, u64 from) {
  Fpu fpu(cpu);
  fpu.require(static_cast<unsigned>(from));
  fpu.push(fpu.st(static_cast<unsigned>(from)));
  fpu.finish();
}

// The constants to 128 bits; RC rounds them, PC does not (SDM vol. 1, section 8.3.8).
template <Constant kWhich>
void load_constant(Cpu& cpu) {
  static constexpr std::array<u64, 2> kBits[] = {
      {0x8000000000000000, 0},
      {0xd49a784bcd1b8afe, 0x492bf6ff4dafdb4c},
      {0xb8aa3b295c17f0bb, 0xbe87fed0691d3e88},
      {0xc90fdaa22168c234, 0xc4c6628b80dc1cd1},
      {0x9a209a84fbcff798, 0x8f8959ac0b7c9178},
      {0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af},
  };
  static constexpr s8 kExponents[] = {0, 1, 0, 1, -2, -1};
  Fpu fpu(cpu);
  if constexpr (kWhich == Constant::kZero) {
    fpu.push(fp::zero(false));
  } else {
    constexpr auto kIndex = static_cast<unsigned>(kWhich);
    u128 significand = static_cast<u128>(kBits[kIndex][0]) << 64 | kBits[kIndex][1];
    Env quiet = {.rounding = fpu.env.rounding};
    fpu.push(fp::round(quiet, fp::kExtended, {false, kExponents[kIndex], significand}));
  }
  fpu.finish();
}

void store_real(Cpu& cpu, u64 width, u64 address, u64 pops) {
  Fpu fpu(cpu);
  fpu.env.wraps = false;
  Number a = fpu.read(0);
  Number value;
  fp::Format format = width == 4 ? fp::kBinary32 : fp::kBinary64;
  if (!decided(fpu, a, a, value)) {
    value = a.kind == Kind::kFinite ? fp::round(fpu.env, format, fp::exact(a)) : a;
  }
  if (may_store(fpu)) {
    guest::store_width(cpu, static_cast<unsigned>(width), address,
                       width == 4 ? fp::pack<u32>(value) : fp::pack<u64>(value));
  }
  finish_store(fpu, pops);
}

void store_extended(Cpu& cpu, u64 address) {
  Fpu fpu(cpu);
  fpu.require(0);
  if (may_store(fpu)) {
    F80 value = fpu.faulted() ? fp::pack(fp::default_nan()) : fpu.st(0);
    guest::store<u64>(cpu, address, value.significand);
    guest::store<u16>(cpu, address + 8, value.sign_exponent);
  }
  finish_store(fpu, 1);
}

void store_integer(Cpu& cpu, u64 width, u64 address, u64 pops, u64 truncate) {
  Fpu fpu(cpu);
  Number a = fpu.read(0);
  Rounding rounding = truncate ? Rounding::kZero : fpu.env.rounding;
  u64 value = fp::to_integer(fpu.env, rounding, static_cast<unsigned>(width) * 8, a);
  if (may_store(fpu)) guest::store_width(cpu, static_cast<unsigned>(width), address, value);
  finish_store(fpu, pops);
}

void store_decimal(Cpu& cpu, u64 address) {
  constexpr u64 kLimit = 1'000'000'000'000'000'000;
  Fpu fpu(cpu);
  Number a = fpu.read(0);
  Env env = fpu.env;
  u64 value = fp::to_integer(env, env.rounding, 64, a);
  u64 magnitude = a.sign ? -value : value;
  // The packed decimal indefinite.
  u64 digits = 0xc000000000000000;
  u16 rest = 0xffff;
  if ((env.flags & fp::kInvalid) || magnitude >= kLimit) {
    fpu.env.flags |= fp::kInvalid;
  } else {
    fpu.env = env;
    digits = 0;
    for (unsigned k = 0; k < 64; k += 4, magnitude /= 10) digits |= magnitude % 10 << k;
    rest = static_cast<u16>(magnitude % 10 | magnitude / 10 << 4 | a.sign << 15);
  }
  if (may_store(fpu)) {
    guest::store<u64>(cpu, address, digits);
    guest::store<u16>(cpu, address + 8, rest);
  }
  finish_store(fpu, 1);
}

void store_register(Cpu& cpu, u64 to, u64 pops) {
  Fpu fpu(cpu);
  fpu.require(0);
  fpu.write(static_cast<unsigned>(to), fpu.faulted() ? fp::pack(fp::default_nan()) : fpu.st(0));
  fpu.pop(static_cast<unsigned>(pops));
  fpu.finish();
}

void store_register_quiet(Cpu& cpu, u64 to) {
  Fpu fpu(cpu);
  if (!fpu.empty(0)) fpu.write(static_cast<unsigned>(to), fpu.st(0));
  fpu.pop();
  fpu.finish();
}

void exchange(Cpu& cpu, u64 with) {
  auto n = static_cast<unsigned>(with);
  Fpu fpu(cpu);
  fpu.require(0);
  fpu.require(n);
  F80 nan = fp::pack(fp::default_nan());
  F80 first = fpu.empty(0) ? nan : fpu.st(0);
  F80 second = fpu.empty(n) ? nan : fpu.st(n);
  fpu.write(0, second);
  fpu.write(n, first);
  fpu.finish();
}

// Both registers must be in use, whatever the condition is.
void move_if(Cpu& cpu, u64 from, u64 condition) {
  Fpu fpu(cpu);
  fpu.require(0);
  fpu.require(static_cast<unsigned>(from));
  if (fpu.faulted()) {
    fpu.write(0, fp::default_nan());
  } else if (condition) {
    fpu.write(0, fpu.st(static_cast<unsigned>(from)));
  }
  fpu.finish(Fpu::C1Rule::kKept);
}

void free_register(Cpu& cpu, u64 which, u64 pops) {
  Fpu fpu(cpu);
  fpu.x.valid &= static_cast<u8>(~(1 << ((fpu.x.top + which) & 7)));
  fpu.pop(static_cast<unsigned>(pops));
  fpu.finish();
}

// FINCSTP and FDECSTP: tags and registers stay.
void rotate(Cpu& cpu, u64 by) {
  cpu.x87.top = (cpu.x87.top + by) & 7;
  cpu.x87.status &= ~kC1;
}

template void arith<Op::kAdd>(Cpu&, u64, u64, u64);
template void arith_real<Op::kAdd>(Cpu&, u64, u64);
template void arith_integer<Op::kAdd>(Cpu&, u64, u64);
template void arith<Op::kMul>(Cpu&, u64, u64, u64);
template void arith_real<Op::kMul>(Cpu&, u64, u64);
template void arith_integer<Op::kMul>(Cpu&, u64, u64);
template void arith<Op::kSub>(Cpu&, u64, u64, u64);
template void arith_real<Op::kSub>(Cpu&, u64, u64);
template void arith_integer<Op::kSub>(Cpu&, u64, u64);
template void arith<Op::kSubR>(Cpu&, u64, u64, u64);
template void arith_real<Op::kSubR>(Cpu&, u64, u64);
template void arith_integer<Op::kSubR>(Cpu&, u64, u64);
template void arith<Op::kDiv>(Cpu&, u64, u64, u64);
template void arith_real<Op::kDiv>(Cpu&, u64, u64);
template void arith_integer<Op::kDiv>(Cpu&, u64, u64);
template void arith<Op::kDivR>(Cpu&, u64, u64, u64);
template void arith_real<Op::kDivR>(Cpu&, u64, u64);
template void arith_integer<Op::kDivR>(Cpu&, u64, u64);
template void load_constant<Constant::kOne>(Cpu&);
template void load_constant<Constant::kLog2Ten>(Cpu&);
template void load_constant<Constant::kLog2E>(Cpu&);
template void load_constant<Constant::kPi>(Cpu&);
template void load_constant<Constant::kLog10Two>(Cpu&);
template void load_constant<Constant::kLogTwo>(Cpu&);
template void load_constant<Constant::kZero>(Cpu&);

}  // namespace gantry::sem::x87
