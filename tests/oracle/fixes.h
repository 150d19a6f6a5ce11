// Instructions with needs of their own: operands that random ones would seldom be.
#pragma once

#include <string_view>

#include "tests/oracle/context.h"

namespace gantry::oracle {

// Where the memory operand of such an instruction is to lie.
u64 memory_address(Random& random, std::string_view semantics);

// Changes the state to the liking of the case's instruction, after aim().
void apply_fixes(Context& x, std::string_view semantics);

}  // namespace gantry::oracle
