#include "emulator/interp/ir_evaluator.h"

#include <cstring>

#include "emulator/base/check.h"
#include "emulator/interp/eval.h"
#include "emulator/ir/evaluate.h"

namespace gantry::interp {
namespace {

using ir::Inst;
using ir::Op;

// A value of any type; a Bool is an integer.
struct Datum {
  u64 integer = 0;
  V128 vector;
  LazyFlags flags;
};

class Evaluator {
 public:
  Evaluator(const ir::Unit& unit, Cpu& cpu, std::vector<Datum>& values)
      : unit_(unit), cpu_(cpu), values_(values) {
    values_.assign(unit.code.size(), {});
  }

  void run() {
    for (at_ = 0; at_ < unit_.code.size(); at_++) {
      const Inst& inst = unit_.code[at_];
      const ir::OpInfo& op = ir::info(inst.op);
      if (op.effects & ir::kMark) {
        structure(inst);
      } else if (op.effects & ir::kCallPart) {
        call(inst);
      } else if (is_apply(inst.op)) {
        apply(inst);
      } else if (op.effects & (ir::kReadsMemory | ir::kWritesMemory | ir::kMayFault)) {
        memory(inst);
      } else if (op.effects & (ir::kReadsState | ir::kWritesState)) {
        state(inst);
      } else {
        compute(inst, op);
      }
    }
  }

 private:
  u64 integer(const Inst& inst, unsigned n) const { return values_[inst.arg[n]].integer; }
  const V128& vector(const Inst& inst, unsigned n) const { return values_[inst.arg[n]].vector; }
  const LazyFlags& flags(const Inst& inst, unsigned n) const { return values_[inst.arg[n]].flags; }
  void result(u64 value) { values_[at_].integer = value; }
  void result(const V128& value) { values_[at_].vector = value; }
  void result(const LazyFlags& value) { values_[at_].flags = value; }

  // Moves on to the Else or EndIf of the If or Else at at_.
  void skip_body() {
    for (unsigned depth = 0;;) {
      Op op = unit_.code[++at_].op;
      if (op == Op::kIf) depth++;
      if (depth == 0 && (op == Op::kElse || op == Op::kEndIf)) return;
      if (op == Op::kEndIf) depth--;
    }
  }

  void structure(const Inst& inst) {
    switch (inst.op) {
      case Op::kInsn:
        insn_ = &unit_.insns[inst.imm];
        cpu_.rip = insn_->rip;
        return;
      case Op::kIf:
        if (!integer(inst, 0)) skip_body();
        return;
      case Op::kElse:
        return skip_body();
      default:
        return;
    }
  }

  static bool is_apply(Op op) {
    return op == Op::kApplyInt || op == Op::kApplyVec || op == Op::kApplyFloatInt ||
           op == Op::kApplyFloatVec;
  }

  void apply(const Inst& inst) {
    for (unsigned n = 0; n < ir::kMaxArguments && inst.arg[n] != ir::kNoValue; n++) {
      bool is_vector = ir::info(unit_.code[inst.arg[n]].op).result == ir::Type::kVec;
      if (is_vector) {
        slots_[n].vector = vector(inst, n);
      } else {
        slots_[n].integer = integer(inst, n);
      }
    }
    const ir::Helper& helper = unit_.helpers[inst.imm];
    helper.invoke(helper.target, cpu_, slots_);
    if (ir::info(inst.op).result == ir::Type::kInt) return result(slots_[0].integer);
    result(slots_[inst.aux].vector);
  }

  void call(const Inst& inst) {
    switch (inst.op) {
      case Op::kArgInt:
        slots_[inst.aux].integer = integer(inst, 0);
        return;
      case Op::kArgVec:
        slots_[inst.aux].vector = vector(inst, 0);
        return;
      case Op::kCall:
      case Op::kCallCpu: {
        const ir::Helper& helper = unit_.helpers[inst.imm];
        return helper.invoke(helper.target, cpu_, slots_);
      }
      case Op::kResultInt:
        return result(slots_[0].integer);
      default:
        return result(slots_[inst.aux].vector);
    }
  }

