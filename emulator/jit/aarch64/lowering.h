// Lowers the IR of one basic block to A64, last operation first. Going backward, a value's users
// are known before the value is made: what nobody uses costs nothing, an operand that only its user
// needs becomes part of it, and a result is computed in the register where it is wanted.
#pragma once

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <span>
#include <vector>

#include "emulator/base/list.h"
#include "emulator/ir/emit.h"
#include "emulator/ir/ir.h"
#include "emulator/jit/aarch64/abi.h"
#include "emulator/jit/aarch64/assembler.h"
#include "emulator/jit/aarch64/features.h"
#include "emulator/jit/recovery.h"

namespace gantry::aarch64 {

// What is asked of the code.
struct Demands {
  bool shared = false;       // others access the memory: locked operations are atomic for them
  bool ordered = false;      // they see all accesses in the order of x86-64
  bool exact_float = false;  // floating point as the interpreter does it
  bool exact_flags = false;  // status flags are right wherever a fault may show them
  bool predicts_returns = true;

  u32 as_number() const {
    return shared | ordered << 1 | exact_float << 2 | exact_flags << 3 | !predicts_returns << 4;
  }
};

// The code that all units share (trampolines.h).
enum class Stub : u8 {
  kEnter,              // void enter(guest::Cpu*, code): from C++, returns at the next exit
  kInterpret,          // the interpreter executes an instruction, then behind its operands
  kInterpretRepeated,  // as kInterpret, or to C++ when it was interrupted
  kInterpretAndLeave,  // as kInterpret, then to C++
  kLeave,              // to C++: RIP and site are behind the BL
  kLeaveStep,          // the same, for one instruction in the interpreter
  kIndirect,           // to the guest address in x16; TransferOperands are behind the BL
  kCall,               // a pure C++ function, then behind its operands
};
constexpr unsigned kStubCount = 8;
using Stubs = std::array<u64, kStubCount>;  // their addresses

// Where control goes: to guest code, or to the interpreter for one instruction.
struct Destination {
  enum class Kind : u8 {
    kGuest,   // the guest's code at `address`
    kStep,    // the interpreter, for the one instruction at `address`; state is that before it
    kPoll,    // the engine, because something is pending; goes on at `address`
    kStub,    // the Stub `address`
    kEdge,    // Output::edges[address]
    kData,    // the eight bytes `address`, which are put near the code
    kReturn,  // sixteen bytes there: `address` of the guest, and where the host's code for it is,
              // or the same with JumpTable::kReadsFlags
  } kind = Kind::kGuest;
  u64 address = 0;

  static Destination stub(Stub stub) { return {Kind::kStub, static_cast<u64>(stub)}; }
  bool operator==(const Destination&) const = default;
};

// The words of a unit, from the last to the first, and what is left to be filled in.
class Output {
 public:
  explicit Output(std::span<u32> room) : room_(room), first_(room.size()) {}

  struct Reference {
    u32 at;  // index of the branch
    Destination to;
    u64 from = 0;                      // the guest instruction that leads to guest code
    std::optional<u32> original = {};  // the number of the one that this is a copy of
    u32 target = 0;                    // where `to` is, once that is known
  };
  struct Mark {
    u32 at;  // the code from here up to the previous mark belongs to
    u64 rip;
    std::optional<u32> recovery = {};  // the first of a fault there, by its number
  };
  // Of words that are no instructions, as addresses depend on where things lie.
  enum class Content : u8 {
    kData,
    kFunctions,  // two addresses of C++ functions
    kStep,       // the address of a guest instruction, and that of its handler
    kOwnCode,    // an address in the unit
  };
  struct Literal {
    u32 at, count;  // words that are no instructions
    Content content;

    bool contains(u32 word) const { return word - at < count; }
  };

  // Code on the way from one block to the next, out of line.
  struct Edge {
    u32 words[16];
    u8 count = 0;
    Destination to;  // the indirect stub goes with operands
    s32 popped = 0;
    u64 rip;  // the guest instruction that it belongs to
  };

  void reset();
  bool overflowed() const { return overflowed_; }
  u32 position() const { return static_cast<u32>(first_); }
  std::span<u32> words() { return room_.subspan(first_); }
  u32& word(u32 at) { return room_[at]; }
  u64 literal(u32 at) const { return room_[at] | u64{room_[at + 1]} << 32; }

