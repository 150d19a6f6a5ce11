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
template <typename T, typename V, typename F>
V each_lane(Cpu& cpu, Env env, unsigned lanes, V rest, F f) {
  auto result = rest.template as<T>();
  for (unsigned k = 0; k < lanes; ++k) result[k] = f(env, k);
  finish(cpu, env);
  return V::from(result);
}
template <typename T, typename V, typename F>
V each_lane(Cpu& cpu, unsigned lanes, V rest, F f) {
  return each_lane<T>(cpu, env_of(cpu), lanes, rest, f);
}

// A product's NaN goes before the addend's. Infinity times zero is invalid only without a NaN.
template <typename T>
T fma_element(Env& env, bool negate_product, bool negate_addend, T a, T b, T c) {
  Number x = unpack(env, a), y = unpack(env, b), z = unpack(env, c);
  if (z.kind == Kind::kSignalingNan) env.flags |= kInvalid;
  if (x.is_nan() || y.is_nan()) return pack<T>(choose_nan(env, x, y));
  if (z.is_nan()) return pack<T>(z.quieted());
  x.sign ^= negate_product;
  z.sign ^= negate_addend;
  return pack<T>(multiply_add(env, kFormatOf<T>, x, y, z));
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

template <typename To>
To resize_element(Env& env, const Number& n) {
  return pack<To>(n.is_nan() ? choose_nan(env, n, n) : convert(env, kFormatOf<To>, n));
}

template <typename T>
T round_element(Env& env, Rounding rounding, T a) {
  Number n = unpack(env, a);
  if (n.kind == Kind::kSignalingNan) env.flags |= kInvalid;
  return pack<T>(n.is_nan() ? n.quieted() : round_to_integral(env, rounding, n));
}

// The lanes of each 16 bytes whose bits in `wanted` are set; zeros in place of the others.
template <typename T, typename V>
V keep_lanes(V a, u64 wanted) {
  auto x = a.template as<T>();
  for (unsigned k = 0; k < kLanesIn<T, V>; ++k) {
    if (!(wanted >> k % kLanesIn<T, V128> & 1)) x[k] = 0;
  }
  return V::from(x);
}

// Lane k is x[k ^ first] + x[k ^ second].
template <typename T, typename V>
V add_neighbours(Cpu& cpu, V a, unsigned first, unsigned second) {
  auto x = a.template as<T>(), p = x, q = x;
  for (unsigned k = 0; k < kLanesIn<T, V>; ++k) p[k] = x[k ^ first], q[k] = x[k ^ second];
  return arith<Arith::kAdd, T>(cpu, V::from(p), V::from(q));
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
  return {.rounding = current_rounding(cpu),
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

template <typename T, typename V>
V arith_soft(Cpu& cpu, Arith op, unsigned lanes, V a, V b) {
  auto x = a.template as<T>(), y = b.template as<T>();
  return each_lane<T>(cpu, lanes, a,
                      [&](Env& env, unsigned k) { return arith_element(env, op, x[k], y[k]); });
}

template <typename T, typename V>
V fma_soft(Cpu& cpu, Fma op, unsigned lanes, V a, V b, V c) {
  auto x = a.template as<T>(), y = b.template as<T>(), z = c.template as<T>();
  return each_lane<T>(cpu, lanes, V{}, [&](Env& env, unsigned k) {
    return fma_element(env, negates_product(op), negates_addend(op, k), x[k], y[k], z[k]);
  });
}

// A difference is the sum with the negated subtrahend; a NaN shows its own sign.
template <typename T, typename V>
V add_sub(Cpu& cpu, V a, V b) {
  auto y = b.template as<T>();
  for (unsigned k = 0; k < kLanesIn<T, V>; k += 2) {
    if (host(y[k]) == host(y[k])) y[k] ^= T{1} << (sizeof(T) * 8 - 1);
  }
  return arith<Arith::kAdd, T>(cpu, a, V::from(y));
}

template <Arith kOp, typename T, typename V>
V horizontal(Cpu& cpu, V a, V b) {
  constexpr unsigned kCount = kLanesIn<T, V128>, kHalf = kCount / 2;
  auto x = a.template as<T>(), y = b.template as<T>(), even = x, odd = x;
  for (unsigned k = 0; k < kLanesIn<T, V>; ++k) {
    const auto& from = k % kCount < kHalf ? x : y;
    unsigned pair = k / kCount * kCount + k % kHalf * 2;
    even[k] = from[pair];
    odd[k] = from[pair + 1];
  }
  return arith<kOp, T>(cpu, V::from(even), V::from(odd));
}

// Products, sums and, of single floats, sums of sums are steps, each of which ends the instruction
// when it raises. Each lane has a sum of its own, which shows only in the choice between several
// NaNs.
template <typename T, typename V>
V dot_product(Cpu& cpu, V a, V b, u64 control) {
  V x = keep_lanes<T>(a, control >> 4), y = keep_lanes<T>(b, control >> 4);
  V products = arith<Arith::kMul, T>(cpu, x, y);
  if constexpr (sizeof(T) == 8) {
    return keep_lanes<T>(add_neighbours<T>(cpu, products, 0, 1), control);
  } else {
    V sums = add_neighbours<T>(cpu, products, 1, 0);
    return keep_lanes<T>(add_neighbours<T>(cpu, sums, 0, 2), control);
  }
}

unsigned relations_of(u64 predicate) { return kPredicates[predicate & 15]; }

template <typename T, typename V>
V compare_soft(Cpu& cpu, unsigned lanes, V a, V b, u64 predicate) {
  auto x = a.template as<T>(), y = b.template as<T>();
  return each_lane<T>(cpu, lanes, a, [&](Env& env, unsigned k) -> T {
    unsigned relation = relation_soft(env, x[k], y[k], signals_quiet(predicate));
    return relations_of(predicate) & relation ? ~T{0} : 0;
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

template <typename To, typename From, typename V>
V resize_soft(Cpu& cpu, unsigned lanes, V a) {
  auto x = a.template as<From>();
  return each_lane<To>(cpu, lanes, V{}, [&](Env& env, unsigned k) {
    return resize_element<To>(env, unpack(env, x[k]));
  });
}

template <typename V>
V from_half(Cpu& cpu, V a) {
  auto x = a.template as<u16>();
  return each_lane<u32>(cpu, kLanesIn<u32, V>, V{}, [&](Env& env, unsigned k) {
    Number n = unpack({}, x[k]);
    n.denormal = false;
    return resize_element<u32>(env, n);
  });
}

// A denormal is inexact as a half even where its underflow is unmasked, as CPUs have it.
template <typename V>
V to_half(Cpu& cpu, V a, u64 control) {
  Env half = env_of(cpu);
  half.rounding = rounding_of(control, half.rounding);
  half.flush_to_zero = false;
  auto x = a.template as<u32>();
  return each_lane<u16>(cpu, half, kLanesIn<u32, V>, V{}, [&](Env& env, unsigned k) {
    Number n = unpack(env, x[k]);
    env.flags |= n.denormal ? kPrecision : 0;
    return resize_element<u16>(env, n);
  });
}

template <typename T>
u64 from_integer_soft(Cpu& cpu, s64 value) {
  Env env = env_of(cpu);
  u64 result = pack<T>(convert(env, kFormatOf<T>, from_integer(value)));
  finish(cpu, env);
  return result;
}

template <typename T, typename V>
V lanes_from_integer_soft(Cpu& cpu, unsigned lanes, V a) {
  auto x = a.template as<s32>();
  return each_lane<T>(cpu, lanes, V{}, [&](Env& env, unsigned k) {
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

template <typename T, typename V>
V lanes_to_integer_soft(Cpu& cpu, unsigned lanes, V a, bool truncate) {
  auto x = a.template as<T>();
  return each_lane<u32>(cpu, lanes, V{}, [&](Env& env, unsigned k) {
    Rounding rounding = truncate ? Rounding::kZero : env.rounding;
    return static_cast<u32>(to_integer(env, rounding, 32, unpack(env, x[k])));
  });
}

template <typename T, typename V>
V round_soft(Cpu& cpu, unsigned lanes, V a, u64 control) {
  auto x = a.template as<T>();
  return each_lane<T>(cpu, lanes, V{}, [&](Env& env, unsigned k) {
    T result = round_element(env, rounding_of(control, env.rounding), x[k]);
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
template V256 arith_soft<u32>(Cpu&, Arith, unsigned, V256, V256);
template V128 arith_soft<u64>(Cpu&, Arith, unsigned, V128, V128);
template V256 arith_soft<u64>(Cpu&, Arith, unsigned, V256, V256);
template V128 fma_soft<u32>(Cpu&, Fma, unsigned, V128, V128, V128);
template V256 fma_soft<u32>(Cpu&, Fma, unsigned, V256, V256, V256);
template V128 fma_soft<u64>(Cpu&, Fma, unsigned, V128, V128, V128);
template V256 fma_soft<u64>(Cpu&, Fma, unsigned, V256, V256, V256);
template V128 add_sub<u32>(Cpu&, V128, V128);
template V256 add_sub<u32>(Cpu&, V256, V256);
template V128 add_sub<u64>(Cpu&, V128, V128);
template V256 add_sub<u64>(Cpu&, V256, V256);
template V128 horizontal<Arith::kAdd, u32>(Cpu&, V128, V128);
template V256 horizontal<Arith::kAdd, u32>(Cpu&, V256, V256);
template V128 horizontal<Arith::kAdd, u64>(Cpu&, V128, V128);
template V256 horizontal<Arith::kAdd, u64>(Cpu&, V256, V256);
template V128 horizontal<Arith::kSub, u32>(Cpu&, V128, V128);
template V256 horizontal<Arith::kSub, u32>(Cpu&, V256, V256);
template V128 horizontal<Arith::kSub, u64>(Cpu&, V128, V128);
template V256 horizontal<Arith::kSub, u64>(Cpu&, V256, V256);
template V128 dot_product<u32>(Cpu&, V128, V128, u64);
template V256 dot_product<u32>(Cpu&, V256, V256, u64);
template V128 dot_product<u64>(Cpu&, V128, V128, u64);
template V128 compare_soft<u32>(Cpu&, unsigned, V128, V128, u64);
template V256 compare_soft<u32>(Cpu&, unsigned, V256, V256, u64);
template V128 compare_soft<u64>(Cpu&, unsigned, V128, V128, u64);
template V256 compare_soft<u64>(Cpu&, unsigned, V256, V256, u64);
template u64 compare_flags_soft<u32>(Cpu&, u32, u32, bool);
template u64 compare_flags_soft<u64>(Cpu&, u64, u64, bool);
template V128 resize_soft<u32, u64>(Cpu&, unsigned, V128);
template V256 resize_soft<u32, u64>(Cpu&, unsigned, V256);
template V128 resize_soft<u64, u32>(Cpu&, unsigned, V128);
template V256 resize_soft<u64, u32>(Cpu&, unsigned, V256);
template V128 from_half(Cpu&, V128);
template V256 from_half(Cpu&, V256);
template V128 to_half(Cpu&, V128, u64);
template V256 to_half(Cpu&, V256, u64);
template u64 from_integer_soft<u32>(Cpu&, s64);
template u64 from_integer_soft<u64>(Cpu&, s64);
template V128 lanes_from_integer_soft<u32>(Cpu&, unsigned, V128);
template V256 lanes_from_integer_soft<u32>(Cpu&, unsigned, V256);
template u64 to_integer_soft<u32>(Cpu&, u32, unsigned, bool);
template u64 to_integer_soft<u64>(Cpu&, u64, unsigned, bool);
template V128 lanes_to_integer_soft<u32>(Cpu&, unsigned, V128, bool);
template V256 lanes_to_integer_soft<u32>(Cpu&, unsigned, V256, bool);
template V128 lanes_to_integer_soft<u64>(Cpu&, unsigned, V128, bool);
template V256 lanes_to_integer_soft<u64>(Cpu&, unsigned, V256, bool);
template V128 round_soft<u32>(Cpu&, unsigned, V128, u64);
template V256 round_soft<u32>(Cpu&, unsigned, V256, u64);
template V128 round_soft<u64>(Cpu&, unsigned, V128, u64);
template V256 round_soft<u64>(Cpu&, unsigned, V256, u64);
template V128 reciprocal<1>(V128);
template V128 reciprocal<4>(V128);
template V128 reciprocal_root<1>(V128);
template V128 reciprocal_root<4>(V128);

}  // namespace gantry::sem::fp
