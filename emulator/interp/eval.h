// Eval: the builder that executes. The interpreter is every semantics function instantiated with
// it.
//
// Shape says what is known of an instruction at compile time. AnyShape knows nothing; the handlers
// of frequent instructions are instantiated with a FixedShape, so that operand kinds and widths
// fold away (interp/handlers.cc chooses).
#pragma once

#include <bit>

#include "emulator/base/bits.h"
#include "emulator/base/check.h"
#include "emulator/guest/cpu.h"
#include "emulator/guest/memory.h"
#include "emulator/semantics/builder.h"
#include "emulator/semantics/x87_state.h"
#include "emulator/x86/insn.h"

namespace gantry::interp {

using guest::Cpu;
using guest::Exit;
using guest::Fault;
using guest::FlagKind;
using guest::LazyFlags;
using guest::Rmw;
using guest::V128;
using guest::V256;
using guest::Vector;
using x86::Condition;
using x86::Insn;
using x86::OperandKind;

// What is known of a memory operand's address. All but kAny are 64 bits wide and without a segment.
enum class Addressing : u8 {
  kAny,
  kBase,       // base + displacement
  kBaseIndex,  // base + index << scale + displacement
  kAbsolute,   // displacement alone, as RIP-relative operands arrive
};

// Every answer comes from the instruction.
struct AnyShape {
  static OperandKind kind(const Insn& i, unsigned n) { return i.op[n].kind; }
  static unsigned operand_width(const Insn& i, unsigned n) { return i.op[n].width; }
  static unsigned width(const Insn& i) { return i.width; }
  static bool locked(const Insn& i) { return i.locked(); }
  static bool vex(const Insn& i) { return i.vex(); }
  static Condition condition(const Insn& i) { return i.condition(); }
  static constexpr Addressing kAddressing = Addressing::kAny;
};

// The first two operands' kinds and widths are known; no LOCK, no VEX.
template <unsigned kWidth, OperandKind kFirst, OperandKind kSecond = OperandKind::kNone,
          unsigned kSecondWidth = kWidth>
struct FixedShape {
  static constexpr OperandKind kind(const Insn& i, unsigned n) {
    return n == 0 ? kFirst : n == 1 ? kSecond : i.op[n].kind;
  }
  static constexpr unsigned operand_width(const Insn& i, unsigned n) {
    return n == 0 ? kWidth : n == 1 ? kSecondWidth : i.op[n].width;
  }
  static constexpr unsigned width(const Insn&) { return kWidth; }
  static constexpr bool locked(const Insn&) { return false; }
  static constexpr bool vex(const Insn&) { return false; }
  static Condition condition(const Insn& i) { return i.condition(); }
  static constexpr Addressing kAddressing = Addressing::kAny;
};

// VEX, with operands that are vectors of kWidth bytes: registers, but for operand kInMemory.
template <unsigned kWidth, unsigned kInMemory>
struct VectorShape {
  static constexpr OperandKind kind(const Insn&, unsigned n) {
    if (n == kInMemory) return OperandKind::kMemory;
    return kWidth == 32 ? OperandKind::kYmm : OperandKind::kXmm;
  }
  static constexpr unsigned operand_width(const Insn&, unsigned) { return kWidth; }
  static constexpr unsigned width(const Insn&) { return kWidth; }
  static constexpr bool locked(const Insn&) { return false; }
  static constexpr bool vex(const Insn&) { return true; }
  static Condition condition(const Insn& i) { return i.condition(); }
  static constexpr Addressing kAddressing = Addressing::kAny;
};

// A shape of a VEX encoding.
template <typename Shape>
struct WithVex : Shape {
  static constexpr bool vex(const Insn&) { return true; }
};

// A shape that knows how the memory operand is addressed.
template <typename Shape, Addressing kAddress>
struct WithAddressing : Shape {
  static constexpr Addressing kAddressing = kAddress;
};

// A shape that knows the condition too.
template <typename Shape, Condition kCondition>
struct WithCondition : Shape {
  static constexpr Condition condition(const Insn&) { return kCondition; }
};

// Conditions without their lowest bit, which negates (SDM vol. 1, appendix B).
enum class Test : u8 { kO, kB, kE, kBE, kS, kP, kL, kLE };

// After a comparison the operands say more, and faster, than the flags that they would give.
[[gnu::always_inline]] inline bool evaluate_compare(Test test, const LazyFlags& f) {
  unsigned unused = 64 - f.width * 8;
  switch (test) {
    case Test::kB:
      return f.lhs < f.rhs;
    case Test::kBE:
      return f.lhs <= f.rhs;
    case Test::kL:
      return static_cast<s64>(f.lhs << unused) < static_cast<s64>(f.rhs << unused);
    case Test::kLE:
      return static_cast<s64>(f.lhs << unused) <= static_cast<s64>(f.rhs << unused);
    default:
      UNREACHABLE();
  }
}

// After AND, OR, XOR and TEST, CF and OF are clear.
[[gnu::always_inline]] inline bool evaluate_logic(Test test, const LazyFlags& f) {
  auto value = static_cast<s64>(f.result << (64 - f.width * 8));
  switch (test) {
    case Test::kB:
      return false;
    case Test::kBE:
      return value == 0;
    case Test::kL:
      return value < 0;
    case Test::kLE:
      return value <= 0;
    default:
      UNREACHABLE();
  }
}

inline bool evaluate_flags(Test test, const LazyFlags& f) {
  switch (test) {
    case Test::kB:
      return f.cf();
    case Test::kBE:
      return f.cf() || f.zf();
    case Test::kL:
      return f.sf() != f.of();
    case Test::kLE:
      return f.zf() || f.sf() != f.of();
    default:
      UNREACHABLE();
  }
}

[[gnu::always_inline]] inline bool evaluate(Test test, const LazyFlags& f) {
  switch (test) {
    case Test::kO:
      return f.of();
    case Test::kE:
      return f.zf();
    case Test::kS:
      return f.sf();
    case Test::kP:
      return f.pf();
    default:
      break;
  }
  if (f.kind == FlagKind::kSub) return evaluate_compare(test, f);
  if (f.kind == FlagKind::kLogic) return evaluate_logic(test, f);
  return evaluate_flags(test, f);
}

[[gnu::always_inline]] inline bool evaluate(Condition c, const LazyFlags& f) {
  auto code = static_cast<unsigned>(c);
  return evaluate(static_cast<Test>(code >> 1), f) != (code & 1);
}

// The fault of an access to a memory operand at or above kAddressLimit: #SS, #GP or #PF.
// `access` is kFaultWrite or 0.
[[noreturn]] void raise_bad_operand_address(Cpu& cpu, const Insn& i, u64 address, u32 access);

template <typename Shape = AnyShape>
class Eval {
 public:
  using Int = u64;
  using Bool = bool;
  using Vec = V128;
  using Wide = V256;
  using Flags = LazyFlags;

