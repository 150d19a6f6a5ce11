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
  for (unsigned n = 0; n < 16; n++) {
    keep_same(gpr[n], other.gpr[n]);
    keep_same(xmm[n], other.xmm[n]);
  }
  keep_same(flags, other.flags);
}

}  // namespace gantry::ir
