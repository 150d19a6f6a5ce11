// The container's standard streams and terminal, as the caller of `gantry run` sees them.
#pragma once

#include <termios.h>

#include <optional>
#include <string>
#include <vector>

#include "emulator/base/descriptor.h"

struct pollfd;

namespace gantry::sandbox {

// Copies bytes from one descriptor to another, never blocking on the destination.
class Relay {
 public:
  Relay(UniqueFd from, UniqueFd to) : from_(std::move(from)), to_(std::move(to)) {}

  bool is_done() const { return !from_ && pending_.empty(); }
  // What it waits for: the one descriptor that can move it on.
  pollfd interest() const;
  // After poll(2) reported that.
  void advance();

 private:
  void fill();
  void drain();

  UniqueFd from_, to_;
  std::string pending_;
};

// The caller's terminal in raw mode, until the object goes.
class RawTerminal {
 public:
  explicit RawTerminal(int fd);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  int fd_;
  std::optional<termios> saved_;
};

// The size of the terminal at `from` for that at `to`; nothing when `from` is none.
void copy_window_size(int from, int to);

// A copy of one of the caller's standard streams.
UniqueFd own_stream(int number);

}  // namespace gantry::sandbox