  explicit Eval(Cpu& cpu) : cpu_(cpu) {}

  // --- operands
  unsigned width(const Insn& i) const { return Shape::width(i); }
  bool locked(const Insn& i) const { return Shape::locked(i); }
  bool vex(const Insn& i) const { return Shape::vex(i); }
  bool wide(const Insn& i) const {
    return kind(i, 0) == OperandKind::kYmm || kind(i, 1) == OperandKind::kYmm;
  }
  OperandKind kind(const Insn& i, unsigned n) const { return Shape::kind(i, n); }
  unsigned operand_width(const Insn& i, unsigned n) const { return Shape::operand_width(i, n); }

  Int read(const Insn& i, unsigned n) {
    unsigned w = Shape::operand_width(i, n);
    switch (Shape::kind(i, n)) {
      case OperandKind::kGpr:
        return zext(w, cpu_.gpr[i.op[n].reg]);
      case OperandKind::kMemory:
        return load(w, operand_address(i, 0));
      case OperandKind::kImmediate:
        return zext(w, i.imm);
      case OperandKind::kImmediate2:
        return i.imm2;
      case OperandKind::kRelative:
        return i.imm;
      case OperandKind::kHighByte:
        return (cpu_.gpr[i.op[n].reg] >> 8) & 0xff;
      case OperandKind::kSegment:
        return cpu_.segment[i.op[n].reg];
      default:
        UNREACHABLE();
    }
  }

