// Emit: the builder that appends IR. What it knows of the guest state while it does so - which
// value a register holds, which operands are constants - saves most of the traffic that a pass
// would have to find afterwards.
#pragma once

#include <optional>
#include <tuple>
#include <type_traits>

#include "emulator/ir/ir.h"
#include "emulator/ir/stored_values.h"
#include "emulator/semantics/builder.h"

namespace gantry::ir {

using guest::Exit;
using guest::FlagKind;
using guest::Rmw;
using guest::V128;
using guest::V256;
using guest::Vector;
using x86::Condition;
using x86::Insn;
using x86::OperandKind;

class Emit {
 public:
  struct Int {
    Value value = kNoValue;
  };
  struct Bool {
    Value value = kNoValue;
  };
  struct Vec {
    Value value = kNoValue;  // none: zero
  };
  struct Flags {
    Value value = kNoValue;
  };
  struct Wide {
    Vec low;
    Vec high;
  };

  // What the code generator can do in one operation that x86 does in several, or otherwise, and
  // what it knows.
  struct HostOps {
    bool four_sha256_rounds = false;
    bool aes_key_first = false;      // a round of AES adds its key before the rest
    bool owes_vectors = false;       // computes registers that only faults see when there is one
    bool memory_is_private = false;  // nobody else writes there while the code is executed
  };

  explicit Emit(Unit& unit) : Emit(unit, {}) {}
  Emit(Unit& unit, HostOps host) : unit_(unit), host_(host) {}

  // Begins a guest instruction, after which these of the status flags are read. `end` is false when
  // its body asked for what the IR does not have; what was appended for it is gone then.
  void begin(const Insn& i, u16 live_flags);
  bool end();
  // Whether the instruction has operations of the kinds that Acceptance names.
  bool has_rare() const { return has_rare_; }
  // The body's operations are of no use: end() takes them back.
  void reject() { supported_ = false; }
  // The interpreter executes the instruction.
  void interpret();
  // The unit is complete.
  void finish() { unit_.at_end = known_; }

  // --- operands
  unsigned width(const Insn& i) const { return i.width; }
  bool locked(const Insn& i) const { return i.locked(); }
  bool vex(const Insn& i) const { return i.vex(); }
  bool wide(const Insn& i) const {
    return kind(i, 0) == OperandKind::kYmm || kind(i, 1) == OperandKind::kYmm;
  }
  OperandKind kind(const Insn& i, unsigned n) const { return i.op[n].kind; }
  unsigned operand_width(const Insn& i, unsigned n) const { return i.op[n].width; }

  Int read(const Insn& i, unsigned n);
  void write(const Insn& i, unsigned n, Int value);
  Vec read_vec(const Insn& i, unsigned n);
  void write_vec(const Insn& i, unsigned n, Vec value);
  void write_low(const Insn& i, unsigned n, unsigned w, Vec value);
  Wide read_wide(const Insn& i, unsigned n);
  void write_wide(const Insn& i, unsigned n, const Wide& value);
  void enter_mmx();

  Int gpr(unsigned n);
  void set_gpr(unsigned n, unsigned w, Int value);
  Vec xmm(unsigned n);
  void set_xmm(const Insn& i, unsigned n, Vec value);
  void clear_high(unsigned n) { set_high(n, {}); }

  Int effective_offset(const Insn& i);
  Int segment_base(const Insn& i);
  Int address(const Insn& i) {
    Int offset = effective_offset(i);
    return i.mem.segment == x86::kNoRegister ? offset : add(8, offset, segment_base(i));
  }
  Int canonical_address(const Insn& i) { return address(i); }
  Int operand_address(const Insn& i, u32 = guest::kFaultWrite) { return address(i); }
  Int operand_address(const Insn& i, Int delta, u32 access);

