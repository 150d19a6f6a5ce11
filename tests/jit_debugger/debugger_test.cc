// What debuggers are told of translated code, read as they read it and by LLVM's tools.
#include "emulator/jit/debugger.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "emulator/base/code_name.h"
#include "emulator/base/format.h"
#include "emulator/jit/code_cache.h"

// The layout that the gdb manual gives.
extern "C" {
struct jit_code_entry {
  jit_code_entry *next_entry, *prev_entry;
  const char* symfile_addr;
  uint64_t symfile_size;
};
struct jit_descriptor {
  uint32_t version, action_flag;
  jit_code_entry *relevant_entry, *first_entry;
};
extern jit_descriptor __jit_debug_descriptor;
}

extern "C" [[gnu::noinline, gnu::used]] int gantry_test_guest_function(int n) { return n * 3 + 1; }

namespace gantry::jit {
namespace {

const u64 kGuest = reinterpret_cast<u64>(&gantry_test_guest_function);

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return text;
  for (char line[512]; std::fgets(line, sizeof line, pipe);) text += line;
  pclose(pipe);
  return text;
}

// What the tool prints of the file.
std::string examine(const char* tool, const void* file, u64 size) {
  char path[] = "/tmp/gantry-debugger-XXXXXX";
  int fd = mkstemp(path);
  EXPECT_EQ(write(fd, file, size), static_cast<ssize_t>(size));
  close(fd);
  std::string text = output_of(std::string(tool) + " " + path + " 2>&1");
  unlink(path);
  return text;
}

unsigned entry_count() {
  unsigned count = 0;
  for (auto* e = __jit_debug_descriptor.first_entry; e; e = e->next_entry) count++;
  return count;
}

// As translated code is: CFA = SP + 8, the return address below it.
const DebugFormat kFormat = {EM_X86_64, 16, {0x0c, 7, 8, 0x80 | 16, 8}};

u64 publish(CodeCache& cache, u64 rip) {
  CodeCache::Room room = cache.allocate(48, rip ? 1 : 0);
  if (rip) room.marks[0] = {0, 0, rip};
  cache.publish(room, 48, rip);
  return reinterpret_cast<u64>(room.code);
}

TEST(CodeName, IsTheSymbolOfTheFileThatIsMappedThere) {
  EXPECT_EQ(code_name(kGuest), "gantry_test_guest_function");
  EXPECT_EQ(code_name(kGuest + 1), "gantry_test_guest_function+0x1");
}

TEST(CodeName, IsTheAddressWhereNoFileIs) {
  EXPECT_EQ(code_name(0x1234), "guest:1234");
  void* memory = mmap(nullptr, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  auto address = reinterpret_cast<u64>(memory);
  EXPECT_EQ(code_name(address), format("guest:%lx", address));
}

TEST(Debugger, SeesSymbolAndFrameOfEachUnitUntilItIsForgotten) {
  enable_debugger(kFormat);
  CodeCache cache;
  ASSERT_TRUE(cache.prepare(1 << 20));
  publish(cache, 0);
  cache.keep_forever();
  EXPECT_EQ(__jit_debug_descriptor.version, 1u);
  EXPECT_EQ(entry_count(), 1u);
  u64 code = publish(cache, kGuest + 2);
  publish(cache, 0x1234);
  ASSERT_EQ(entry_count(), 3u);
  const jit_code_entry& entry = *__jit_debug_descriptor.first_entry->next_entry;
  EXPECT_EQ(entry.prev_entry, __jit_debug_descriptor.first_entry);

  std::string symbols = examine(LLVM_READELF " --symbols", entry.symfile_addr, entry.symfile_size);
  std::string wanted = format(
      "%016lx    48 FUNC    LOCAL  DEFAULT     1 "
      "gantry_test_guest_function+0x2\n",
      code);
  EXPECT_NE(symbols.find(wanted), std::string::npos) << symbols << wanted;

  std::string frames =
      examine(LLVM_DWARFDUMP " --debug-frame", entry.symfile_addr, entry.symfile_size);
  EXPECT_NE(frames.find(format("pc=%08lx...%08lx", code, code + 48)), std::string::npos) << frames;
  EXPECT_NE(frames.find("CFA=RSP+8: RIP=[CFA-8]"), std::string::npos) << frames;

  cache.clear();
  EXPECT_EQ(entry_count(), 1u);
  EXPECT_EQ(__jit_debug_descriptor.first_entry->prev_entry, nullptr);
}

}  // namespace
}  // namespace gantry::jit