  void write(const Insn& i, unsigned n, Int value) {
    unsigned w = Shape::operand_width(i, n);
    switch (Shape::kind(i, n)) {
      case OperandKind::kGpr:
        return set_gpr(i.op[n].reg, w, value);
      case OperandKind::kMemory:
        return store(w, operand_address(i), value);
      case OperandKind::kHighByte:
        reinterpret_cast<u8*>(&cpu_.gpr[i.op[n].reg])[1] = static_cast<u8>(value);
        return;
      default:
        UNREACHABLE();
    }
  }

  Vec read_vec(const Insn& i, unsigned n) {
    switch (Shape::kind(i, n)) {
      case OperandKind::kXmm:
      case OperandKind::kYmm:
        return cpu_.xmm[i.op[n].reg];
      case OperandKind::kMmx:
        return {mmx(i.op[n].reg), 0};
      case OperandKind::kMemory:
        if (Shape::kind(i, 0) == OperandKind::kMmx) sem::x87::check_pending(cpu_);
        return load_vec(Shape::operand_width(i, n), vector_address(i, n, 0));
      case OperandKind::kGpr:
        return {read(i, n), 0};
      default:
        UNREACHABLE();
    }
  }

  void write_vec(const Insn& i, unsigned n, const Vec& value) {
    switch (Shape::kind(i, n)) {
      case OperandKind::kXmm:
      case OperandKind::kYmm:
        return set_xmm(i, i.op[n].reg, value);
      case OperandKind::kMmx:
        set_mmx(i.op[n].reg, value.lo);
        return;
      case OperandKind::kMemory:
        return store_vec(Shape::operand_width(i, n), vector_address(i, n, guest::kFaultWrite),
                         value);
      default:
        UNREACHABLE();
    }
  }

  void write_low(const Insn& i, unsigned n, unsigned w, const Vec& value) {
    if (Shape::kind(i, n) == OperandKind::kMemory)
      return store_vec(w, vector_address(i, n, guest::kFaultWrite), value);
    if (!Shape::vex(i)) {
      std::memcpy(&cpu_.xmm[i.op[n].reg], &value, w);
      return;
    }
    Vec merged = cpu_.xmm[i.op[1].reg];
    std::memcpy(&merged, &value, w);
    set_xmm(i, i.op[n].reg, merged);
  }

  Wide read_wide(const Insn& i, unsigned n) {
    if (Shape::kind(i, n) == OperandKind::kYmm) {
      return {cpu_.xmm[i.op[n].reg], cpu_.ymm_high[i.op[n].reg]};
    }
    if (Shape::kind(i, n) == OperandKind::kMemory && Shape::operand_width(i, n) == 32) {
      return guest::load_v256(cpu_, vector_address(i, n, 0));
    }
    return {read_vec(i, n), {}};
  }
  void write_wide(const Insn& i, unsigned n, const Wide& value) {
    if (Shape::kind(i, n) == OperandKind::kYmm) {
      cpu_.xmm[i.op[n].reg] = value.low;
      cpu_.ymm_high[i.op[n].reg] = value.high;
    } else if (Shape::kind(i, n) == OperandKind::kMemory && Shape::operand_width(i, n) == 32) {
      guest::store_v256(cpu_, vector_address(i, n, guest::kFaultWrite), value);
    } else {
      write_vec(i, n, value.low);
    }
  }

  void enter_mmx() { sem::x87::enter_mmx(cpu_); }

  Int gpr(unsigned n) const { return cpu_.gpr[n]; }
  void set_gpr(unsigned n, unsigned w, Int value) {
    switch (w) {
      case 8:
        cpu_.gpr[n] = value;
        return;
      case 4:
        cpu_.gpr[n] = static_cast<u32>(value);
        return;
      // One narrow store; all hosts are little-endian.
      case 2:
        std::memcpy(&cpu_.gpr[n], &value, 2);
        return;
      default:
        std::memcpy(&cpu_.gpr[n], &value, 1);
        return;
    }
  }
  Vec xmm(unsigned n) const { return cpu_.xmm[n]; }
  void set_xmm(const Insn& i, unsigned n, const Vec& value) {
    cpu_.xmm[n] = value;
    if (Shape::vex(i)) clear_high(n);
  }
  void clear_high(unsigned n) { cpu_.ymm_high[n] = {}; }