  // --- memory
  Int load(unsigned w, Int address);
  void store(unsigned w, Int address, Int value) {
    append(Op::kStore, w, 0, 0, address.value, value.value);
    note_store(w, address, value.value);
  }
  Vec load_vec(unsigned w, Int address) { return {append(Op::kLoadVec, w, 0, 0, address.value)}; }
  void store_vec(unsigned w, Int address, Vec value) {
    append(Op::kStoreVec, w, 0, 0, address.value, use(value));
    note_store(w, address);
  }
  Int load_stack(unsigned w, Int address) { return load(w, address); }
  void store_stack(unsigned w, Int address, Int value) { store(w, address, value); }
  Int atomic_rmw(Rmw operation, unsigned w, Int address, Int value);
  Int compare_exchange(unsigned w, Int address, Int expected, Int desired);
  void probe_write(unsigned w, Int address) {
    has_rare_ = true;
    append(Op::kProbeWrite, w, 0, 0, address.value);
  }
  void fence() {
    append(Op::kFence);
    stored_.forget();
  }

  // --- integers
  Int imm(u64 value) { return {append(Op::kConst, 8, 0, value)}; }
  Int add(unsigned w, Int a, Int b) { return binary(Op::kAdd, w, a, b); }
  Int sub(unsigned w, Int a, Int b) { return binary(Op::kSub, w, a, b); }
  Int and_(unsigned w, Int a, Int b) { return binary(Op::kAnd, w, a, b); }
  Int or_(unsigned w, Int a, Int b) { return binary(Op::kOr, w, a, b); }
  Int xor_(unsigned w, Int a, Int b) { return binary(Op::kXor, w, a, b); }
  Int shl(unsigned w, Int a, Int n) { return binary(Op::kShl, w, a, n); }
  Int shr(unsigned w, Int a, Int n) { return binary(Op::kShr, w, a, n); }
  Int sar(unsigned w, Int a, Int n) { return binary(Op::kSar, w, a, n); }
  Int rol(unsigned w, Int a, Int n) { return binary(Op::kRol, w, a, n); }
  Int ror(unsigned w, Int a, Int n) { return binary(Op::kRor, w, a, n); }
  Int mul(unsigned w, Int a, Int b) { return binary(Op::kMul, w, a, b); }
  Int umulh(unsigned w, Int a, Int b) { return binary(Op::kUmulh, w, a, b); }
  Int smulh(unsigned w, Int a, Int b) { return binary(Op::kSmulh, w, a, b); }
  Int not_(unsigned w, Int a) { return unary(Op::kNot, w, a); }
  Int neg(unsigned w, Int a) { return unary(Op::kNeg, w, a); }
  Int zext(unsigned w, Int a) { return fits(a.value, w) ? a : unary(Op::kZext, w, a); }
  Int sext(unsigned w, Int a) { return unary(Op::kSext, w, a); }
  Int clz(unsigned w, Int a) { return unary(Op::kClz, w, a); }
  Int ctz(unsigned w, Int a) { return unary(Op::kCtz, w, a); }
  Int popcnt(unsigned w, Int a) { return unary(Op::kPopcnt, w, a); }
  Int bswap(unsigned w, Int a) { return unary(Op::kBswap, w, a); }

  Bool eq(unsigned w, Int a, Int b) { return compare(Op::kEq, w, a, b); }
  Bool ne(unsigned w, Int a, Int b) { return bool_not(eq(w, a, b)); }
  Bool ult(unsigned w, Int a, Int b) { return compare(Op::kUlt, w, a, b); }
  Bool ule(unsigned w, Int a, Int b) { return compare(Op::kUle, w, a, b); }
  Bool slt(unsigned w, Int a, Int b) { return compare(Op::kSlt, w, a, b); }
  Bool sle(unsigned w, Int a, Int b) { return compare(Op::kSle, w, a, b); }
  Bool is_zero(Int a) { return eq(8, a, imm(0)); }
  Bool not_zero(Int a) { return bool_not(is_zero(a)); }
  Bool bool_and(Bool a, Bool b) { return {append(Op::kBoolAnd, 0, 0, 0, a.value, b.value)}; }
  Bool bool_or(Bool a, Bool b) { return {append(Op::kBoolOr, 0, 0, 0, a.value, b.value)}; }
  Bool bool_xor(Bool a, Bool b) { return {append(Op::kBoolXor, 0, 0, 0, a.value, b.value)}; }
  Bool bool_not(Bool a) { return {append(Op::kBoolNot, 0, 0, 0, a.value)}; }
  Int select(Bool c, Int a, Int b) {
    return {append(Op::kSelect, 8, 0, 0, c.value, a.value, b.value)};
  }
  Vec select(Bool c, Vec a, Vec b) {
    return {append(Op::kVecSelect, 16, 0, 0, c.value, use(a), use(b))};
  }
  Int to_int(Bool c) { return {append(Op::kToInt, 1, 0, 0, c.value)}; }