  // An access and the step of its base that comes after it, and two such accesses, become one
  // instruction.
  void prepend(u32 word) {
    bool is_access = (word & 0x3a000000) == 0x38000000;  // as as_access() asks for
    is_access ? prepend_access(word) : put(word);
  }
  // Longer code may have branches to its end.
  void prepend(std::span<const u32> code) {
    code.size() == 1 ? prepend(code[0]) : prepend_all(code);
  }
  // Data behind an instruction.
  void prepend_literals(std::span<const u32> words, Content content = Content::kData);
  // The position as a target of branches.
  u32 label() {
    unmerged_ = position();
    return position();
  }
  // A branch whose distance is not known yet: `word` without it.
  void prepend_branch(u32 word, const Destination& to);
  // Code that is there already, up to `shift` words behind the position where it is repeated, with
  // the numbers of its references that are to be repeated as well.
  struct Round {
    std::vector<u32> words, references;
  };
  void prepend_round(const Round& round, u32 shift);
  void mark(u64 rip, std::optional<u32> recovery = {}) {
    marks.push_back({position(), rip, recovery});
  }

  List<Reference> references;
  List<Mark> marks;
  List<Literal> literals;
  List<jit::Recovery> recoveries;
  std::vector<Edge> edges;

 private:
  std::span<u32> room_;
  std::size_t first_;
  std::size_t unmerged_ = 0;  // what is there stays as it is
  bool overflowed_ = false;

  void put(u32 word) {
    if (first_ == 0) {
      overflowed_ = true;
      return;
    }
    room_[--first_] = word;
  }
  void prepend_all(std::span<const u32> code);
  void prepend_access(u32 word);
  bool merge(u32 word);
  void join_marks();
};

// The status flags as a set: what code further down reads.
constexpr u8 kNoFlags = 0;
constexpr u8 kFlagN = 1, kFlagZ = 2, kFlagC = 4, kFlagV = 8, kFlagP = 16, kFlagA = 32;
constexpr u8 kFlagsNzcv = 15;
constexpr u8 kAllFlags = 63;
// Of bits of RFLAGS.
u8 flags_of(u16 rflags);

// Flags that are read after a block: where its branch is taken, and where it goes on else.
struct LiveOut {
  u8 taken = kAllFlags;
  u8 other = kAllFlags;
  bool return_reads = true;  // behind the call that ends it, some are
};

struct Function;

// Whether the instruction's IR has only what Lowering lowers. Others are left to the interpreter.
bool can_lower(const ir::Unit& unit, const ir::Inst& inst);
// The same under Demands::exact_float.
bool can_lower_exactly(const ir::Unit& unit, const ir::Inst& inst);
// The one that the demands ask for, which most operations pass without.
ir::Acceptance acceptance(const Demands& demands);

struct FloatFunction;
struct FloatOperands;

class Lowering {
 public:
  class Workspace;

  // `insns` are the unit's guest instructions where they stay; `below` is the guest address of the
  // block whose code comes right after, 0 for none.
  Lowering(const ir::Unit& unit, const x86::Insn* insns, LiveOut live_out, u64 below,
           const Demands& demands, Workspace& workspace, Output& out);

  // No instruction that branches less than a megabyte: TBZ and TBNZ are chosen for speed else.
  void branch_far() { branches_far_ = true; }
  // False when the block needs more than there is.
  bool run();

 private:
  using Inst = ir::Inst;
  using Op = ir::Op;
  using Value = ir::Value;

  static constexpr u8 kNone = 0xff;
  static constexpr Value kNoValue = ir::kNoValue;

  // Where a value must be for the code below.
  struct Place {
    u8 reg = kNone;
    u8 slot = kNone;
  };
  // What is known of a value, or an operation, at this point of the block.
  struct alignas(8) State {
    Place place;
    u8 home = kNone;  // a guest register that holds it
    u8 held = 0;      // how many do
    u8 fused = 0;     // the flags of NZCV that it sets besides
    u8 unused[3] = {};

    bool is_needed() const { return (place.reg & place.slot) != kNone || fused != 0; }
  };

  struct OpenIf {
    u32 label;           // where the code after it begins
    u32 after_else = 0;  // where the body of its Else begins, when it has one
    u8 live;             // flags that are read after it
    u8 live_else = 0;
    bool has_else = false;
  };

 public:
  // Memory that one Lowering after another uses.
  class Workspace {
    friend class Lowering;

    std::vector<State> states;
    std::vector<OpenIf> open;
  };

