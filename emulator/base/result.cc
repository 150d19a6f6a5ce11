#include "emulator/base/result.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace gantry {
namespace {

std::string format_text(const char* format, va_list arguments) {
  va_list copy;
  va_copy(copy, arguments);
  int size = std::vsnprintf(nullptr, 0, format, copy);
  va_end(copy);
  std::string text(static_cast<std::size_t>(size > 0 ? size : 0), '\0');
  std::vsnprintf(text.data(), text.size() + 1, format, arguments);
  return text;
}

}  // namespace

Error make_error(int code, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  Error error{code, format_text(format, arguments)};
  va_end(arguments);
  return error;
}

Error make_system_error(int code, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  Error error{code, format_text(format, arguments) + ": " + std::strerror(code)};
  va_end(arguments);
  return error;
}

}  // namespace gantry