  void memory(const Inst& inst) {
    unsigned w = inst.width;
    switch (inst.op) {
      case Op::kLoad:
        return result(guest::load_width(cpu_, w, integer(inst, 0)));
      case Op::kStore:
        return guest::store_width(cpu_, w, integer(inst, 0), integer(inst, 1));
      case Op::kLoadVec:
        if (w == 16) return result(guest::load_v128(cpu_, integer(inst, 0)));
        return result(V128{guest::load_width(cpu_, w, integer(inst, 0)), 0});
      case Op::kStoreVec:
        if (w == 16) return guest::store_v128(cpu_, integer(inst, 0), vector(inst, 1));
        return guest::store_width(cpu_, w, integer(inst, 0), vector(inst, 1).lo);
      case Op::kProbeWrite:
        return guest::probe_write(cpu_, integer(inst, 0), w);
      case Op::kAtomicRmw:
        return result(guest::atomic_rmw(cpu_, static_cast<Rmw>(inst.aux), w, integer(inst, 0),
                                        integer(inst, 1)));
      case Op::kCompareExchange:
        return result(guest::atomic_compare_exchange(cpu_, w, integer(inst, 0), integer(inst, 1),
                                                     integer(inst, 2)));
      case Op::kFence:
        return std::atomic_thread_fence(std::memory_order_seq_cst);
      default:
        return exceptional(inst);
    }
  }

  void exceptional(const Inst& inst) {
    switch (inst.op) {
      case Op::kCheckCanonical:
        if (!guest::is_canonical(integer(inst, 0))) guest::raise_gp(cpu_);
        return;
      case Op::kCheckAligned:
        if (integer(inst, 0) & (inst.width - 1)) guest::raise_gp(cpu_);
        return;
      case Op::kRaise:
        guest::raise(
            cpu_, {.vector = static_cast<Vector>(inst.aux), .error = static_cast<u32>(inst.imm)});
      case Op::kInterpret:
        return handler_for(*insn_)(cpu_, *insn_);
      default:
        UNREACHABLE();
    }
  }

  void state(const Inst& inst) {
    auto* bytes = reinterpret_cast<u8*>(&cpu_);
    switch (inst.op) {
      case Op::kGetGpr:
        return result(cpu_.gpr[inst.aux]);
      case Op::kSetGpr:
        cpu_.gpr[inst.aux] = integer(inst, 0);
        return;
      case Op::kGetXmm:
        return result(cpu_.xmm[inst.aux]);
      case Op::kSetXmm:
      case Op::kOweXmm:
        cpu_.xmm[inst.aux] = vector(inst, 0);
        return;
      case Op::kGetHigh:
        return result(cpu_.ymm_high[inst.aux]);
      case Op::kSetHigh:
        cpu_.ymm_high[inst.aux] = vector(inst, 0);
        return;
      case Op::kGetFlags:
        return result(cpu_.flags);
      case Op::kSetFlags:
        cpu_.flags = flags(inst, 0);
        return;
      case Op::kLoadCpu:
        std::memcpy(&values_[at_].integer, bytes + inst.imm, inst.width);
        return;
      case Op::kStoreCpu:
        std::memcpy(bytes + inst.imm, &values_[inst.arg[0]].integer, inst.width);
        return;
      default:
        return control(inst);
    }
  }

  void control(const Inst& inst) {
    switch (inst.op) {
      case Op::kSetRip:
        cpu_.rip = integer(inst, 0);
        return;
      case Op::kBranch:
        cpu_.rip = integer(inst, integer(inst, 0) ? 1 : 2);
        return;
      case Op::kExit:
        cpu_.exit = static_cast<Exit>(inst.aux);
        cpu_.exit_detail = static_cast<u32>(inst.imm);
        cpu_.interrupt = 1;
        return;
      default:
        UNREACHABLE();
    }
  }

  void compute(const Inst& inst, const ir::OpInfo& op) {
    switch (op.result) {
      case ir::Type::kVoid:  // Nop
        return;
      case ir::Type::kInt:
        return compute_integer(inst, op);
      case ir::Type::kBool:
        return compute_condition(inst);
      case ir::Type::kFlags:
        return compute_flags(inst);
      default:
        return compute_vector(inst);
    }
  }

