// Log channels. LOG(kLoader, "…") costs one test of a bit when the channel is off. Lines go to the
// log descriptor with one write(2) each, so LOG may be used in a signal handler.
#pragma once

#include <string>

#include "emulator/base/types.h"

namespace gantry {

enum class Channel : u8 {
  kError,    // always on
  kWarning,  // on unless --quiet
  kDecode,
  kEngine,
  kLoader,
  kMemory,
  kSyscall,
  kSignal,
  kProcess,
  kTrace,
  kOci,
  kCount,
};

namespace log_internal {
extern u32 enabled_channels;
}

inline bool log_enabled(Channel channel) {
  return (log_internal::enabled_channels >> static_cast<u32>(channel)) & 1;
}

void enable_channel(Channel channel, bool on = true);

// Enables the channels in a comma-separated list of names ("loader,signal" or "all").
// Returns false when a name is unknown.
bool enable_channels(const char* list);

// The enabled channels as such a list, for handing on to a new emulator.
const char* channel_name(Channel channel);

// Where log lines go; standard error until set.
void set_log_descriptor(int descriptor);
int log_descriptor();

[[gnu::format(printf, 2, 3)]] void log_line(Channel channel, const char* format, ...);

// Text of many lines, as it is: what the user has asked for by name. Not for signal handlers.
void log_text(const std::string& text);

}  // namespace gantry

#define LOG(channel, ...)                                               \
  do {                                                                  \
    if (::gantry::log_enabled(::gantry::Channel::channel)) [[unlikely]] \
      ::gantry::log_line(::gantry::Channel::channel, __VA_ARGS__);      \
  } while (false)
