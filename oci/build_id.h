// The build ID of ELF files (ld(1), --build-id).
#pragma once

#include <string>

namespace gantry {

// Of the 64-bit little-endian ELF file that `fd` reads, in hexadecimal as readelf -n shows it.
// Empty when it has none, or one that lies beyond its first 64 program headers or 64 KiB of notes:
// the file is the image's.
std::string build_id_of(int fd);

}  // namespace gantry
