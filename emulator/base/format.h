// printf into a string.
#pragma once

#include <string>

namespace gantry {

// Text of any length; printf(3) says what `pattern` may hold. It allocates: not for signal
// handlers.
[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

}  // namespace gantry
