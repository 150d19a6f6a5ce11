// Process: what the tasks of one guest process share. There is one per host process, and a second
// while a child of vfork borrows its parent's memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/memory/address_space.h"
#include "runtime/signals/signal_state.h"

namespace gantry::runtime {

// The options of gantry-x64 that its child processes inherit.
struct Settings {
  bool strace = false;
  bool trace = false;
  std::string log_channels;
};

struct Process {
  Settings settings;
  AddressSpace* memory = nullptr;  // shared with a vfork child
  ProcessSignals signals;

  std::string exe;                 // absolute path of the guest's program, as /proc/self/exe shows it
  std::vector<std::string> argv;   // as the program was started with
  std::string command_line;        // argv joined by NULs, as /proc/self/cmdline shows it
  std::string auxv;                // bytes of the auxiliary vector as the guest sees it
  std::string comm;                // 15 bytes at most
  int emulator_fd = -1;            // gantry-x64 itself, for execve; hidden from the guest
};

}  // namespace gantry::runtime
