#include "emulator/ir/ir.h"

namespace gantry::ir {

void Unit::clear() {
  insns.clear();
  code.clear();
  helpers.clear();
}

}  // namespace gantry::ir
