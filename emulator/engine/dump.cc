#include "emulator/engine/dump.h"

#include <cstdio>
#include <string>

#include "emulator/base/log.h"
#include "emulator/engine/thread.h"
#include "emulator/ir/emit.h"
#include "emulator/x86/decoder.h"

namespace gantry::engine {

bool parse_dump(std::string_view list, jit::Dump& dump) {
  while (!list.empty()) {
    std::string_view word = list.substr(0, list.find(','));
    list.remove_prefix(std::min(word.size() + 1, list.size()));
    bool* chosen = word == "guest"    ? &dump.guest
                   : word == "ir"     ? &dump.ir
                   : word == "host"   ? &dump.host
                   : word == "counts" ? &dump.counts
                                      : nullptr;
    if (!chosen) return false;
    *chosen = true;
  }
  return true;
}

namespace {

void dump_block(const Block& block) {
  const jit::Dump& dump = options.translation.dump;
  char line[40];
  std::snprintf(line, sizeof line, "--- block %#lx\n", block.rip);
  std::string text = line;
  ir::Unit unit;
  ir::Emit emit(unit);
  for (const auto& [handler, insn] : block.steps) {
    if (dump.guest && !dump.ir) {
      std::snprintf(line, sizeof line, "%#lx: ", insn.rip);
      text += line + x86::disassemble(insn) + "\n";
    }
    if (dump.ir && !ir::translate(insn, unit, emit)) break;
  }
  if (dump.ir) text += ir::print(unit);
  log_text(text);
}

}  // namespace

void dump_decoded_blocks() {
  const jit::Dump& dump = options.translation.dump;
  if (dump.guest || dump.ir) BlockCache::observer = dump_block;
}

}  // namespace gantry::engine
