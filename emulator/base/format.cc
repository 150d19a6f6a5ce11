#include "emulator/base/format.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace gantry {
namespace {

// C0 and DEL.
bool is_control(unsigned char c) { return c < 0x20 || c == 0x7f; }

// The first byte of U+0080 to U+009F in UTF-8.
constexpr unsigned char kFirstOfC1 = 0xc2;
bool is_c1(std::string_view text) {
  auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  return text.size() >= 2 && byte(0) == kFirstOfC1 && byte(1) >= 0x80 && byte(1) < 0xa0;
}

std::string escaped(unsigned char c) { return c == '\n' ? "\\n" : format("\\x%02x", c); }

}  // namespace

std::string format(const char* pattern, ...) {
  char buffer[160];
  va_list arguments, again;
  va_start(arguments, pattern);
  va_copy(again, arguments);
  int size = std::max(0, std::vsnprintf(buffer, sizeof buffer, pattern, arguments));
  va_end(arguments);
  auto length = static_cast<std::size_t>(size);
  std::string text(buffer, std::min(length, sizeof buffer - 1));
  if (length >= sizeof buffer) {
    text.resize(length);
    std::vsnprintf(text.data(), length + 1, pattern, again);
  }
  va_end(again);
  return text;
}

std::string printable(std::string_view text) {
  std::string result;
  for (; !text.empty(); text.remove_prefix(1)) {
    auto c = static_cast<unsigned char>(text.front());
    if (is_c1(text)) {
      text.remove_prefix(1);
      result += escaped(c) + escaped(static_cast<unsigned char>(text.front()));
    } else if (is_control(c)) {
      result += escaped(c);
    } else {
      result += text.front();
    }
  }
  return result;
}

}  // namespace gantry
