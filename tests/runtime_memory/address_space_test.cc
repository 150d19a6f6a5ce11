// AddressSpace with pages of the host as large as the guest's, and larger.
#include "runtime/memory/address_space.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "emulator/engine/block_cache.h"
#include "runtime/memory/host_maps.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

namespace gantry::runtime {
namespace {

constexpr u64 kPage = kGuestPageSize;
constexpr int kReadWrite = PROT_READ | PROT_WRITE;
constexpr int kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;

u8& byte(u64 address) { return *reinterpret_cast<u8*>(address); }

class AddressSpaceTest : public testing::TestWithParam<u64> {
 protected:
  void SetUp() override {
    auto created = AddressSpace::create(GetParam());
    ASSERT_TRUE(created);
    memory_ = *created;
  }
  void TearDown() override {
    memory_->unmap(kPage, kTaskSize - kPage);
    delete memory_;
  }

  u64 anonymous(u64 pages, int protection = kReadWrite) {
    s64 address = memory_->map(0, pages * kPage, protection, kAnonymous, -1, 0);
    EXPECT_GT(address, 0);
    return static_cast<u64>(address);
  }
  // "rw-" and the like of the guest's page; "" where nothing is mapped.
  std::string protection(u64 address) {
    Mapping mapping;
    if (!memory_->find(address, mapping)) return "";
    std::string text = "---";
    if (mapping.protection & PROT_READ) text[0] = 'r';
    if (mapping.protection & PROT_WRITE) text[1] = 'w';
    if (mapping.protection & PROT_EXEC) text[2] = 'x';
    return text;
  }
  bool host_mapped(u64 address) { return find_host_mapping(read_host_maps(), address); }

  // A file of `pages` pages, each filled with its number from 1 on.
  int file(u64 pages) {
    int fd = memfd_create("test", MFD_CLOEXEC);
    for (u64 i = 0; i < pages; i++) {
      std::string page(kPage, static_cast<char>(i + 1));
      EXPECT_EQ(write(fd, page.data(), kPage), static_cast<ssize_t>(kPage));
    }
    return fd;
  }