  void compute_integer(const Inst& inst, const ir::OpInfo& op) {
    switch (inst.op) {
      case Op::kConst:
        return result(inst.imm);
      case Op::kInsert: {
        u64 mask = width_mask(inst.width) << inst.aux;
        return result((integer(inst, 0) & ~mask) | (integer(inst, 1) << inst.aux & mask));
      }
      case Op::kSelect:
        return result(integer(inst, integer(inst, 0) ? 1 : 2));
      case Op::kToInt:
        return result(integer(inst, 0));
      case Op::kFlagBits:
        return result(flags(inst, 0).bits());
      default:
        break;
    }
    result(op.argument_count == 1
               ? ir::evaluate_unary(inst.op, inst.width, integer(inst, 0))
               : ir::evaluate_binary(inst.op, inst.width, integer(inst, 0), integer(inst, 1)));
  }

  void compute_condition(const Inst& inst) {
    switch (inst.op) {
      case Op::kBoolAnd:
        return result(integer(inst, 0) & integer(inst, 1));
      case Op::kBoolOr:
        return result(integer(inst, 0) | integer(inst, 1));
      case Op::kBoolXor:
        return result(integer(inst, 0) ^ integer(inst, 1));
      case Op::kBoolNot:
        return result(integer(inst, 0) ^ 1);
      case Op::kTestFlags:
        return result(u64{interp::evaluate(static_cast<Condition>(inst.aux), flags(inst, 0))});
      case Op::kTestAf:
        return result(u64{flags(inst, 0).af()});
      default:
        return result(
            u64{ir::evaluate_condition(inst.op, inst.width, integer(inst, 0), integer(inst, 1))});
    }
  }

  void compute_flags(const Inst& inst) {
    switch (inst.op) {
      case Op::kFlagsOf:
        return result(LazyFlags{.result = integer(inst, 2),
                                .lhs = integer(inst, 0),
                                .rhs = integer(inst, 1),
                                .kind = static_cast<FlagKind>(inst.aux),
                                .width = inst.width});
      case Op::kFlagsIncDec:
        return result(LazyFlags{.result = integer(inst, 1),
                                .lhs = integer(inst, 0),
                                .rhs = 1,
                                .kind = static_cast<FlagKind>(inst.aux),
                                .width = inst.width,
                                .carry = flags(inst, 2).cf()});
      case Op::kFlagsResult:
        return result(LazyFlags{.result = integer(inst, 0),
                                .lhs = integer(inst, 1),
                                .kind = FlagKind::kResult,
                                .width = inst.width});
      case Op::kFlagsRaw:
        return result(LazyFlags::raw(integer(inst, 0)));
      case Op::kFlagsUpdate: {
        u64 kept = flags(inst, 0).bits() & ~inst.imm;
        return result(LazyFlags::raw(kept | (integer(inst, 1) & inst.imm)));
      }
      default:
        return result(flags(inst, integer(inst, 0) ? 1 : 2));
    }
  }

  void compute_vector(const Inst& inst) {
    switch (inst.op) {
      case Op::kVecZero:
        return result(V128{});
      case Op::kVecFromInt:
        return result(V128{integer(inst, 0), 0});
      case Op::kVecInsertLow: {
        V128 merged = vector(inst, 0);
        std::memcpy(&merged, &vector(inst, 1), inst.width);
        return result(merged);
      }
      default:
        return result(vector(inst, integer(inst, 0) ? 1 : 2));
    }
  }

  const ir::Unit& unit_;
  Cpu& cpu_;
  std::vector<Datum>& values_;
  const x86::Insn* insn_ = nullptr;
  std::size_t at_ = 0;
  ir::Slot slots_[ir::kMaxSlots] = {};
};

}  // namespace

// The values are kept: an exception leaves without destructors.
void evaluate(const ir::Unit& unit, Cpu& cpu) {
  static thread_local std::vector<Datum> values;
  Evaluator(unit, cpu, values).run();
}

}  // namespace gantry::interp
