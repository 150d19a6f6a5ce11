// Every row's semantics over Emit.
#include <algorithm>

#include "emulator/ir/emit.h"
#include "emulator/semantics/all.h"

namespace gantry::ir {

using namespace sem;

namespace {

using Emitter = void (*)(Emit&, const Insn&);

// An instruction that the table knows and we do not: the interpreter says so.
[[maybe_unused]] void missing(Emit& b, const Insn&) { b.interpret(); }

#define OP(map, opcode, prefixes, modrm, mnemonic, op1, op2, op3, op4, semantics, attributes) \
  semantics,
#define SEM(NAME) &NAME<Emit>
#define NO_SEM(NAME) &missing
constexpr Emitter kEmitters[] = {
#include "emulator/x86/opcodes.def"
};
#undef OP
#undef SEM
#undef NO_SEM

// Values are 16 bits wide; no instruction has more operations than this.
constexpr std::size_t kMaxCode = kNoValue - 1024;

// The operations from `start` on.
bool are_accepted(const Unit& unit, std::size_t start, const Acceptance& acceptance) {
  return std::all_of(unit.code.begin() + start, unit.code.end(),
                     [&](const Inst& inst) { return acceptance.accepts(unit, inst); });
}

}  // namespace

// Here, where they are called for each instruction.
void Emit::begin(const Insn& i, u16 live_flags) {
  start_ = unit_.code.size();
  supported_ = true;
  has_rare_ = false;
  overwritten_count_ = 0;
  sets_flags_ = live_flags != 0;
  append(Op::kInsn, 0, 0, unit_.insns.size());
  unit_.insns.push_back(i);
}

bool Emit::end() {
  if (!supported_) {
    take_back();
    return false;
  }
  if (!sets_flags_) drop_values();
  if (overwritten_count_ != 0) remove_overwritten();
  return true;
}

bool translate(const Insn& insn, Unit& unit, Emit& emit, const Acceptance& acceptance,
               u16 live_flags) {
  std::size_t start = unit.code.size();
  if (start > kMaxCode) return false;
  emit.begin(insn, live_flags);
  kEmitters[insn.row](emit, insn);
  bool asks = acceptance.accepts && (emit.has_rare() || !acceptance.rare_only);
  if (asks && !are_accepted(unit, start, acceptance)) emit.reject();
  if (!emit.end()) emit.interpret();
  return true;
}

}  // namespace gantry::ir
