// CHECK: a broken invariant of ours ends the process with a message. It is never compiled out.
#pragma once

namespace gantry {

// Writes "file:line: CHECK failed: text" to standard error and aborts. Async-signal-safe.
[[noreturn]] void check_failed(const char* file, int line, const char* text);

// Called once when a CHECK has failed, after its message is written.
void set_check_reporter(void (*report)());

}  // namespace gantry

#define CHECK(condition)                                      \
  do {                                                        \
    if (!(condition)) [[unlikely]]                            \
      ::gantry::check_failed(__FILE__, __LINE__, #condition); \
  } while (false)

#define UNREACHABLE() ::gantry::check_failed(__FILE__, __LINE__, "unreachable")
