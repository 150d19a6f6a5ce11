// The stack a new program finds (System V ABI for x86-64, section 3.4.1; fs/binfmt_elf.c).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "emulator/base/result.h"
#include "emulator/base/types.h"
#include "runtime/loader/loader.h"

namespace gantry::runtime::loader {

struct StackContents {
  std::string file_name;  // AT_EXECFN
  const std::vector<std::string>& arguments;
  const std::vector<std::string>& environment;
  u64 random[2];                          // what AT_RANDOM points to
  std::vector<std::pair<u64, u64>> auxv;  // but for AT_RANDOM, AT_EXECFN, AT_PLATFORM, AT_NULL
};

// Writes to the mapped stack [start, end) and fills in the image's fields that tell where. E2BIG
// when the strings do not leave room for a program to run.
Result<void> write_stack(u64 start, u64 end, const StackContents& contents, Image& image);

}  // namespace gantry::runtime::loader
