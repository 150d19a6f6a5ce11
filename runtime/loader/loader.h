// Loads a guest program: segments, interpreter, vDSO, stack and auxiliary vector.
#pragma once

#include <string>
#include <vector>

#include "runtime/loader/program.h"
#include "runtime/memory/address_space.h"

namespace gantry::runtime::loader {

// Where a loaded program begins. All other registers are zero at entry.
struct Image {
  u64 entry = 0;          // of the interpreter if there is one
  u64 stack_pointer = 0;  // argc lies there
  u64 vdso = 0;
  std::string auxv;  // bytes of the auxiliary vector, for /proc/self/auxv
  // Bounds of the strings on the stack, for /proc/self/{cmdline,environ,stat}.
  u64 arguments_start = 0, arguments_end = 0;
  u64 environment_start = 0, environment_end = 0;
  // The program's own layout, for /proc/self/stat.
  u64 code_start = 0, code_end = 0, data_start = 0, data_end = 0;
};

// Maps `program` (kGuest) and its interpreter and writes the initial stack. On an error some
// mappings may remain: the process cannot go on.
Result<Image> load(AddressSpace& memory, const Program& program,
                   const std::vector<std::string>& environment);

}  // namespace gantry::runtime::loader
