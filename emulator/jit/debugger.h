// What tells debuggers the names of translated code and how its frames are undone (gdb manual, "JIT
// Compilation Interface"): for each unit an ELF file in memory, in a list that the debugger reads
// when it attaches and is told of when it changes.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "emulator/base/types.h"

namespace gantry::jit {

// The host's part of such files.
struct DebugFormat {
  u16 machine = 0;         // ELF's e_machine
  u8 return_register = 0;  // DWARF's number of the one that the return address is in
  std::vector<u8> rules;   // DWARF call frame instructions for all of a unit
};

// From now on units are told.
void enable_debugger(const DebugFormat& format);
bool has_debugger();

// The file for `bytes` of code at `code`.
std::vector<u8> debug_file(const DebugFormat& format, u64 code, u64 bytes, const std::string& name);

// Tells of a unit; of the end of all but the first `kept` of them. One thread at a time.
void add_to_debugger(u64 code, u64 bytes, const std::string& name);
void remove_from_debugger(std::size_t kept);

}  // namespace gantry::jit
