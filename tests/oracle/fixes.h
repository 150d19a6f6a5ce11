// Instructions with needs of their own: operands that random ones would seldom be.
#pragma once

#include <string_view>

#include "tests/oracle/context.h"

namespace gantry::oracle {

// Where the memory operand of such an instruction is to lie.
u64 memory_address(Random& random, std::string_view semantics);

// Whether the case saves or restores components that the host's XCR0 may enable and the guest's
// does not: a register that selects components may be needed for the address.
bool asks_for_host_state(const Case& c, std::string_view semantics);

// Changes the state to the liking of the case's instruction, after aim().
void apply_fixes(Context& x, std::string_view semantics);

}  // namespace gantry::oracle