  // --- flags
  Flags flags_of(FlagKind k, unsigned w, Int lhs, Int rhs, Int result);
  Flags flags_incdec(FlagKind k, unsigned w, Int lhs, Int result);
  Flags flags_result(unsigned w, Int result, Int bits);
  Flags flags_raw(Int bits);
  void set_flags(Flags f);
  void set_flags_if(Bool c, Flags f);
  void update_flags(u64 mask, Int bits);
  Bool flag(u64 bit);
  Int flag_bits() { return {append(Op::kFlagBits, 8, 0, 0, flags().value)}; }
  Bool condition(Condition c) { return test(c, flags()); }
  Bool condition(const Insn& i) { return condition(i.condition()); }

  // --- control flow
  void jump(Int target) { append(Op::kSetRip, 8, 0, 0, target.value); }
  void branch(Bool c, u64 taken, u64 not_taken);
  void check_canonical(Int target) { append(Op::kCheckCanonical, 8, 0, 0, target.value); }
  void raise(Vector vector, u32 error = 0) {
    append(Op::kRaise, 0, static_cast<unsigned>(vector), error);
  }
  void exit(Exit reason, u32 detail = 0) {
    has_rare_ = true;
    append(Op::kExit, 0, static_cast<unsigned>(reason), detail);
  }
  template <typename F>
  void when(Bool c, F body) {
    Known before = enter_if(c);
    body();
    leave_if(before);
  }
  template <typename F, typename G>
  void if_else(Bool c, F then, G otherwise) {
    Known before = enter_if(c);
    then();
    Known after_then = enter_else(before);
    otherwise();
    leave_if(after_then);
  }
  // Loops over single iterations are left to the interpreter.
  template <typename F>
  void repeat(const Insn&, F) {
    supported_ = false;
  }
  template <typename F>
  void repeat_compare(const Insn&, Condition, F) {
    supported_ = false;
  }
  void jump_after_repeat(const Insn& i);

  // --- everything else
  template <typename F, typename... Values>
  auto call(F f, const Values&... values) {
    using Result = std::invoke_result_t<F, Native<Values>...>;
    return invoke<Result>(Op::kCall, helper<false, F, Result, Native<Values>...>(f), values...);
  }
  template <typename F, typename... Values>
  auto call_cpu(F f, const Values&... values) {
    using Result = std::invoke_result_t<F, guest::Cpu&, Native<Values>...>;
    return invoke<Result>(Op::kCallCpu, helper<true, F, Result, Native<Values>...>(f), values...);
  }
  template <typename F, typename... Values>
  auto call_float(F f, const Values&... values) {
    using Result = std::invoke_result_t<F, guest::Cpu&, Native<Values>...>;
    return apply_float<Result>(helper<true, F, Result, Native<Values>...>(f), values...);
  }

 private:
  // What is known of the guest state: the values that registers hold, and addresses that have been
  // found to be aligned.
  struct Known : Held {
    static constexpr unsigned kAligned = 4;

    Value high[16];
    Value aligned[kAligned];
    u8 alignment[kAligned] = {};  // in bytes
    u8 next_aligned = 0;          // the one that is forgotten first

    Known();
    void forget_differences(const Known& other);
  };

  // What a value is in C++.
  template <typename T>
  struct NativeOf;
  template <typename T>
  using Native = typename NativeOf<T>::Type;

