#include "emulator/jit/reserve.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace gantry::jit {
namespace {

constexpr u64 kHugePage = 2 << 20, kBytes = 8 * kHugePage;
constexpr int kData = PROT_READ | PROT_WRITE;

// Whether the mapping at `address` never has huge pages: "nh" in its flags, proc_pid_smaps(5).
bool has_small_pages(const void* address) {
  auto wanted = reinterpret_cast<unsigned long>(address);
  std::ifstream maps("/proc/self/smaps");
  bool is_it = false;
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) {
      is_it = begin <= wanted && wanted < end;
    } else if (is_it && line.starts_with("VmFlags:")) {
      return line.find(" nh") != std::string::npos;
    }
  }
  return false;
}

// Not where the kernel has none, or qemu-user makes up the file.
bool can_be_told() {
  void* memory = mmap(nullptr, kBytes, kData, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  bool can = madvise(memory, kBytes, MADV_NOHUGEPAGE) == 0 && has_small_pages(memory);
  munmap(memory, kBytes);
  return can;
}

TEST(Reserve, GivesSmallPages) {
  if (!can_be_told()) GTEST_SKIP() << "no flags of mappings";
  auto* memory = static_cast<u8*>(reserve(kBytes, kData));
  ASSERT_TRUE(memory);
  EXPECT_TRUE(has_small_pages(memory));
  EXPECT_TRUE(has_small_pages(memory + kBytes - 1));
  munmap(memory, kBytes);
}

TEST(Reserve, LeavesWhatIsBehindToTheHost) {
  if (!can_be_told()) GTEST_SKIP() << "no flags of mappings";
  auto* memory = static_cast<u8*>(reserve(kBytes, kData, kHugePage));
  ASSERT_TRUE(memory);
  EXPECT_TRUE(has_small_pages(memory + kHugePage - 1));
  EXPECT_FALSE(has_small_pages(memory + kHugePage));
  munmap(memory, kBytes);
}

TEST(Reserve, FailsWhereThereIsNoRoom) { EXPECT_EQ(reserve(u64{1} << 60, kData), nullptr); }

}  // namespace
}  // namespace gantry::jit
