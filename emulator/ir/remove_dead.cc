#include "emulator/ir/remove_dead.h"

#include <vector>

#include "emulator/x86/flag_effect.h"

namespace gantry::ir {
namespace {

// One walk, last operation first.
class DeadCode {
 public:
  DeadCode(Unit& unit, u16 live_flags) : unit_(unit), live_flags_(live_flags) {
    static thread_local std::vector<u8> memory;
    memory.assign(unit.code.size(), 0);
    used_ = memory.data();
  }

  void run() {
    for (std::size_t v = unit_.code.size(); v-- > 0;) {
      Inst& i = unit_.code[v];
      const OpInfo& op = info(i.op);
      if (is_dead(i, op.effects, used_[v])) {
        i = {.op = Op::kNop};
        continue;
      }
      for (unsigned n = 0; n < op.argument_count; n++) {
        if (i.arg[n] != kNoValue) used_[i.arg[n]] = 1;
      }
      if (op.effects != kPure || op.arguments[0] == Type::kFlags) note(i, op.effects, v);
    }
  }

 private:
  static constexpr u16 kAllFlags = guest::kStatusFlags;
  static constexpr u16 kAllRegisters = 0xffff;

  bool is_dead(const Inst& i, u8 effects, bool used) const {
    if (!(effects & ~(kReadsState | kReadsMemory))) return !used;
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
  void note(const Inst& i, u8 effects, std::size_t v) {
    bool may_leave = (effects & (kMayFault | kMark)) && i.op != Op::kInsn;
    if (may_leave) live_gpr_ = live_xmm_ = kAllRegisters;
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

  Unit& unit_;
  u8* used_;
  u16 live_flags_;
  u32 live_gpr_ = kAllRegisters, live_xmm_ = kAllRegisters;
  unsigned conditional_ = 0;
};

}  // namespace

void remove_dead(Unit& unit, u16 live_flags) { DeadCode(unit, live_flags).run(); }

}  // namespace gantry::ir
