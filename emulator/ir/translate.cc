// Every row's semantics over Emit.
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
bool is_accepted(const Unit& unit, std::size_t start, const Acceptance& acceptance) {
  if (!acceptance.accepts) return true;
  const Inst* end = unit.code.data() + unit.code.size();
  for (const Inst* inst = unit.code.data() + start; inst != end; inst++) {
    bool asks = !acceptance.asks || acceptance.asks[static_cast<unsigned>(inst->op)];
    if (asks && !acceptance.accepts(unit, *inst)) return false;
  }
  return true;
}

}  // namespace

bool translate(const Insn& insn, Unit& unit, Emit& emit, const Acceptance& acceptance) {
  std::size_t start = unit.code.size();
  if (start > kMaxCode) return false;
  emit.begin(insn);
  kEmitters[insn.row](emit, insn);
  if (!is_accepted(unit, start, acceptance)) emit.reject();
  if (!emit.end()) emit.interpret();
  return true;
}

}  // namespace gantry::ir
