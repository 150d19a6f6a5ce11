// What the manual leaves undefined and the CPUs do not agree on.
#pragma once

#include "tests/oracle/generator.h"

namespace gantry::oracle {

// Status flags that are not compared after this case's instruction.
u64 undefined_flags(const Case& c);

}  // namespace gantry::oracle
