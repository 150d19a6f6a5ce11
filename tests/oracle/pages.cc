#include "tests/oracle/pages.h"

#include <sys/mman.h>

#include <cstring>

#include "emulator/base/check.h"

namespace gantry::oracle {

void map_pages(u64 address, u64 size, int protection) {
  void* at = mmap(reinterpret_cast<void*>(address), size, protection,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  CHECK(at == reinterpret_cast<void*>(address));
}

void map_data() {
  map_pages(kDataBase, kDataSize + kPageSize, PROT_READ | PROT_WRITE);
  auto* read_only = reinterpret_cast<u8*>(kReadOnlyBase);
  for (u64 i = 0; i < kPageSize; i++) read_only[i] = static_cast<u8>(i * 37 ^ i >> 3);
  CHECK(mprotect(read_only, kPageSize, PROT_READ) == 0);
}

void write_data(const u8* data) {
  std::memcpy(reinterpret_cast<void*>(kDataBase), data, kDataSize);
}

void read_data(u8* data) { std::memcpy(data, reinterpret_cast<void*>(kDataBase), kDataSize); }

}  // namespace gantry::oracle
