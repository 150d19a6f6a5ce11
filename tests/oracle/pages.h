// The pages of state.h.
#pragma once

#include <span>

#include "tests/oracle/state.h"

namespace gantry::oracle {

// Maps the writable and the read-only data and the code. Once.
void map_all_pages();

// The instruction's bytes at `rip`, INT3 in the rest of the code page.
void write_code(u64 rip, std::span<const u8> bytes);

// Fill the writable data with, or copy it to, kDataSize bytes.
void write_data(const u8* data);
void read_data(u8* data);

}  // namespace gantry::oracle