 private:
  // A condition as an instruction tests it. `prepare` goes before the user.
  struct Test {
    // It holds when NZCV meets the condition, the register is zero, the bit is clear.
    enum class Kind : u8 { kCondition, kZero, kBit } kind = Kind::kCondition;
    Condition condition = kEq;
    X reg;
    unsigned width = 8, bit = 0;
    bool inverted = false;
    u32 prelude[8];
    u8 prelude_size = 0;

    template <typename F>
    void prepare(F f) {
      Assembler a(prelude);
      f(a);
      prelude_size = static_cast<u8>(a.finish().size());
    }
  };

  struct Address {
    X base, index;
    unsigned shift = 0;
    Extend extend = kUxtx;
    s64 displacement = 0;
    bool has_index = false;
    std::optional<u64> far;  // a displacement that load_address() puts into kScratch1
  };

  // The last operand of an instruction, where it is more than a register.
  struct Operand {
    X reg;
    bool extends = false;
    Shift shift = kLsl;
    Extend extend = kUxtx;
    unsigned amount = 0;

    explicit Operand(X reg) : reg(reg) {}
    Operand(X reg, Shift shift, unsigned amount) : reg(reg), shift(shift), amount(amount) {}
    Operand(X reg, Extend extend, unsigned amount)
        : reg(reg), extends(true), extend(extend), amount(amount) {}
  };
  // Of the low `width` bytes of a value.
  struct Extension {
    Value from;
    unsigned width;
    Extend extend;
  };

  // --- emission
  template <typename F>
  void sequence(F f) {
    u32 words[64];
    Assembler a(words);
    f(a);
    if (edge_) return prepend_to_edge(a.finish());
    out_.prepend(a.finish());
  }
  void prepend_to_edge(std::span<const u32> code);
  const Inst& inst(Value v) const { return code_[v]; }
  std::optional<u64> constant(Value v) const {
    if (inst(v).op != Op::kConst) return std::nullopt;
    return inst(v).imm;
  }

  // --- values and registers (lowering.cc)
  void prepare(Workspace& workspace);
  void find_homes(const Value* holder, u32 registers);
  void restore_held(const ir::Held& held);
  void hold(Value* holder, Value v, unsigned n);
  void hold_gpr(unsigned n, Value v) { hold(held_.gpr, v, n); }
  void hold_xmm(unsigned n, Value v) { hold(held_.xmm, v, n); }
  // What the register that the operation at hand sets held before it.
  Value previous() const { return static_cast<Value>(inst(at_).imm); }
  bool is_vector(Value v) const { return ir::info(inst(v).op).result == ir::Type::kVec; }
  bool is_wanted(Value v) const { return (states_[v].place.reg & states_[v].place.slot) != kNone; }
  u8 allocate(Value v);
  u8 evict(bool vector);
  void load_slot(u8 reg, u8 slot, bool vector);
  void store_slot(u8 reg, u8 slot, bool vector);
  u8 use_register(Value v);  // of a number or condition
  // The register that holds the value here, of which `width` bytes are read.
  X use(Value v, unsigned width = 8);
  V use_vector(Value v);
  // Puts a constant into a register. Constants of many parts are loaded from memory.
  void load_immediate(X to, u64 value);
  // The same, but `scratch` for a constant, which load_constant() puts there.
  X source(Value v, X scratch, unsigned width = 8) { return constant(v) ? scratch : use(v, width); }
  void load_constant(Assembler& a, unsigned width, X scratch, Value v) {
    if (auto c = constant(v)) a.mov(width, scratch, *c);
  }
  // Removes extensions that a reader of `width` bytes does not see.
  Value peel(Value v, unsigned width) const;
  // The register that the instruction at hand computes its result in.
  template <bool vector>
  u8 result_register();
  X result();
  V result_vector();
  bool is_unused(Value v) const;
  bool is_free_since(Value v, Op set, unsigned n, Value old) const;
  bool commits_early(Value v) const;
  void compute_in_place(V to);
  std::optional<s64> step_of(Value v) const;
  bool add_to_register(unsigned n, s64 step);

  // --- registers that are computed at faults (lower_owed.cc)
  bool is_at_hand(Value v) const;
  u8 add_recovery(Value v, u8 xmm, bool nested, u32 first);
  jit::Recovery::Argument recovery_argument(Value v, bool nested, u32 first);
  std::optional<u32> add_recoveries();

  // --- operations
  enum class Kind : u8;
  struct Traits;
  static constexpr Kind kind_of(Op op);
  static constexpr Traits traits_of(Op op);
  void lower(Kind kind);
  void lower_insn();
  void lower_state();
  void lower_get_gpr();
  void lower_set_gpr();
  void lower_get_xmm();
  void lower_set_xmm();
  void lower_set_high();
  void clear_highs();