  void drop_values();
  void take_back();
  // What ends what is known comes next.
  void note_barrier() {
    unit_.barriers.push_back(known_);
    stored_.forget();
  }
  void note_store(unsigned w, Int address, Value value = kNoValue) {
    if (host_.memory_is_private) stored_.store(unit_, address.value, w, value);
  }
  bool is_at_hand(Value v) const;
  Value append(Op op, unsigned width = 0, unsigned aux = 0, u64 imm = 0, Value a = kNoValue,
               Value b = kNoValue, Value c = kNoValue) {
    std::size_t at = unit_.code.size();
    unit_.code.push_back({op,
                          static_cast<u8>(width),
                          static_cast<u8>(aux),
                          {a, b, c, kNoValue, kNoValue, kNoValue},
                          imm});
    if (op != Op::kInsn && (info(op).effects & (kMayFault | kMark))) {
      last_leave_ = at;
      if (!is_access(op)) last_exit_ = at;
    }
    return static_cast<Value>(at);
  }
  // What leaves the unit only by a fault.
  static constexpr bool is_access(Op op) {
    return op == Op::kLoad || op == Op::kStore || op == Op::kLoadVec || op == Op::kStoreVec;
  }
  void append_set(Op op, unsigned n, Value before, Value value, Value& set_at);
  void remove_overwritten();
  bool is_needed(Value v, Value from, unsigned depth) const;
  bool can_owe(Value set) const;
  Value use(Vec v);
  static Value use(Int v) { return v.value; }
  bool is_constant(Value v) const { return unit_.code[v].op == Op::kConst; }
  std::optional<u64> constant(Value v) const {
    if (!is_constant(v)) return std::nullopt;
    return unit_.code[v].imm;
  }
  // Whether narrower_width() knows more than the operation's own width.
  static constexpr bool has_other_width(Op op) {
    return op == Op::kConst || op == Op::kSext || op == Op::kInsert || op == Op::kSelect ||
           op == Op::kAnd || op == Op::kShr;
  }
  // How many bytes of the value may be other than zero.
  unsigned known_width(Value v) const {
    const Inst& inst = unit_.code[v];
    return has_other_width(inst.op) ? narrower_width(inst) : inst.width;
  }
  unsigned narrower_width(const Inst& inst) const;
  bool fits(Value v, unsigned w) const { return w == 8 || known_width(v) <= w; }
  bool same(Value a, Value b) const;
  Int low_part(Int a, u64 mask) const;
  Int binary(Op op, unsigned w, Int a, Int b);
  Int fold(Op op, unsigned w, Int a, Int b);
  Int unary(Op op, unsigned w, Int a);
  Bool compare(Op op, unsigned w, Int a, Int b);
  std::optional<Int> simplify(Op op, unsigned w, Int a, u64 b);
  Int insert(unsigned w, Int base, Int value);

  Flags flags();
  Bool test(Condition c, Flags f) {
    return {append(Op::kTestFlags, 0, static_cast<unsigned>(c), 0, f.value)};
  }
  Vec high(unsigned n);
  void set_high(unsigned n, Vec value);
  Int load_cpu(unsigned w, u64 offset) { return {append(Op::kLoadCpu, w, 0, offset)}; }
  void store_cpu(unsigned w, u64 offset, Int value) {
    append(Op::kStoreCpu, w, 0, offset, value.value);
  }
  Int vector_address(const Insn& i, unsigned n);
  void check_aligned(Value address, unsigned bytes);

  Known enter_if(Bool c);
  Known enter_else(const Known& before);
  void leave_if(const Known& other);

  template <bool kCpu, typename F, typename Result, typename... Args>
  static Helper helper(F f);
  u64 helper_index(const Helper& helper);
  void argument(unsigned& slot, Int v) { append(Op::kArgInt, 8, slot++, 0, v.value); }
  void argument(unsigned& slot, Bool v) { argument(slot, to_int(v)); }
  void argument(unsigned& slot, Vec v) { append(Op::kArgVec, 16, slot++, 0, use(v)); }
  void argument(unsigned& slot, const Wide& v) {
    argument(slot, v.low);
    argument(slot, v.high);
  }
  template <typename Result, typename... Values>
  auto invoke(Op op, const Helper& helper, const Values&... values);