  AddressSpace* memory_ = nullptr;
};

INSTANTIATE_TEST_SUITE_P(PageSize, AddressSpaceTest, testing::Values(4096, 16384),
                         [](const auto& info) { return std::to_string(info.param); });

// --- mmap

TEST_P(AddressSpaceTest, MapGoesTopDownBelow2To47) {
  u64 first = anonymous(2), second = anonymous(1);
  EXPECT_LT(first, kTaskSize);
  EXPECT_LT(second, first);
  byte(first) = 1;
  byte(second + kPage - 1) = 2;
}

TEST_P(AddressSpaceTest, MapTakesAFreeHint) {
  u64 address = anonymous(64);
  memory_->unmap(address, 64 * kPage);
  EXPECT_EQ(memory_->map(address, kPage, kReadWrite, kAnonymous, -1, 0), static_cast<s64>(address));
  EXPECT_NE(memory_->map(address, kPage, kReadWrite, kAnonymous, -1, 0), static_cast<s64>(address));
}

TEST_P(AddressSpaceTest, Map32Bit) {
  s64 address = memory_->map(0, kPage, kReadWrite, kAnonymous | 0x40, -1, 0);
  EXPECT_GE(address, 0x40000000);
  EXPECT_LT(address, 0x80000000);
}

TEST_P(AddressSpaceTest, MapBadArguments) {
  auto map = [&](u64 address, u64 size, int flags, u64 offset) {
    return memory_->map(address, size, PROT_READ, flags, -1, offset);
  };
  EXPECT_EQ(map(0, 0, kAnonymous, 0), -EINVAL);
  EXPECT_EQ(map(0, kPage, MAP_ANONYMOUS, 0), -EINVAL);
  EXPECT_EQ(map(0, kPage, MAP_PRIVATE, 0), -EBADF);
  EXPECT_EQ(map(0, kPage, MAP_PRIVATE, 1), -EINVAL);
  EXPECT_EQ(map(0, kPage, MAP_PRIVATE, ~u64{0} & ~(kPage - 1)), -EOVERFLOW);
  EXPECT_EQ(map(1, kPage, kAnonymous | MAP_FIXED, 0), -EINVAL);
  EXPECT_EQ(map(0, u64{1} << 47, kAnonymous, 0), -ENOMEM);
  EXPECT_EQ(map(kTaskSize, kPage, kAnonymous | MAP_FIXED, 0), -ENOMEM);
}

TEST_P(AddressSpaceTest, MapFixedReplaces) {
  u64 address = anonymous(4);
  byte(address) = byte(address + kPage) = byte(address + 3 * kPage) = 5;
  s64 result = memory_->map(address + kPage, kPage, kReadWrite, kAnonymous | MAP_FIXED, -1, 0);
  EXPECT_EQ(result, static_cast<s64>(address + kPage));
  EXPECT_EQ(byte(address), 5);
  EXPECT_EQ(byte(address + kPage), 0);
  EXPECT_EQ(byte(address + 3 * kPage), 5);
}

TEST_P(AddressSpaceTest, MapFixedOverFreeAndMapped) {
  u64 address = anonymous(12);
  memory_->unmap(address + 4 * kPage, 4 * kPage);
  s64 result = memory_->map(address, 12 * kPage, kReadWrite, kAnonymous | MAP_FIXED, -1, 0);
  EXPECT_EQ(result, static_cast<s64>(address));
  std::memset(&byte(address), 1, 12 * kPage);
}

TEST_P(AddressSpaceTest, MapFixedNoreplace) {
  u64 address = anonymous(4);
  int flags = kAnonymous | MAP_FIXED_NOREPLACE;
  EXPECT_EQ(memory_->map(address, kPage, PROT_READ, flags, -1, 0), -EEXIST);
  EXPECT_EQ(memory_->map(address - kPage, 2 * kPage, PROT_READ, flags, -1, 0), -EEXIST);
}

TEST_P(AddressSpaceTest, EmulatorIsNotTheGuests) {
  static int ours = 7;
  u64 page = reinterpret_cast<u64>(&ours) & ~(kPage - 1);
  EXPECT_EQ(memory_->map(page, kPage, PROT_READ, kAnonymous | MAP_FIXED, -1, 0), -ENOMEM);
  EXPECT_EQ(memory_->map(page, kPage, PROT_READ, kAnonymous | MAP_FIXED_NOREPLACE, -1, 0), -EEXIST);
  EXPECT_EQ(memory_->unmap(page, kPage), 0);
  EXPECT_EQ(memory_->protect(page, kPage, PROT_NONE), -ENOMEM);
  EXPECT_EQ(memory_->remap(page, kPage, 2 * kPage, MREMAP_MAYMOVE, 0), -EFAULT);
  EXPECT_EQ(memory_->advise(page, kPage, MADV_DONTNEED), -ENOMEM);
  EXPECT_EQ(ours, 7);
}

TEST_P(AddressSpaceTest, MapAvoidsWhatTheHostHas) {
  u64 address = anonymous(4);
  memory_->unmap(address, 4 * kPage);
  void* host = mmap(reinterpret_cast<void*>(address), 4 * kPage, PROT_READ,
                    kAnonymous | MAP_FIXED_NOREPLACE, -1, 0);
  ASSERT_EQ(host, reinterpret_cast<void*>(address));
  u64 other = anonymous(4);
  EXPECT_TRUE(other + 4 * kPage <= address || other >= address + 4 * kPage);
  munmap(host, 4 * kPage);
}

TEST_P(AddressSpaceTest, MapPrivateFile) {
  int fd = file(6);
  s64 address = memory_->map(0, 3 * kPage, kReadWrite, MAP_PRIVATE, fd, kPage);
  ASSERT_GT(address, 0);
  for (u64 i = 0; i < 3; i++) EXPECT_EQ(byte(static_cast<u64>(address) + i * kPage), i + 2);
  close(fd);
}

// Segments of an ELF file whose pages are smaller than the host's.
TEST_P(AddressSpaceTest, MapFixedFilePiecesSideBySide) {
  int fd = file(6);
  u64 address = anonymous(6, PROT_NONE);
  for (u64 i = 0; i < 6; i++) {
    int protection = i % 2 ? PROT_READ : kReadWrite;
    s64 result = memory_->map(address + i * kPage, kPage, protection, MAP_PRIVATE | MAP_FIXED, fd,
                              (5 - i) * kPage);
    ASSERT_EQ(result, static_cast<s64>(address + i * kPage));
  }
  for (u64 i = 0; i < 6; i++) EXPECT_EQ(byte(address + i * kPage), 6 - i);
  EXPECT_EQ(protection(address), "rw-");
  EXPECT_EQ(protection(address + kPage), "r--");
  close(fd);
}

TEST_P(AddressSpaceTest, MapSharedFile) {
  int fd = file(6);
  s64 address = memory_->map(0, 2 * kPage, kReadWrite, MAP_SHARED, fd, kPage);
  ASSERT_GT(address, 0);
  byte(static_cast<u64>(address)) = 99;
  u8 value = 0;
  EXPECT_EQ(pread(fd, &value, 1, kPage), 1);
  EXPECT_EQ(value, 99);
  close(fd);
}

// --- munmap, mprotect

TEST_P(AddressSpaceTest, UnmapPart) {
  u64 address = anonymous(12);
  byte(address + 11 * kPage) = 3;
  EXPECT_EQ(memory_->unmap(address, 5 * kPage), 0);
  EXPECT_EQ(protection(address + 4 * kPage), "");
  EXPECT_EQ(protection(address + 5 * kPage), "rw-");
  EXPECT_FALSE(host_mapped(address));
  EXPECT_EQ(byte(address + 11 * kPage), 3);
}

TEST_P(AddressSpaceTest, UnmapBadArguments) {
  EXPECT_EQ(memory_->unmap(1, kPage), -EINVAL);
  EXPECT_EQ(memory_->unmap(kPage, 0), -EINVAL);
  EXPECT_EQ(memory_->unmap(kTaskSize, kPage), -EINVAL);
  EXPECT_EQ(memory_->unmap(0, ~u64{0}), -EINVAL);
}

TEST_P(AddressSpaceTest, ProtectPart) {
  u64 address = anonymous(12);
  EXPECT_EQ(memory_->protect(address + kPage, kPage, PROT_READ), 0);
  EXPECT_EQ(protection(address), "rw-");
  EXPECT_EQ(protection(address + kPage), "r--");
  EXPECT_EQ(protection(address + 2 * kPage), "rw-");
  byte(address) = byte(address + 2 * kPage) = 1;
}

TEST_P(AddressSpaceTest, ProtectHole) {
  u64 address = anonymous(12);
  memory_->unmap(address + 4 * kPage, kPage);
  EXPECT_EQ(memory_->protect(address, 12 * kPage, PROT_READ), -ENOMEM);
  EXPECT_EQ(memory_->protect(address, kPage, 0x100), -EINVAL);
}

TEST_P(AddressSpaceTest, ExecutableIsOnlyReadableOnTheHost) {
  u64 address = anonymous(4, PROT_EXEC);
  EXPECT_EQ(protection(address), "--x");
  EXPECT_EQ(byte(address), 0);
}

TEST_P(AddressSpaceTest, SealedMappingsStay) {
  u64 address = anonymous(4);
  EXPECT_EQ(memory_->seal(address, 4 * kPage), 0);
  EXPECT_EQ(memory_->unmap(address, kPage), -EPERM);
  EXPECT_EQ(memory_->protect(address, kPage, PROT_READ), -EPERM);
  EXPECT_EQ(memory_->map(address, kPage, PROT_READ, kAnonymous | MAP_FIXED, -1, 0), -EPERM);
  EXPECT_EQ(memory_->remap(address, 4 * kPage, kPage, 0, 0), -EPERM);
}

// --- brk

TEST_P(AddressSpaceTest, BrkGrowsAndShrinks) {
  u64 place = anonymous(64);
  memory_->unmap(place, 64 * kPage);
  memory_->set_brk_start(place);
  u64 start = static_cast<u64>(memory_->brk(0));
  EXPECT_EQ(memory_->brk(start + 100), static_cast<s64>(start + 100));
  byte(start + 99) = 7;
  EXPECT_EQ(memory_->brk(start + 5 * kPage), static_cast<s64>(start + 5 * kPage));
  EXPECT_EQ(byte(start + 99), 7);
  byte(start + 4 * kPage) = 8;
  EXPECT_EQ(memory_->brk(start + kPage), static_cast<s64>(start + kPage));
  EXPECT_EQ(memory_->brk(start + 5 * kPage), static_cast<s64>(start + 5 * kPage));
  EXPECT_EQ(byte(start + 4 * kPage), 0);
  EXPECT_EQ(memory_->brk(start - 1), static_cast<s64>(start + 5 * kPage));
  Mapping mapping;
  ASSERT_TRUE(memory_->find(start, mapping));
  EXPECT_EQ(mapping.name, "[heap]");
}

TEST_P(AddressSpaceTest, BrkStopsAtAMapping) {
  u64 place = anonymous(64);
  memory_->unmap(place, 32 * kPage);
  memory_->set_brk_start(place);
  EXPECT_EQ(memory_->brk(place + 33 * kPage), static_cast<s64>(place));
  EXPECT_EQ(memory_->brk(place + 32 * kPage), static_cast<s64>(place + 32 * kPage));
}

// --- mremap

TEST_P(AddressSpaceTest, RemapShrinks) {
  u64 address = anonymous(8);
  EXPECT_EQ(memory_->remap(address, 8 * kPage, 4 * kPage, 0, 0), static_cast<s64>(address));
  EXPECT_EQ(protection(address + 4 * kPage), "");
}

TEST_P(AddressSpaceTest, RemapGrowsInPlace) {
  u64 address = anonymous(8);
  memory_->unmap(address + 4 * kPage, 4 * kPage);
  byte(address) = 4;
  EXPECT_EQ(memory_->remap(address, 4 * kPage, 6 * kPage, 0, 0), static_cast<s64>(address));
  EXPECT_EQ(byte(address), 4);
  byte(address + 5 * kPage) = 1;
}

TEST_P(AddressSpaceTest, RemapMoves) {
  u64 above = anonymous(4), address = anonymous(4);
  ASSERT_EQ(address + 4 * kPage, above);
  byte(address + 3 * kPage) = 9;
  memory_->protect(above, 4 * kPage, PROT_READ);
  EXPECT_EQ(memory_->remap(address, 4 * kPage, 8 * kPage, 0, 0), -ENOMEM);
  s64 moved = memory_->remap(address, 4 * kPage, 8 * kPage, MREMAP_MAYMOVE, 0);
  ASSERT_GT(moved, 0);
  EXPECT_NE(static_cast<u64>(moved), address);
  EXPECT_EQ(byte(static_cast<u64>(moved) + 3 * kPage), 9);
  byte(static_cast<u64>(moved) + 7 * kPage) = 1;
  EXPECT_EQ(protection(address), "");
  EXPECT_FALSE(host_mapped(address));
}

TEST_P(AddressSpaceTest, RemapFixed) {
  u64 target = anonymous(8), address = anonymous(4);
  byte(address) = 3;
  int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
  EXPECT_EQ(memory_->remap(address, 4 * kPage, 8 * kPage, flags, target), static_cast<s64>(target));
  EXPECT_EQ(byte(target), 3);
  EXPECT_EQ(memory_->remap(target, 4 * kPage, 4 * kPage, flags, target + kPage), -EINVAL);
  EXPECT_EQ(memory_->remap(target, 4 * kPage, 4 * kPage, MREMAP_FIXED, target), -EINVAL);
}

TEST_P(AddressSpaceTest, RemapDontUnmap) {
  u64 address = anonymous(4);
  byte(address) = 3;
  s64 moved = memory_->remap(address, 4 * kPage, 4 * kPage, MREMAP_MAYMOVE | 4, 0);
  ASSERT_GT(moved, 0);
  EXPECT_EQ(byte(static_cast<u64>(moved)), 3);
  EXPECT_EQ(byte(address), 0);
}

TEST_P(AddressSpaceTest, RemapOfNothing) {
  u64 address = anonymous(4);
  memory_->unmap(address, 4 * kPage);
  EXPECT_EQ(memory_->remap(address, kPage, 2 * kPage, MREMAP_MAYMOVE, 0), -EFAULT);
  EXPECT_EQ(memory_->remap(address, kPage, 0, MREMAP_MAYMOVE, 0), -EINVAL);
}

// --- code pages

TEST_P(AddressSpaceTest, ReadOnlyCodeIsStable) {
  u64 address = anonymous(4, PROT_READ | PROT_EXEC);
  EXPECT_EQ(memory_->prepare_code_page(address), engine::CodePage::kStable);
  EXPECT_EQ(memory_->prepare_code_page(anonymous(4)), engine::CodePage::kNotExecutable);
  EXPECT_EQ(memory_->handle_write_fault(address), AddressSpace::WriteFault::kNotOurs);
}

TEST_P(AddressSpaceTest, WritableCodeIsProtectedUntilWritten) {
  u64 address = anonymous(4, kReadWrite | PROT_EXEC);
  EXPECT_EQ(memory_->prepare_code_page(address + 100), engine::CodePage::kStable);
  EXPECT_EQ(memory_->handle_write_fault(address + 8), AddressSpace::WriteFault::kRetry);
  byte(address + 8) = 1;
  u64 unrelated = anonymous(4, PROT_READ);
  EXPECT_EQ(memory_->handle_write_fault(unrelated), AddressSpace::WriteFault::kNotOurs);
}

TEST_P(AddressSpaceTest, CodeRewrittenOftenIsVerified) {
  u64 address = anonymous(4, kReadWrite | PROT_EXEC);
  for (int i = 0; i < 4; i++) {
    EXPECT_EQ(memory_->prepare_code_page(address), engine::CodePage::kStable);
    EXPECT_EQ(memory_->handle_write_fault(address), AddressSpace::WriteFault::kRetry);
  }
  EXPECT_EQ(memory_->prepare_code_page(address), engine::CodePage::kVerify);
  byte(address) = 1;
}

TEST_P(AddressSpaceTest, SharedCodeIsVerified) {
  s64 address =
      memory_->map(0, 4 * kPage, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_GT(address, 0);
  EXPECT_EQ(memory_->prepare_code_page(static_cast<u64>(address)), engine::CodePage::kVerify);
}

TEST_P(AddressSpaceTest, ReleaseMakesCodeWritable) {
  u64 address = anonymous(4, kReadWrite | PROT_EXEC);
  memory_->prepare_code_page(address);
  EXPECT_TRUE(memory_->release_code_protection());
  byte(address) = 1;
  EXPECT_FALSE(memory_->release_code_protection());
}

TEST_P(AddressSpaceTest, ProtectForgetsCodePages) {
  u64 address = anonymous(4, kReadWrite | PROT_EXEC);
  memory_->prepare_code_page(address);
  memory_->protect(address, 4 * kPage, kReadWrite);
  byte(address) = 1;
  memory_->protect(address, 4 * kPage, PROT_READ);
  EXPECT_EQ(memory_->handle_write_fault(address), AddressSpace::WriteFault::kNotOurs);
}

TEST_P(AddressSpaceTest, OnlyReadableMemoryIsConstant) {
  u64 address = anonymous(4, PROT_READ);
  EXPECT_TRUE(memory_->prepare_constant(address + 8));
  EXPECT_FALSE(memory_->prepare_constant(anonymous(4)));
  EXPECT_FALSE(memory_->prepare_constant(anonymous(4, PROT_NONE)));
  s64 shared = memory_->map(0, 4 * kPage, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_GT(shared, 0);
  EXPECT_FALSE(memory_->prepare_constant(static_cast<u64>(shared)));
}

TEST_P(AddressSpaceTest, ConstantMemoryThatChangesEndsDecodedCode) {
  u64 address = anonymous(4, PROT_READ);
  ASSERT_TRUE(memory_->prepare_constant(address));
  u64 epoch = engine::BlockCache::current_epoch();
  memory_->protect(address, 4 * kPage, kReadWrite);
  EXPECT_NE(engine::BlockCache::current_epoch(), epoch);
  EXPECT_FALSE(memory_->prepare_constant(address));
}

TEST_P(AddressSpaceTest, RemapOfProtectedCode) {
  u64 address = anonymous(8, kReadWrite | PROT_EXEC);
  memory_->prepare_code_page(address + kPage);
  s64 moved = memory_->remap(address, 8 * kPage, 32 * kPage, MREMAP_MAYMOVE, 0);
  ASSERT_GT(moved, 0);
  std::memset(&byte(static_cast<u64>(moved)), 1, 32 * kPage);
}

// --- the rest

TEST_P(AddressSpaceTest, StackIsAboveMappings) {
  s64 end = memory_->map_stack(1 << 20, kReadWrite);
  ASSERT_GT(end, 0);
  byte(static_cast<u64>(end) - 1) = 1;
  EXPECT_LT(anonymous(1), static_cast<u64>(end) - (1 << 20));
  Mapping mapping;
  ASSERT_TRUE(memory_->find(static_cast<u64>(end) - 1, mapping));
  EXPECT_EQ(mapping.name, "[stack]");
}

TEST_P(AddressSpaceTest, SharedMemorySegments) {
  int id = shmget(IPC_PRIVATE, 4 * 4096, IPC_CREAT | 0600);
  if (id < 0) GTEST_SKIP() << "no System V shared memory here";
  s64 first = memory_->attach(id, 0, 0), second = memory_->attach(id, 0, SHM_RDONLY);
  shmctl(id, IPC_RMID, nullptr);
  ASSERT_GT(first, 0);
  ASSERT_GT(second, 0);
  byte(static_cast<u64>(first)) = 5;
  EXPECT_EQ(byte(static_cast<u64>(second)), 5);
  EXPECT_EQ(protection(static_cast<u64>(second)), "r--");
  EXPECT_EQ(memory_->detach(static_cast<u64>(first)), 0);
  EXPECT_EQ(memory_->detach(static_cast<u64>(first)), -EINVAL);
  EXPECT_EQ(memory_->detach(static_cast<u64>(second)), 0);
}

TEST_P(AddressSpaceTest, DontneedDiscards) {
  u64 address = anonymous(8);
  for (u64 i = 0; i < 8; i++) byte(address + i * kPage) = 3;
  EXPECT_EQ(memory_->advise(address + kPage, 6 * kPage, MADV_DONTNEED), 0);
  for (u64 i = 0; i < 8; i++) EXPECT_EQ(byte(address + i * kPage), i == 0 || i == 7 ? 3 : 0);
  EXPECT_EQ(memory_->advise(address + 1, kPage, MADV_DONTNEED), -EINVAL);
}

TEST_P(AddressSpaceTest, FileNamesComeFromTheHost) {
  int fd = file(4);
  s64 address = memory_->map(0, 4 * kPage, PROT_READ, MAP_PRIVATE, fd, 0);
  ASSERT_GT(address, 0);
  Mapping mapping;
  ASSERT_TRUE(memory_->find(static_cast<u64>(address) + kPage, mapping));
  EXPECT_EQ(mapping.name, "/memfd:test (deleted)");
  EXPECT_EQ(mapping.offset, 0u);
  close(fd);
}

}  // namespace
}  // namespace gantry::runtime
