// Text for people.
#pragma once

#include <string>
#include <string_view>

namespace gantry {

// Text of any length; printf(3) says what `pattern` may hold. It allocates: not for signal
// handlers.
[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

// Text that somebody else has written, for a terminal: control characters, C1's too, which
// terminals would obey, become \n and \xNN.
std::string printable(std::string_view text);

}  // namespace gantry