  template <typename Result, typename... Values>
  auto apply(const Helper& helper, const Values&... values) {
    Value arguments[3] = {kNoValue, kNoValue, kNoValue};
    [[maybe_unused]] unsigned n = 0;
    ((arguments[n++] = use(values)), ...);
    if constexpr (std::is_same_v<Result, V128>) {
      if (auto known = simplify_call(helper.target, arguments)) return *known;
    }
    u64 index = helper_index(helper);
    auto append_apply = [&](Op op, unsigned width) {
      return append(op, width, 0, index, arguments[0], arguments[1], arguments[2]);
    };
    if constexpr (std::is_same_v<Result, V128>) {
      return Vec{append_apply(Op::kApplyVec, 16)};
    } else {
      return Int{append_apply(Op::kApplyInt, sizeof(Result))};
    }
  }

  // Appends the argument's values.
  static Value* pass(Value* next, Int v) { return *next = v.value, next + 1; }
  Value* pass(Value* next, Vec v) { return *next = use(v), next + 1; }
  Value* pass(Value* next, const Wide& v) { return pass(pass(next, v.low), v.high); }
  template <typename Result, typename... Values>
  auto apply_float(const Helper& helper, const Values&... values) {
    u64 index = helper_index(helper);
    has_rare_ = true;
    Inst call = {.width = sizeof(Result), .imm = index};
    [[maybe_unused]] Value* next = call.arg;
    ((next = pass(next, values)), ...);
    auto append_call = [&](Op op, u8 half) {
      call.op = op;
      call.aux = half;
      unit_.code.push_back(call);
      last_leave_ = last_exit_ = unit_.code.size() - 1;
      return static_cast<Value>(last_leave_);
    };
    if constexpr (std::is_same_v<Result, V128>) {
      return Vec{append_call(Op::kApplyFloatVec, 0)};
    } else if constexpr (std::is_same_v<Result, V256>) {
      Vec low = {append_call(Op::kApplyFloatVec, 0)};
      return Wide{low, {append_call(Op::kApplyFloatVec, 1)}};
    } else {
      return Int{append_call(Op::kApplyFloatInt, 0)};
    }
  }

  // What the function's result is made of, if not of a call.
  std::optional<Vec> simplify_call(const void* target, const Value (&arguments)[3]);
  // The call of the function that the value is the result of, if it is.
  template <typename F>
  const Inst* as_call(Value v, F* f) const {
    return as_call_of(v, reinterpret_cast<const void*>(f));
  }
  const Inst* as_call_of(Value v, const void* target) const;
  std::pair<Vec, Vec> sha256_state(Value abef, Value cdgh);
  bool is_second_half(Value cdgh, Value words, const Inst& first_half) const;
  Vec sha256_rounds(Value cdgh, Value abef, Value words);
  std::optional<Vec> sha256_message(Value sum, Value w12);
  std::optional<Vec> simplify_sha256(const void* target, const Value (&arguments)[3]);
  std::optional<Vec> simplify_aes(const void* target, Value state, Value key);

  Unit& unit_;
  HostOps host_;
  Known known_;
  StoredValues stored_;
  std::size_t start_ = 0;
  bool supported_ = true;
  bool has_rare_ = false;
  bool sets_flags_ = true;  // somebody reads those of the instruction
  // The last operation that may leave the unit, or where ways part or meet, and those that have set
  // the registers.
  std::size_t last_leave_ = 0;
  std::size_t last_exit_ = 0;  // the same but for accesses
  Value gpr_set_at_[16] = {}, xmm_set_at_[16] = {};
  // Of the instruction: an operation whose register is set again before anybody can see it, but
  // faults of accesses.
  struct Overwritten {
    Value at, by;
  };
  Overwritten overwritten_[4];
  unsigned overwritten_count_ = 0;
};

template <>
struct Emit::NativeOf<Emit::Int> {
  using Type = u64;
};
template <>
struct Emit::NativeOf<Emit::Bool> {
  using Type = bool;
};
template <>
struct Emit::NativeOf<Emit::Vec> {
  using Type = V128;
};
template <>
struct Emit::NativeOf<Emit::Wide> {
  using Type = V256;
};

// Which operations are of use to the caller.
struct Acceptance {
  bool (*accepts)(const Unit&, const Inst&) = nullptr;  // nullptr: all are
  // Asks about instructions that have one of kApplyFloat…, kCallCpu, kProbeWrite and kExit: it
  // accepts all others.
  bool rare_only = false;

