// The names of errors, as in errno(3).
#pragma once

#include <string_view>

namespace gantry {

// 38 for "ENOSYS"; 0 when there is no error of that name.
int error_number(std::string_view name);

}  // namespace gantry
