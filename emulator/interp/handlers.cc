// The interpreter: every row's semantics over Eval.
#include <atomic>
#include <cstdio>

#include "emulator/base/log.h"
#include "emulator/interp/specialise.h"
#include "emulator/semantics/all.h"
#include "emulator/x86/decoder.h"
#include "emulator/x86/opcode.h"

namespace gantry::interp {

using namespace sem;

void raise_bad_operand_address(Cpu& cpu, const Insn& i, u64 address, u32 access) {
  if (i.mem.in_stack()) guest::raise_bad_stack_address(cpu, address, access);
  guest::raise_bad_address(cpu, address, access);
}

namespace {

// An instruction that the table knows and we do not.
[[maybe_unused]] void missing(Cpu& cpu, const Insn& i) {
  char bytes[2 * x86::kMaxInsnLength + 1] = {};
  const auto* code = reinterpret_cast<const u8*>(i.rip);
  for (unsigned n = 0; log_enabled(Channel::kDecode) && n < i.length; n++) {
    std::snprintf(bytes + 2 * n, 3, "%02x", code[n]);
  }
  LOG(kDecode, "%#lx: %s (%s) is not implemented", i.rip, x86::row_mnemonic(i.row), bytes);
  guest::raise_ud(cpu);
}

#define OP(map, opcode, prefixes, modrm, mnemonic, op1, op2, op3, op4, semantics, attributes) \
  semantics,
#define SEM(NAME) {&general<&NAME<Eval<>>>, &general_in_row<&NAME<Eval<>>>}
#define NO_SEM(NAME) {&missing, &missing}
constexpr Handlers kHandlers[] = {
#include "emulator/x86/opcodes.def"
};
#undef OP
#undef SEM
#undef NO_SEM

// By row; nullptr until the first instruction of a row has asked.
std::atomic<Chooser> choosers[std::size(kHandlers)];

Chooser chooser_of(const Insn& insn) {
  Chooser chooser = choosers[insn.row].load(std::memory_order_relaxed);
  if (chooser) [[likely]]
    return chooser;
  chooser = chooser_for(kHandlers[insn.row].alone, insn.vex());
  choosers[insn.row].store(chooser, std::memory_order_relaxed);
  return chooser;
}

Handlers handlers_for(const Insn& insn) {
  Handlers special = insn.locked() ? Handlers() : chooser_of(insn)(insn);
  return special.alone ? special : kHandlers[insn.row];
}

void stop(Cpu&, const Insn&) {}

}  // namespace

Handler handler_for(const Insn& insn) { return handlers_for(insn).alone; }

Handler handler_in_row(const Insn& insn) {
  Handlers handlers = handlers_for(insn);
  return insn.ends_block ? handlers.alone : handlers.in_row;
}

Step end_of_row(u64 rip) {
  Step step = {.handler = &stop, .insn = {}};
  step.insn.rip = rip;
  return step;
}

}  // namespace gantry::interp