  Acceptance() = default;
  Acceptance(bool (*accepts)(const Unit&, const Inst&), bool rare_only = false)
      : accepts(accepts), rare_only(rare_only) {}
};

// Appends the guest instruction's operations. False when the unit has no room left for it, and is
// as it was before. RIP is written only by instructions that end a block. An instruction one of
// whose operations is not accepted is left to the interpreter. Where none of the status flags is
// read after it (`live_flags`) it does not set them.
bool translate(const Insn& insn, Unit& unit, Emit& emit, const Acceptance& acceptance = {},
               u16 live_flags = guest::kStatusFlags);

namespace emit_internal {

// Takes one argument out of the slots.
template <typename T>
T unpack(const Slot*& slot) {
  if constexpr (std::is_same_v<T, V128>) {
    return (slot++)->vector;
  } else if constexpr (std::is_same_v<T, V256>) {
    V128 low = (slot++)->vector;
    return {low, (slot++)->vector};
  } else {
    return static_cast<T>((slot++)->integer);
  }
}

template <typename T>
void pack(Slot* slots, const T& result) {
  if constexpr (std::is_same_v<T, V128>) {
    slots[0].vector = result;
  } else if constexpr (std::is_same_v<T, V256>) {
    slots[0].vector = result.low;
    slots[1].vector = result.high;
  } else {
    slots[0].integer = static_cast<u64>(result);
  }
}

// A function by its address; a lambda without captures is made anew.
template <typename F>
F function(void* target) {
  if constexpr (std::is_pointer_v<F>) {
    return reinterpret_cast<F>(target);
  } else {
    return F{};
  }
}

template <bool kCpu, typename F, typename Result, typename... Args>
void invoke(void* target, guest::Cpu& cpu, Slot* slots) {
  [[maybe_unused]] const Slot* next = slots;
  auto run = [&]() -> Result {
    // Braces: the arguments are unpacked in their order.
    std::tuple<Args...> arguments{unpack<Args>(next)...};
    return std::apply(
        [&](const Args&... a) -> Result {
          if constexpr (kCpu) {
            return function<F>(target)(cpu, a...);
          } else {
            return function<F>(target)(a...);
          }
        },
        arguments);
  };
  if constexpr (std::is_void_v<Result>) {
    run();
  } else {
    pack(slots, run());
  }
}

}  // namespace emit_internal

template <bool kCpu, typename F, typename Result, typename... Args>
Helper Emit::helper(F f) {
  void* target = nullptr;
  if constexpr (std::is_pointer_v<F>) target = reinterpret_cast<void*>(f);
  return {&emit_internal::invoke<kCpu, F, Result, Args...>, target};
}

template <typename Result, typename... Values>
auto Emit::invoke(Op op, const Helper& helper, const Values&... values) {
  constexpr bool kSimple = sizeof...(Values) <= 3 && !std::is_void_v<Result> &&
                           !std::is_same_v<Result, V256> &&
                           ((std::is_same_v<Values, Int> || std::is_same_v<Values, Vec>) && ...);
  if constexpr (kSimple) {
    if (op == Op::kCall) return apply<Result>(helper, values...);
  }
  [[maybe_unused]] unsigned slot = 0;
  (argument(slot, values), ...);
  if (op == Op::kCallCpu) note_barrier();
  append(op, 0, 0, helper_index(helper));
  if (op == Op::kCallCpu) {
    has_rare_ = true;
    known_ = {};
  }
  if constexpr (std::is_same_v<Result, V128>) {
    return Vec{append(Op::kResultVec, 16)};
  } else if constexpr (std::is_same_v<Result, V256>) {
    Vec low = {append(Op::kResultVec, 16)};
    return Wide{low, {append(Op::kResultVec, 16, 1)}};
  } else if constexpr (!std::is_void_v<Result>) {
    return Int{append(Op::kResultInt, sizeof(Result))};
  }
}

}  // namespace gantry::ir
