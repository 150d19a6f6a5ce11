#include "emulator/base/format.h"
#include "emulator/ir/ir.h"
#include "emulator/x86/decoder.h"

namespace gantry::ir {
namespace {

bool has_imm(Op op) {
  switch (op) {
    case Op::kConst:
    case Op::kLoadCpu:
    case Op::kStoreCpu:
    case Op::kFlagsUpdate:
    case Op::kApplyInt:
    case Op::kApplyVec:
    case Op::kApplyFloatInt:
    case Op::kApplyFloatVec:
    case Op::kCall:
    case Op::kCallCpu:
    case Op::kRaise:
    case Op::kExit:
      return true;
    default:
      return false;
  }
}

bool has_aux(Op op) {
  switch (op) {
    case Op::kGetGpr:
    case Op::kSetGpr:
    case Op::kGetXmm:
    case Op::kSetXmm:
    case Op::kOweXmm:
    case Op::kGetHigh:
    case Op::kSetHigh:
    case Op::kAtomicRmw:
    case Op::kInsert:
    case Op::kFlagsOf:
    case Op::kFlagsIncDec:
    case Op::kTestFlags:
    case Op::kArgInt:
    case Op::kArgVec:
    case Op::kResultVec:
    case Op::kApplyFloatVec:
    case Op::kRaise:
    case Op::kExit:
      return true;
    default:
      return false;
  }
}

std::string line(const Inst& inst, unsigned index) {
  const OpInfo& op = info(inst.op);
  std::string text = "  ";
  if (op.result != Type::kVoid) text += format("%%%u = ", index);
  text += op.name;
  if (inst.width) text += format(".%u", inst.width);
  if (has_aux(inst.op)) text += format(" #%u", inst.aux);
  for (unsigned n = 0; n < op.argument_count && inst.arg[n] != kNoValue; n++) {
    text += format(n == 0 ? " %%%u" : ", %%%u", inst.arg[n]);
  }
  if (has_imm(inst.op)) text += format(" %#lx", inst.imm);
  return text + "\n";
}

}  // namespace

std::string print(const Unit& unit) {
  std::string text;
  for (unsigned n = 0; n < unit.code.size(); n++) {
    const Inst& inst = unit.code[n];
    if (inst.op == Op::kInsn) {
      const x86::Insn& insn = unit.insns[inst.imm];
      text += format("%#lx: ", insn.rip) + x86::disassemble(insn) + "\n";
    } else {
      text += line(inst, n);
    }
  }
  return text;
}

}  // namespace gantry::ir
