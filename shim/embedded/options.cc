#include "shim/embedded/options.h"

#include <cerrno>
#include <charconv>

namespace gantry {

Result<u64> parse_size(const std::string& text) {
  u64 number = 0;
  const char* end = text.data() + text.size();
  auto [next, error] = std::from_chars(text.data(), end, number);
  int shift = 0;
  if (error == std::errc() && next != end) {
    constexpr std::string_view kUnits = "bkmg";
    std::size_t unit = kUnits.find(static_cast<char>(*next | 0x20));
    shift = unit == std::string_view::npos ? -1 : 10 * static_cast<int>(unit);
    next++;
  }
  bool fits = shift >= 0 && number <= (~u64{0} >> shift >> 1);
  if (error != std::errc() || next != end || !fits || number == 0) {
    return make_error(EINVAL, "`%s` is not a size; write it as 512m or 2g", text.c_str());
  }
  return number << shift;
}

}  // namespace gantry