  Int effective_offset(const Insn& i) const {
    const auto& m = i.mem;
    auto disp = static_cast<u64>(m.disp);
    if constexpr (Shape::kAddressing == Addressing::kAbsolute) return disp;
    if constexpr (Shape::kAddressing == Addressing::kBase) return cpu_.gpr[m.base] + disp;
    if constexpr (Shape::kAddressing == Addressing::kBaseIndex) {
      return cpu_.gpr[m.base] + (cpu_.gpr[m.index] << m.scale) + disp;
    }
    u64 offset = disp;
    if (m.base != x86::kNoRegister) offset += cpu_.gpr[m.base];
    if (m.index != x86::kNoRegister) offset += cpu_.gpr[m.index] << m.scale;
    return m.address_width == 4 ? static_cast<u32>(offset) : offset;
  }
  Int segment_base(const Insn& i) const {
    if constexpr (Shape::kAddressing != Addressing::kAny) return 0;
    if (i.mem.segment == x86::kNoRegister) [[likely]]
      return 0;
    if (i.mem.segment == guest::kFs) return cpu_.fs_base;
    return i.mem.segment == guest::kGs ? cpu_.gs_base : 0;
  }
  Int address(const Insn& i) const { return effective_offset(i) + segment_base(i); }
  Int operand_address(const Insn& i, u32 access = guest::kFaultWrite) const {
    return checked(i, address(i), access);
  }
  Int canonical_address(const Insn& i) const {
    Int a = address(i);
    if (!guest::is_canonical(a)) [[unlikely]]
      raise_bad_operand_address(cpu_, i, a, 0);
    return a;
  }
  Int operand_address(const Insn& i, Int delta, u32 access) const {
    return checked(i, zext(i.mem.address_width, effective_offset(i) + delta) + segment_base(i),
                   access);
  }

  // --- memory
  Int checked(const Insn& i, Int address, u32 access) const {
    if (address >= guest::kAddressLimit) [[unlikely]] {
      raise_bad_operand_address(cpu_, i, address, access);
    }
    return address;
  }
  Int load(unsigned w, Int address) { return guest::load_width(cpu_, w, address); }
  void store(unsigned w, Int address, Int value) { guest::store_width(cpu_, w, address, value); }
  Vec load_vec(unsigned w, Int address) {
    if (w == 16) return guest::load_v128(cpu_, address);
    return {guest::load_width(cpu_, w, address), 0};
  }
  void store_vec(unsigned w, Int address, const Vec& value) {
    if (w == 16) return guest::store_v128(cpu_, address, value);
    guest::store_width(cpu_, w, address, value.lo);
  }
  Int atomic_rmw(Rmw operation, unsigned w, Int address, Int value) {
    return guest::atomic_rmw(cpu_, operation, w, address, value);
  }
  Int compare_exchange(unsigned w, Int address, Int expected, Int desired) {
    return guest::atomic_compare_exchange(cpu_, w, address, expected, desired);
  }
  void probe_write(unsigned w, Int address) { guest::probe_write(cpu_, address, w); }
  Int load_stack(unsigned w, Int address) {
    guest::check_stack_address(cpu_, address);
    return load(w, address);
  }
  void store_stack(unsigned w, Int address, Int value) {
    guest::check_stack_address(cpu_, address, guest::kFaultWrite);
    store(w, address, value);
  }
  void fence() { std::atomic_thread_fence(std::memory_order_seq_cst); }

