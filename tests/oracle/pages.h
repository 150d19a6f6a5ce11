// The data pages of state.h.
#pragma once

#include "tests/oracle/state.h"

namespace gantry::oracle {

// Maps anonymous memory where nothing is yet. `protection` is mmap's.
void map_pages(u64 address, u64 size, int protection);

// Maps the writable and the read-only data. Once.
void map_data();

// Fill the writable data with, or copy it to, kDataSize bytes.
void write_data(const u8* data);
void read_data(u8* data);

}  // namespace gantry::oracle
