#include "emulator/ir/remove_dead.h"

#include <array>
#include <cstring>

#include "emulator/x86/flag_effect.h"

namespace gantry::ir {
namespace {

constexpr bool only_makes_a_value(Op op) {
  return !(info(op).effects & ~(kReadsState | kReadsMemory));
}

// Whether what is live before the operation is not simply what is live after it.
constexpr bool is_noted(Op op) {
  return op != Op::kInsn && (info(op).effects != kPure || info(op).arguments[0] == Type::kFlags);
}

// In one word: they are looked up for each operation.
struct Traits {
  u32 argument_count : 8;
  u32 only_makes_a_value : 1;
  u32 is_noted : 1;
  u32 may_leave : 1;
};

constexpr auto kTraits = [] {
  std::array<Traits, op_count()> traits{};
  for (unsigned n = 0; n < op_count(); n++) {
    auto op = static_cast<Op>(n);
    bool may_leave = info(op).effects & (kMayFault | kMark);
    traits[n] = {info(op).argument_count, only_makes_a_value(op), is_noted(op), may_leave};
  }
  return traits;
}();

// One walk, last operation first.
class DeadCode {
 public:
  DeadCode(Unit& unit, u16 live_flags) : unit_(unit), live_flags_(live_flags) {
    std::memset(used_, 0, unit.code.size());
  }

  void run() {
    Inst* code = unit_.code.data();
    u8* used = used_;
    for (std::size_t v = unit_.code.size(); v-- > 0;) {
      Inst& i = code[v];
      Traits traits = kTraits[static_cast<unsigned>(i.op)];
      if (traits.only_makes_a_value ? !used[v] : sets_what_is_dead(i)) {
        if (i.op != Op::kNop) i = {.op = Op::kNop};
        continue;
      }
      for (unsigned n = 0; n < traits.argument_count; n++) used[i.arg[n]] = 1;
      if (traits.is_noted) note(i, v);
    }
  }

 private:
  static constexpr u16 kAllFlags = guest::kStatusFlags;
  static constexpr u16 kAllRegisters = 0xffff;

  bool sets_what_is_dead(const Inst& i) const {
    switch (i.op) {
      case Op::kSetFlags:
        return live_flags_ == 0;
      case Op::kSetGpr:
        return !(live_gpr_ >> i.aux & 1);
      case Op::kSetXmm:
        return !(live_xmm_ >> i.aux & 1);
      default:
        return false;
    }
  }

  // What is live before an operation that stays.
  void note(const Inst& i, std::size_t v) {
    if (kTraits[static_cast<unsigned>(i.op)].may_leave) live_gpr_ = live_xmm_ = kAllRegisters;
    switch (i.op) {
      case Op::kGetGpr:
        live_gpr_ |= 1u << i.aux;
        break;
      case Op::kSetGpr:
        live_gpr_ &= ~(1u << i.aux);
        break;
      case Op::kGetXmm:
        live_xmm_ |= 1u << i.aux;
        break;
      case Op::kSetXmm:
        live_xmm_ &= ~(1u << i.aux);
        break;
      case Op::kSetFlags:
        if (conditional_ == 0) live_flags_ &= kept_by(unit_.code[i.arg[0]]);
        break;
      case Op::kTestFlags:
        live_flags_ |= x86::flags_read_by(static_cast<x86::Condition>(i.aux));
        break;
      case Op::kTestAf:
        live_flags_ |= guest::kAF;
        break;
      case Op::kFlagBits:
      case Op::kCallCpu:
        live_flags_ = kAllFlags;
        break;
      case Op::kInterpret:
        live_flags_ = x86::flags_live_before(instruction_of(v), live_flags_);
        break;
      case Op::kEndIf:
        conditional_++;
        break;
      case Op::kIf:
        conditional_--;
        break;
      default:
        break;
    }
  }

  // The flags that a new value leaves as they are.
  static u16 kept_by(const Inst& flags) {
    switch (flags.op) {
      case Op::kFlagsIncDec:
        return guest::kCF;
      case Op::kFlagsUpdate:
        return static_cast<u16>(~flags.imm);
      case Op::kFlagsSelect:
      case Op::kGetFlags:
        return kAllFlags;
      default:
        return 0;
    }
  }

  const x86::Insn& instruction_of(std::size_t v) const {
    while (unit_.code[v].op != Op::kInsn) v--;
    return unit_.insns[unit_.code[v].imm];
  }

  // By value; also what is none has a place.
  static thread_local u8 used_[kNoValue + 1];

  Unit& unit_;
  u16 live_flags_;
  u32 live_gpr_ = kAllRegisters, live_xmm_ = kAllRegisters;
  unsigned conditional_ = 0;
};

thread_local u8 DeadCode::used_[kNoValue + 1];

}  // namespace

void remove_dead(Unit& unit, u16 live_flags) { DeadCode(unit, live_flags).run(); }

}  // namespace gantry::ir