  // --- integers
  Int imm(u64 value) { return value; }
  Int add(unsigned w, Int a, Int b) { return zext(w, a + b); }
  Int sub(unsigned w, Int a, Int b) { return zext(w, a - b); }
  Int and_(unsigned w, Int a, Int b) { return zext(w, a & b); }
  Int or_(unsigned w, Int a, Int b) { return zext(w, a | b); }
  Int xor_(unsigned w, Int a, Int b) { return zext(w, a ^ b); }
  Int not_(unsigned w, Int a) { return zext(w, ~a); }
  Int neg(unsigned w, Int a) { return zext(w, -a); }
  Int shl(unsigned w, Int a, Int n) { return zext(w, a << n); }
  Int shr(unsigned w, Int a, Int n) { return zext(w, a) >> n; }
  Int sar(unsigned w, Int a, Int n) {
    return zext(w, static_cast<u64>(static_cast<s64>(sign_extend(a, w)) >> n));
  }
  Int rol(unsigned w, Int a, Int n) {
    return n == 0 ? a : zext(w, a << n | zext(w, a) >> (w * 8 - n));
  }
  Int ror(unsigned w, Int a, Int n) {
    return n == 0 ? a : zext(w, zext(w, a) >> n | a << (w * 8 - n));
  }
  Int mul(unsigned w, Int a, Int b) { return zext(w, a * b); }
  // The upper half of the double-width product.
  Int umulh(unsigned w, Int a, Int b) {
    if (w == 8) return static_cast<u64>(static_cast<u128>(a) * b >> 64);
    return zext(w, a * b >> (w * 8));
  }
  Int smulh(unsigned w, Int a, Int b) {
    auto product = static_cast<s128>(static_cast<s64>(sign_extend(a, w))) *
                   static_cast<s64>(sign_extend(b, w));
    return zext(w, static_cast<u64>(product >> (w * 8)));
  }
  Int zext(unsigned from, Int a) const {
    switch (from) {
      case 8:
        return a;
      case 4:
        return static_cast<u32>(a);
      case 2:
        return static_cast<u16>(a);
      default:
        return static_cast<u8>(a);
    }
  }
  // Sign-extends to 64 bits; narrow the result with zext or by the width of what uses it.
  Int sext(unsigned from, Int a) { return sign_extend(a, from); }
  // Defined for zero: the operand's width in bits.
  Int clz(unsigned w, Int a) {
    return static_cast<u64>(std::countl_zero(zext(w, a))) - (64 - w * 8);
  }
  Int ctz(unsigned w, Int a) { return a == 0 ? w * 8 : static_cast<u64>(std::countr_zero(a)); }
  Int popcnt(unsigned, Int a) { return static_cast<u64>(std::popcount(a)); }
  Int bswap(unsigned w, Int a) { return __builtin_bswap64(a) >> (64 - w * 8); }

  Bool eq(unsigned w, Int a, Int b) { return zext(w, a ^ b) == 0; }
  Bool ne(unsigned w, Int a, Int b) { return !eq(w, a, b); }
  Bool ult(unsigned w, Int a, Int b) { return zext(w, a) < zext(w, b); }
  Bool ule(unsigned w, Int a, Int b) { return zext(w, a) <= zext(w, b); }
  Bool slt(unsigned w, Int a, Int b) { return signed_value(w, a) < signed_value(w, b); }
  Bool sle(unsigned w, Int a, Int b) { return signed_value(w, a) <= signed_value(w, b); }
  Bool is_zero(Int a) { return a == 0; }
  Bool not_zero(Int a) { return a != 0; }
  Bool bool_and(Bool a, Bool b) { return a && b; }
  Bool bool_or(Bool a, Bool b) { return a || b; }
  Bool bool_xor(Bool a, Bool b) { return a != b; }
  Bool bool_not(Bool a) { return !a; }
  template <typename T>
  T select(Bool c, const T& a, const T& b) {
    return c ? a : b;
  }
  Int to_int(Bool c) { return c ? 1 : 0; }

  // --- flags
  Flags flags_of(FlagKind k, unsigned w, Int lhs, Int rhs, Int result) {
    return {.result = result, .lhs = lhs, .rhs = rhs, .kind = k, .width = static_cast<u8>(w)};
  }
  Flags flags_incdec(FlagKind k, unsigned w, Int lhs, Int result) {
    return {.result = result,
            .lhs = lhs,
            .rhs = 1,
            .kind = k,
            .width = static_cast<u8>(w),
            .carry = cpu_.flags.cf()};
  }
  Flags flags_result(unsigned w, Int result, Int bits) {
    return {.result = result, .lhs = bits, .kind = FlagKind::kResult, .width = static_cast<u8>(w)};
  }
  Flags flags_raw(Int bits) { return LazyFlags::raw(bits); }
  void set_flags(const Flags& f) { cpu_.flags = f; }
  void set_flags_if(Bool c, const Flags& f) {
    if (c) cpu_.flags = f;
  }
  void update_flags(u64 mask, Int bits) {
    cpu_.flags = LazyFlags::raw((cpu_.flags.bits() & ~mask) | (bits & mask));
  }
  Bool flag(u64 bit) {
    switch (bit) {
      case guest::kCF:
        return cpu_.flags.cf();
      case guest::kZF:
        return cpu_.flags.zf();
      case guest::kSF:
        return cpu_.flags.sf();
      case guest::kPF:
        return cpu_.flags.pf();
      case guest::kOF:
        return cpu_.flags.of();
      case guest::kAF:
        return cpu_.flags.af();
      default:
        return cpu_.system_flags & bit;
    }
  }
  Int flag_bits() { return cpu_.flags.bits(); }
  Bool condition(Condition c) { return evaluate(c, cpu_.flags); }
  Bool condition(const Insn& i) { return evaluate(Shape::condition(i), cpu_.flags); }