  void lower_integer();
  unsigned significant_bytes(Value v) const;
  std::optional<Extension> match_extension(Value v, unsigned width) const;
  std::optional<Operand> fold_shift(Value v, unsigned width);
  std::optional<Operand> fold_operand(Value v, unsigned width);
  Value strip_constants(Value v, unsigned width, u64& sum) const;
  void lower_add_constant(X to);
  bool lower_add_scaled(X to);
  bool is_product(Value v, unsigned width) const;
  bool lower_multiply_add(X to);
  bool lower_field(X to, Value v, unsigned bits);
  bool lower_masked_field(X to);
  bool lower_scaled_field(X to);
  X use_count(Value v, unsigned width);
  bool shifts_in_word(const Inst& shift, unsigned width) const;
  void lower_shift_to(X to, const Inst& shift, unsigned width);
  bool extend_load(Value extension, unsigned to_width);
  static void sign_extend(Assembler& a, X to, X from, unsigned width);

  void lower_add_sub();
  void lower_logic();
  void lower_shift();
  void lower_rotate();
  void lower_multiply();
  void lower_unary();
  void lower_zext();
  void lower_insert();
  void lower_select();
  void mask_result(Assembler& a, X reg, unsigned width);

  Test test(Value boolean);
  Test test_flags(const Inst& flags_test, Value v);
  Test test_comparison(const Inst& comparison);
  void prepend_prelude(const Test& test) { out_.prepend({test.prelude, test.prelude_size}); }
  // 1 where the test holds, else 0.
  void test_to_number(const Test& test, X to);
  void lower_bool();
  static u32 test_word(const Test& test, bool sense);
  void branch_if(const Test& test, bool sense, const Destination& to);
  void branch_within(const Test& test, bool sense, u32 to);

  void lower_set_flags();
  void lower_parity_and_adjust(const Inst& flags, u8 needed);
  void lower_flags_of(const Inst& flags, u8 needed);
  void lower_flags_compare(const Inst& flags, u8 needed);
  void lower_flags_logic(const Inst& flags, u8 needed);
  void lower_flags_carry(const Inst& flags, u8 needed);
  void lower_flags_incdec(const Inst& flags, u8 needed);
  void lower_flags_result(const Inst& flags, u8 needed);
  void lower_flags_raw(const Inst& flags, u8 needed);
  bool lower_flags_zero(const Inst& flags, u8 needed);
  void lower_flags_vectors(const Inst& test, u8 needed);
  void clear_parity_and_adjust(u8 needed);
  u64 possible_bits(Value v) const;
  void set_carry(Value v, bool alone);
  void lower_select_bit(unsigned bit);
  void lower_flags_update(const Inst& flags, u8 needed);
  void lower_flags_select(const Inst& flags, u8 needed);
  void lower_flags_value(Value flags, u8 needed);
  void lower_flag_bits();
  bool is_made_for_parity(Value v) const;
  void set_parity(Value v, unsigned width = 1);
  void set_adjust_of_constant(Value result, bool subtract, unsigned low);
  void lower_flags_compare_narrow(const Inst& flags, u8 needed);
  void lower_flags_compare_unsigned(const Inst& flags, u8 needed);
  void lower_flags_narrow_number(Value v, unsigned width, bool with_sign);
  void restore_carry(Assembler& a, X nzcv);
  Test branch_test(Value boolean);
  std::optional<Test> test_number(const Inst& flags_test);
  bool fuse_flags(Value result, u8 needed);
  void complement_carry(Assembler& a);

  Address match_address(Value v);
  Address match_far_address(Value v, unsigned width);
  std::optional<Mem> match_simple_address(Value v, unsigned width);
  bool is_far_in_register(Value v) const;
  bool is_free_standing(Value v) const { return !is_wanted(v) && states_[v].home == kNone; }
  void match_index(Value v, Address& address);
  static void add_index(Assembler& a, X base, const Address& address);
  Mem finish_address(Assembler& a, const Address& address, unsigned width);
  void load_address(const Address& address);
  void lower_memory();
  void lower_access_in_order();
  void lower_access(const Inst& access, unsigned width);
  static Mem ordered_address(Assembler& a, Address address);
  void lower_ordered_load(const Inst& load);
  void lower_ordered_store(const Inst& store);

