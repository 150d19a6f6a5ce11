#include "emulator/semantics/float_ops.h"

#include "emulator/base/check.h"

namespace gantry::sem::fp {
namespace {

// The first operand if it is a NaN, else the second; quieted (SDM vol. 1, table 4-7).
Number choose_nan(Env& env, const Number& a, const Number& b) {
  if (a.kind == Kind::kSignalingNan || b.kind == Kind::kSignalingNan) env.flags |= kInvalid;
  return a.is_nan() ? a.quieted() : b.quieted();
}

// MIN and MAX: a NaN of either kind is invalid and gives the second operand as it is.
Number min_or_max(Env& env, bool want_less, const Number& a, const Number& b) {
  if (a.is_nan() || b.is_nan()) {
    env.flags |= kInvalid;
    return b;
  }
  note_denormals(env, a, b);
  int order = compare(a, b);
  return (want_less ? order < 0 : order > 0) ? a : b;
}

template <typename T>
Number arith_numbers(Env& env, Arith op, const Number& a, const Number& b) {
  constexpr Format kFormat = kFormatOf<T>;
  if (op == Arith::kMin || op == Arith::kMax) return min_or_max(env, op == Arith::kMin, a, b);
  if (op == Arith::kSqrt) return b.is_nan() ? choose_nan(env, b, b) : square_root(env, kFormat, b);
  if (a.is_nan() || b.is_nan()) return choose_nan(env, a, b);
  switch (op) {
    case Arith::kAdd:
      return add(env, kFormat, a, b);
    case Arith::kSub:
      return add(env, kFormat, a, b.negated());
    case Arith::kMul:
      return multiply(env, kFormat, a, b);
    case Arith::kDiv:
      return divide(env, kFormat, a, b);
    default:
      UNREACHABLE();
  }
}

template <typename T>
T arith_element(Env& env, Arith op, T a, T b) {
  return pack<T>(arith_numbers<T>(env, op, unpack(env, a), unpack(env, b)));
}

// Lane k is f(env, k); the rest of the lanes are those of `rest`. The flags of all lanes count
// together, but where one lane stops before computing no lane has computed.
template <typename T, typename F>
V128 each_lane(Cpu& cpu, unsigned lanes, V128 rest, F f) {
  Env env = env_of(cpu);
  auto result = rest.as<T>();
  for (unsigned k = 0; k < lanes; ++k) result[k] = f(env, k);
  finish(cpu, env);
  return V128::from(result);
}

// The relations that satisfy each predicate, and which predicates are silent about quiet NaNs. The
// upper sixteen are the lower ones with the opposite signaling (SDM vol. 2, CMPPD, table 3-1).
constexpr u8 kPredicates[16] = {
    kEqual,
    kLess,
    kLess | kEqual,
    kUnordered,
    kLess | kGreater | kUnordered,
    kEqual | kGreater | kUnordered,
    kGreater | kUnordered,
    kLess | kEqual | kGreater,
    kEqual | kUnordered,
    kLess | kUnordered,
    kLess | kEqual | kUnordered,
    0,
    kLess | kGreater,
    kEqual | kGreater,
    kGreater,
    kLess | kEqual | kGreater | kUnordered,
};
constexpr bool signals_quiet(u64 predicate) {
  constexpr u32 kSignaling = 0b0110'0110'0110'0110;
  return ((kSignaling >> (predicate & 15)) & 1) != (predicate >> 4 & 1);
}

template <typename T>
T round_element(Env& env, Rounding rounding, T a) {
  Number n = unpack(env, a);
  if (n.kind == Kind::kSignalingNan) env.flags |= kInvalid;
  return pack<T>(n.is_nan() ? n.quieted() : round_to_integral(env, rounding, n));
}

constexpr Format kTwelveBits = {12, kBinary32.min_exponent, kBinary32.max_exponent};
constexpr Number kOne = {.kind = Kind::kFinite, .significand = u64{1} << 63};

// The approximations' environment: nothing of MXCSR.
Env approximation_env() { return {.denormals_are_zero = true, .flush_to_zero = true}; }

u32 reciprocal_element(u32 bits) {
  Env env = approximation_env();
  Number a = unpack(env, bits);
  return pack<u32>(a.is_nan() ? a.quieted() : divide(env, kTwelveBits, kOne, a));
}

u32 reciprocal_root_element(u32 bits) {
  Env env = approximation_env();
  Number a = unpack(env, bits);
  if (a.is_nan()) return pack<u32>(a.quieted());
  Number root = square_root(env, kExtended, a);
  return pack<u32>(root.is_nan() ? root : divide(env, kTwelveBits, kOne, root));
}

}  // namespace

Env env_of(const Cpu& cpu) {
  return {.rounding = static_cast<Rounding>(cpu.mxcsr >> 13 & 3),
          .denormals_are_zero = (cpu.mxcsr & kMxcsrDaz) != 0,
          .flush_to_zero = (cpu.mxcsr & kMxcsrFtz) != 0,
          .masked = cpu.mxcsr >> 7 & kAllExceptions};
}

void finish(Cpu& cpu, const Env& env) {
  u32 flags = env.flags;
  if (env.stopped()) flags &= kPreComputation;
  cpu.mxcsr |= flags;
  if (env.unmasked()) [[unlikely]]
    guest::raise(cpu, {.vector = guest::Vector::kSimd});
}

template <typename T>
V128 arith_soft(Cpu& cpu, Arith op, unsigned lanes, V128 a, V128 b) {
  auto x = a.as<T>(), y = b.as<T>();
  return each_lane<T>(cpu, lanes, a,
                      [&](Env& env, unsigned k) { return arith_element(env, op, x[k], y[k]); });
}

template <typename T>
V128 add_sub(Cpu& cpu, V128 a, V128 b) {
  auto x = a.as<T>(), y = b.as<T>();
  return each_lane<T>(cpu, x.size(), a, [&](Env& env, unsigned k) {
    return arith_element(env, k & 1 ? Arith::kAdd : Arith::kSub, x[k], y[k]);
  });
}

template <Arith kOp, typename T>
V128 horizontal(Cpu& cpu, V128 a, V128 b) {
  constexpr unsigned kHalf = vec::kLanes<T> / 2;
  V128::Lanes<T> even, odd;
  for (unsigned k = 0; k < kHalf; ++k) {
    even[k] = a.as<T>()[2 * k];
    odd[k] = a.as<T>()[2 * k + 1];
    even[kHalf + k] = b.as<T>()[2 * k];
    odd[kHalf + k] = b.as<T>()[2 * k + 1];
  }
  return arith<kOp, T, 2 * kHalf>(cpu, V128::from(even), V128::from(odd));
}

template <typename T>
V128 dot_product(Cpu& cpu, V128 a, V128 b, u64 control) {
  constexpr unsigned kCount = vec::kLanes<T>;
  auto x = a.as<T>(), y = b.as<T>();
  V128::Lanes<T> products = {}, result = {};
  Env env = env_of(cpu);
  for (unsigned k = 0; k < kCount; ++k) {
    if (control >> (4 + k) & 1) products[k] = arith_element(env, Arith::kMul, x[k], y[k]);
  }
  // Products, sums and the sum of sums are three steps, each of which ends the instruction when it
  // raises.
  finish(cpu, env);
  env.flags = 0;
  // Each lane has a sum of its own, which shows only in the choice between several NaNs.
  auto sum = [&](T p, T q) { return arith_element(env, Arith::kAdd, p, q); };
  V128::Lanes<T> totals;
  for (unsigned k = 0; k < kCount; ++k) {
    totals[k] = sum(products[k ^ (kCount == 4)], products[k ^ (kCount == 2)]);
  }
  finish(cpu, env);
  env.flags = 0;
  for (unsigned k = 0; k < kCount; ++k) {
    T total = kCount == 4 ? sum(totals[k], totals[(k ^ 2) % kCount]) : totals[k];
    result[k] = control >> k & 1 ? total : 0;
  }
  finish(cpu, env);
  return V128::from(result);
}

template <typename T>
unsigned relation_soft(Env& env, T a, T b, bool signal_quiet) {
  Number x = unpack(env, a), y = unpack(env, b);
  if (x.is_nan() || y.is_nan()) {
    bool signaling = x.kind == Kind::kSignalingNan || y.kind == Kind::kSignalingNan;
    if (signaling || signal_quiet) env.flags |= kInvalid;
    return kUnordered;
  }
  note_denormals(env, x, y);
  int order = compare(x, y);
  return order < 0 ? kLess : order == 0 ? kEqual : kGreater;
}

template <typename T, unsigned kCount>
V128 compare_lanes(Cpu& cpu, V128 a, V128 b, u64 predicate) {
  auto x = a.as<T>(), y = b.as<T>();
  return each_lane<T>(cpu, kCount, a, [&](Env& env, unsigned k) -> T {
    unsigned relation = relation_soft(env, x[k], y[k], signals_quiet(predicate));
    return kPredicates[predicate & 15] & relation ? ~T{0} : 0;
  });
}

template <typename T>
u64 compare_flags_soft(Cpu& cpu, T a, T b, bool signal_quiet) {
  Env env = env_of(cpu);
  unsigned relation = relation_soft(env, a, b, signal_quiet);
  finish(cpu, env);
  switch (relation) {
    case kLess:
      return guest::kCF;
    case kEqual:
      return guest::kZF;
    case kGreater:
      return 0;
    default:
      return guest::kZF | guest::kPF | guest::kCF;
  }
}

template <typename To, typename From>
V128 resize_soft(Cpu& cpu, V128 a, unsigned lanes) {
  auto x = a.as<From>();
  return each_lane<To>(cpu, lanes, {}, [&](Env& env, unsigned k) {
    Number n = unpack(env, x[k]);
    return pack<To>(n.is_nan() ? choose_nan(env, n, n) : convert(env, kFormatOf<To>, n));
  });
}

template <typename T>
u64 from_integer_soft(Cpu& cpu, s64 value) {
  Env env = env_of(cpu);
  u64 result = pack<T>(convert(env, kFormatOf<T>, from_integer(value)));
  finish(cpu, env);
  return result;
}

template <typename T, unsigned kCount>
V128 lanes_from_integer(Cpu& cpu, V128 a) {
  auto x = a.as<s32>();
  return each_lane<T>(cpu, kCount, {}, [&](Env& env, unsigned k) {
    return pack<T>(convert(env, kFormatOf<T>, from_integer(x[k])));
  });
}

template <typename T>
u64 to_integer_soft(Cpu& cpu, T a, unsigned bits, bool truncate) {
  Env env = env_of(cpu);
  u64 result = to_integer(env, truncate ? Rounding::kZero : env.rounding, bits, unpack(env, a));
  finish(cpu, env);
  return result & width_mask(bits / 8);
}

template <typename T, unsigned kCount, bool kTruncate>
V128 lanes_to_integer(Cpu& cpu, V128 a) {
  auto x = a.as<T>();
  return each_lane<u32>(cpu, kCount, {}, [&](Env& env, unsigned k) {
    Rounding rounding = kTruncate ? Rounding::kZero : env.rounding;
    return static_cast<u32>(to_integer(env, rounding, 32, unpack(env, x[k])));
  });
}

template <typename T, unsigned kCount>
V128 round_lanes(Cpu& cpu, V128 a, u64 control) {
  auto x = a.as<T>();
  return each_lane<T>(cpu, kCount, a, [&](Env& env, unsigned k) {
    Rounding rounding = control & 4 ? env.rounding : static_cast<Rounding>(control & 3);
    T result = round_element(env, rounding, x[k]);
    if (control & 8) env.flags &= ~kPrecision;
    return result;
  });
}

template <unsigned kCount>
V128 reciprocal(V128 a) {
  auto x = a.as<u32>();
  for (unsigned k = 0; k < kCount; ++k) x[k] = reciprocal_element(x[k]);
  return V128::from(x);
}
template <unsigned kCount>
V128 reciprocal_root(V128 a) {
  auto x = a.as<u32>();
  for (unsigned k = 0; k < kCount; ++k) x[k] = reciprocal_root_element(x[k]);
  return V128::from(x);
}

template V128 arith_soft<u32>(Cpu&, Arith, unsigned, V128, V128);
template V128 arith_soft<u64>(Cpu&, Arith, unsigned, V128, V128);
template V128 add_sub<u32>(Cpu&, V128, V128);
template V128 add_sub<u64>(Cpu&, V128, V128);
template V128 horizontal<Arith::kAdd, u32>(Cpu&, V128, V128);
template V128 horizontal<Arith::kAdd, u64>(Cpu&, V128, V128);
template V128 horizontal<Arith::kSub, u32>(Cpu&, V128, V128);
template V128 horizontal<Arith::kSub, u64>(Cpu&, V128, V128);
template V128 dot_product<u32>(Cpu&, V128, V128, u64);
template V128 dot_product<u64>(Cpu&, V128, V128, u64);
template V128 compare_lanes<u32, 1>(Cpu&, V128, V128, u64);
template V128 compare_lanes<u32, 4>(Cpu&, V128, V128, u64);
template V128 compare_lanes<u64, 1>(Cpu&, V128, V128, u64);
template V128 compare_lanes<u64, 2>(Cpu&, V128, V128, u64);
template u64 compare_flags_soft<u32>(Cpu&, u32, u32, bool);
template u64 compare_flags_soft<u64>(Cpu&, u64, u64, bool);
template V128 resize_soft<u32, u64>(Cpu&, V128, unsigned);
template V128 resize_soft<u64, u32>(Cpu&, V128, unsigned);
template u64 from_integer_soft<u32>(Cpu&, s64);
template u64 from_integer_soft<u64>(Cpu&, s64);
template V128 lanes_from_integer<u32, 2>(Cpu&, V128);
template V128 lanes_from_integer<u32, 4>(Cpu&, V128);
template V128 lanes_from_integer<u64, 2>(Cpu&, V128);
template u64 to_integer_soft<u32>(Cpu&, u32, unsigned, bool);
template u64 to_integer_soft<u64>(Cpu&, u64, unsigned, bool);
template V128 lanes_to_integer<u32, 2, false>(Cpu&, V128);
template V128 lanes_to_integer<u32, 2, true>(Cpu&, V128);
template V128 lanes_to_integer<u32, 4, false>(Cpu&, V128);
template V128 lanes_to_integer<u32, 4, true>(Cpu&, V128);
template V128 lanes_to_integer<u64, 2, false>(Cpu&, V128);
template V128 lanes_to_integer<u64, 2, true>(Cpu&, V128);
template V128 round_lanes<u32, 1>(Cpu&, V128, u64);
template V128 round_lanes<u32, 4>(Cpu&, V128, u64);
template V128 round_lanes<u64, 1>(Cpu&, V128, u64);
template V128 round_lanes<u64, 2>(Cpu&, V128, u64);
template V128 reciprocal<1>(V128);
template V128 reciprocal<4>(V128);
template V128 reciprocal_root<1>(V128);
template V128 reciprocal_root<4>(V128);

}  // namespace gantry::sem::fp
