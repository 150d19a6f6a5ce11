#include "emulator/ir/ir.h"

namespace gantry::ir {

void Unit::clear() {
  insns.clear();
  code.clear();
  helpers.clear();
  barriers.clear();
  owed.clear();
  gprs = xmms = 0;
  interprets = false;
}

void Held::forget_differences(const Held& other) {
  auto keep = [](Value& mine, Value theirs) { mine = mine == theirs ? mine : kNoValue; };
  for (unsigned n = 0; n < 16; n++) {
    keep(gpr[n], other.gpr[n]);
    keep(xmm[n], other.xmm[n]);
  }
  keep(flags, other.flags);
}

}  // namespace gantry::ir
