// Process: what the tasks of one guest process share. There is one per host process, and a second
// while a child of vfork borrows its parent's memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/loader/loader.h"
#include "runtime/memory/address_space.h"
#include "runtime/signals/signal_state.h"

namespace gantry::runtime {

// The options of gantry-x64 that its child processes inherit.
struct Settings {
  bool strace = false;
  bool trace = false;
  bool stats = false;
  std::string engine = "auto";  // or "jit", "interp", "cosim"
  std::string memory_model = "auto";
  std::string without_host_features;
  bool exact_float = false;
  bool exact_flags = false;
  bool no_return_prediction = false;
  bool verify_code = false;
  std::vector<std::string> answers;  // as --answer takes them
  std::string code_cache = "96";     // MiB
  std::string code_store;            // a directory; empty for none
  bool code_store_read_only = false;
  std::string log_channels;  // as --log takes them
  std::string log_file;
  std::string dump;  // as --dump takes it
  bool perf_map = false;
  bool debugger = false;    // --gdb
  std::string cpu = "max";  // as --cpu takes it
};

struct Process {
  Settings settings;
  AddressSpace* memory = nullptr;  // shared with a vfork child
  ProcessSignals signals;

  loader::Image image;            // where the program was loaded
  std::string file_name;          // as it was given to execve: AT_EXECFN
  std::string exe;                // proc::executable_path(); empty until asked for
  std::vector<std::string> argv;  // as the program was started with
  std::string command_line;       // argv joined by NULs, as /proc/self/cmdline shows it
  std::string comm;               // 15 bytes at most
  bool layout_published = false;  // the host's kernel knows the guest's argv, environment and auxv

  int emulator_fd = -1;         // gantry-x64 itself, for execve
  int program_fd = -1;          // the guest's program, for /proc/self/exe
  std::vector<int> hidden_fds;  // these and other descriptors of ours (process/hidden_fds.h)
  std::string emulator_path;    // where gantry-x64 was found, should the descriptor not do
};

}  // namespace gantry::runtime
