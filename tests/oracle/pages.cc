#include "tests/oracle/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "emulator/base/check.h"

namespace gantry::oracle {
namespace {

constexpr u8 kInt3 = 0xcc;

// The code page a second time, for writing: no instruction under test reaches it.
u8* code_alias = nullptr;

void* at(u64 address) { return reinterpret_cast<void*>(address); }

void map_data() {
  CHECK(mmap(at(kDataBase), kDataSize + kPageSize, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == at(kDataBase));
  auto* read_only = reinterpret_cast<u8*>(kReadOnlyBase);
  for (u64 i = 0; i < kPageSize; i++) read_only[i] = static_cast<u8>(i * 37 ^ i >> 3);
  CHECK(mprotect(read_only, kPageSize, PROT_READ) == 0);
}

void map_code() {
  int file = memfd_create("code", 0);
  CHECK(file >= 0 && ftruncate(file, kCodeSize) == 0);
  CHECK(mmap(at(kCodeBase), kCodeSize, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED_NOREPLACE,
             file, 0) == at(kCodeBase));
  void* alias = mmap(nullptr, kCodeSize, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  CHECK(alias != MAP_FAILED);
  close(file);
  code_alias = static_cast<u8*>(alias);
  std::memset(code_alias, kInt3, kCodeSize);
  // A page that was never touched is not present, which the error code of a fault would tell.
  CHECK(*static_cast<const volatile u8*>(at(kCodeBase)) == kInt3);
}

}  // namespace

void map_all_pages() {
  map_data();
  map_code();
}

void write_code(u64 rip, std::span<const u8> bytes) {
  static std::span<u8> last;
  if (!last.empty()) std::memset(last.data(), kInt3, last.size());
  last = {code_alias + (rip - kCodeBase), bytes.size()};
  std::memcpy(last.data(), bytes.data(), bytes.size());
}

void write_data(const u8* data) { std::memcpy(at(kDataBase), data, kDataSize); }
void read_data(u8* data) { std::memcpy(data, at(kDataBase), kDataSize); }

}  // namespace gantry::oracle
