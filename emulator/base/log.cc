#include "emulator/base/log.h"

#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace gantry {
namespace log_internal {

u32 enabled_channels =
    (1u << static_cast<u32>(Channel::kError)) | (1u << static_cast<u32>(Channel::kWarning));

}  // namespace log_internal

namespace {

constexpr const char* kNames[] = {"error",   "warning", "decode",  "engine", "loader", "memory",
                                  "syscall", "signal",  "process", "trace",  "oci"};
static_assert(sizeof kNames / sizeof *kNames == static_cast<std::size_t>(Channel::kCount));

int descriptor = 2;

}  // namespace

const char* channel_name(Channel channel) { return kNames[static_cast<u32>(channel)]; }

void enable_channel(Channel channel, bool on) {
  u32 bit = 1u << static_cast<u32>(channel);
  if (on) {
    log_internal::enabled_channels |= bit;
  } else {
    log_internal::enabled_channels &= ~bit;
  }
}

bool enable_channels(const char* list) {
  while (*list) {
    const char* end = ::strchrnul(list, ',');
    auto length = static_cast<std::size_t>(end - list);
    bool known = false;
    for (u32 i = 0; i < static_cast<u32>(Channel::kCount); i++) {
      bool all = length == 3 && !std::strncmp(list, "all", 3);
      if (all || (std::strlen(kNames[i]) == length && !std::strncmp(list, kNames[i], length))) {
        enable_channel(static_cast<Channel>(i));
        known = true;
      }
    }
    if (!known) return false;
    list = *end ? end + 1 : end;
  }
  return true;
}

void set_log_descriptor(int fd) { descriptor = fd; }
int log_descriptor() { return descriptor; }

void log_line(Channel channel, const char* format, ...) {
  int saved_errno = errno;
  char buffer[1024];
  int size =
      std::snprintf(buffer, sizeof buffer, "gantry: %s: ", kNames[static_cast<u32>(channel)]);
  va_list arguments;
  va_start(arguments, format);
  int more = std::vsnprintf(buffer + size, sizeof buffer - static_cast<std::size_t>(size) - 1,
                            format, arguments);
  va_end(arguments);
  if (more > 0) size += more;
  if (size > static_cast<int>(sizeof buffer) - 2) size = sizeof buffer - 2;
  buffer[size++] = '\n';
  [[maybe_unused]] auto ignored = ::write(descriptor, buffer, static_cast<std::size_t>(size));
  errno = saved_errno;
}

void log_text(const std::string& text) {
  int saved_errno = errno;
  std::size_t done = 0;
  while (done < text.size()) {
    ssize_t written = ::write(descriptor, text.data() + done, text.size() - done);
    if (written <= 0) break;
    done += static_cast<std::size_t>(written);
  }
  errno = saved_errno;
}

}  // namespace gantry