  // --- control flow
  void jump(Int target) { cpu_.rip = target; }
  void check_canonical(Int target) {
    if (!guest::is_canonical(target)) [[unlikely]]
      guest::raise_gp(cpu_);
  }
  void branch(Bool c, u64 taken, u64 not_taken) { cpu_.rip = c ? taken : not_taken; }
  template <typename F>
  void when(Bool c, F body) {
    if (c) body();
  }
  template <typename F, typename G>
  void if_else(Bool c, F then, G otherwise) {
    if (c) {
      then();
    } else {
      otherwise();
    }
  }
  // RCX counts iterations at the address width. Leaves between iterations when something is
  // pending: RIP then still points here.
  template <typename F>
  void repeat(const Insn& i, F body) {
    unsigned w = i.mem.address_width;
    set_gpr(guest::kRcx, w, cpu_.gpr[guest::kRcx]);
    while (zext(w, cpu_.gpr[guest::kRcx]) != 0) {
      body();
      set_gpr(guest::kRcx, w, cpu_.gpr[guest::kRcx] - 1);
      if (cpu_.interrupt) [[unlikely]]
        break;
    }
    jump_after_repeat(i);
  }
  template <typename F>
  void repeat_compare(const Insn& i, Condition stop, F body) {
    unsigned w = i.mem.address_width;
    set_gpr(guest::kRcx, w, cpu_.gpr[guest::kRcx]);
    Flags flags = cpu_.flags;
    while (zext(w, cpu_.gpr[guest::kRcx]) != 0) {
      flags = body();
      set_gpr(guest::kRcx, w, cpu_.gpr[guest::kRcx] - 1);
      if (evaluate(stop, flags)) break;
      if (cpu_.interrupt && zext(w, cpu_.gpr[guest::kRcx]) != 0) [[unlikely]]
        return;
    }
    cpu_.flags = flags;
    cpu_.rip = i.next_rip();
  }
  void jump_after_repeat(const Insn& i) {
    if (zext(i.mem.address_width, cpu_.gpr[guest::kRcx]) == 0) cpu_.rip = i.next_rip();
  }
  void raise(Vector vector, u32 error = 0) {
    guest::raise(cpu_, {.vector = vector, .error = error});
  }
  void exit(Exit reason, u32 detail = 0) {
    cpu_.exit = reason;
    cpu_.exit_detail = detail;
    cpu_.interrupt = 1;
  }

  // --- everything else
  template <typename F, typename... Values>
  auto call(F f, const Values&... values) {
    return f(values...);
  }
  template <typename F, typename... Values>
  auto call_cpu(F f, const Values&... values) {
    return f(cpu_, values...);
  }
  template <typename F, typename... Values>
  auto call_float(F f, const Values&... values) {
    return f(cpu_, values...);
  }

 private:
  static s64 signed_value(unsigned w, Int a) { return static_cast<s64>(sign_extend(a, w)); }

  Int vector_address(const Insn& i, unsigned n, u32 access) {
    Int a = address(i);
    unsigned w = Shape::operand_width(i, n);
    if (w >= 16 && (a & (w - 1)) && i.aligned) [[unlikely]]
      raise_gp(cpu_);
    return checked(i, a, access);
  }

  u64 mmx(unsigned n) {
    enter_mmx();
    return cpu_.x87.st[n & 7].significand;
  }
  // A write sets the exponent to ones.
  void set_mmx(unsigned n, u64 value) {
    enter_mmx();
    cpu_.x87.st[n & 7] = {value, 0xffff};
  }

  Cpu& cpu_;
};

// Executes one instruction. cpu.rip is its address; a branch sets cpu.rip, others leave it alone.
using Handler = void (*)(Cpu&, const Insn&);

// The handler of an instruction, specialised to its operands where that pays.
Handler handler_for(const Insn& insn);

}  // namespace gantry::interp