  X temporary();
  std::optional<X> temporary_pair();
  static X sum_register(const Address& address);
  static X sum_address(Assembler& a, const Address& address);
  void check_atomic_address(const Address& address, unsigned width);
  static void swap_compared(Assembler& a, unsigned width, X expected, X desired, X at);
  void lower_rmw();
  void lower_compare_exchange();
  void lower_compare_exchange_16(Value address);

  void lower_flow();
  // --- flags that a jump computes when it has to look up where it leads (lower_late_flags.cc)
  bool is_late(const Inst& flags) const;
  void find_late_flags();
  void keep_late_result();
  void complete_flags();
  u32 late_flags_note();

  // --- flags that one of a branch's two ways reads, computed on that one
  bool may_fault_since_set(Value flags) const;
  u8 flags_of_one_way(u8 read_on_one) const;
  void lower_flags_of_way(const Inst& flags, u8 needed);

  void lower_branch();
  void lower_check(const Inst& check);
  void restore_barrier();
  // Nothing has been emitted for this block yet.
  bool at_block_end() const { return out_.position() == end_; }
  void lower_if();
  void lower_else();
  void lower_end_if();
  void jump_to(const Destination& to);
  void lower_set_rip();
  void lower_return(Value target);
  s32 popped_by_return() const;
  void push_return();
  void load_return(u64 rip);
  void store_return_address();
  void jump_indirect(Value target, s32 popped);
  Stub interpreting_stub() const;
  Destination slow_jump(X target, s32 popped);
  void lower_interpret();
  bool is_plain_repeat() const;
  void lower_short_repeat(u32 distance);
  void lower_vector();
  void lower_vector_select(V to);
  void lower_apply();
  void lower_native(const Function& function);
  void lower_apply_call();
  void lower_call_part();
  void call_helper();
  bool is_mask(Value v, unsigned depth) const;
  void store_argument(unsigned slot, Value v);
  void load_result(unsigned slot);
  void lower_probe();
  void lower_call_cpu();
  void lower_divide_unsigned(unsigned width, Value divisor);
  void lower_divide_signed(unsigned width, Value divisor);
  void step_if(u32 word);

  void lower_float();
  void lower_float_vector(const FloatFunction& f);
  void lower_float_to_integer(const FloatFunction& f);
  void lower_float_compare(const FloatFunction& f);
  void lower_read_mxcsr();
  void lower_load_mxcsr(Value v);
  FloatOperands float_operands(const FloatFunction& f);
  bool may_read(const FloatFunction& f, V guest) const;
  void guard_operands(const FloatFunction& f, const FloatOperands& o);
  void guard_ordered(const FloatFunction& f, V x, V y);
  void guard_magnitude(const FloatFunction& f, V x);

  const ir::Unit& unit_;
  const Inst* code_;  // the unit's
  const x86::Insn* insns_;
  u64 below_;
  Demands demands_;
  Output& out_;
  State* states_;                          // by value or operation
  static constexpr u8 kKeepsCarry = 0x40;  // in State::fused: the carry stays as it is
  const ir::Held* barrier_;                // behind those that are left
  ir::Held held_;                          // what guest registers hold
  Value owner_[32], owner_vector_[32];
  u32 free_ = kValueRegisters, free_vectors_ = kValueVectors;
  u32 locked_ = 0, locked_vectors_ = 0;  // used by the operation at hand
  u32 free_slots_ = (1u << kSpillSlots) - 1;
  // Of a guest register in which a result is computed: what it held before.
  Value displaced_[16], displaced_xmm_[16];
  std::vector<OpenIf>& open_;
  u8 live_;  // flags that are read below
  LiveOut live_out_;
  Value late_flags_ = kNoValue;   // a FlagsOf, which is computed behind the block alone
  Value late_set_ = kNoValue;     // where it is set
  std::optional<u32> late_note_;  // what to do about it at faults
  Output::Edge* edge_ = nullptr;  // what is emitted goes there
  u32 end_ = 0;                   // where the block's code ends
  Value at_ = 0;
  const x86::Insn* insn_ = nullptr;  // the guest instruction at hand
  unsigned conditional_ = 0;         // depth of code that may be skipped
  u32 cleared_highs_ = 0;            // upper halves that the operations at hand need not clear
  bool calls_ = false;               // results of the next call are wanted
  bool stores_arguments_ = false;    // those at hand are of a call that is made
  bool raises_ = false;              // the guest instruction at hand does in any case
  bool branches_far_ = false;
  bool failed_ = false;
};

}  // namespace gantry::aarch64
