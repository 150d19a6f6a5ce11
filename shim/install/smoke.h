// A complete amd64 program of 180 bytes: it writes kSmokeText and ends with status 0.
#pragma once

#include <string>

namespace gantry::install {

constexpr const char* kSmokeText = "amd64 runs\n";

// The ELF file.
std::string smoke_program();

}  // namespace gantry::install
