// The table of system calls as a whole; what the calls do is compared with native runs (./run).

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "runtime/linux/abi/open_flags.h"
#include "runtime/linux/syscall.h"

namespace gantry::runtime {
namespace {

// Linux 6.12: 0 to 335 and 424 to 462.
constexpr int kFirstGap = 336, kAfterGap = 424, kLast = 462;

u64 count(Support support) {
  auto rows = all_syscalls();
  return static_cast<u64>(std::count_if(
      rows.begin(), rows.end(), [&](const Syscall& row) { return row.support == support; }));
}

TEST(SyscallTable, HasEveryNumberOnceAscending) {
  auto rows = all_syscalls();
  ASSERT_EQ(rows.size(), static_cast<u64>(kFirstGap + kLast - kAfterGap + 1));
  int number = 0;
  for (const Syscall& row : rows) {
    EXPECT_EQ(row.number, number) << row.name;
    number = number + 1 == kFirstGap ? kAfterGap : number + 1;
  }
}

TEST(SyscallTable, NamesAreUnique) {
  auto rows = all_syscalls();
  for (const Syscall& row : rows) {
    auto same = [&](const Syscall& other) { return !std::strcmp(other.name, row.name); };
    EXPECT_EQ(std::count_if(rows.begin(), rows.end(), same), 1) << row.name;
  }
}

TEST(SyscallTable, WhatIsNotFullSaysWhy) {
  for (const Syscall& row : all_syscalls()) {
    bool has_note = row.note[0] && std::strcmp(row.note, "unassigned");
    EXPECT_EQ(has_note, row.support != Support::kFull) << row.name;
  }
}

TEST(SyscallTable, RowsOfOneKindLookAlike) {
  for (const Syscall& row : all_syscalls()) {
    bool works = row.support == Support::kFull || row.support == Support::kPartial;
    EXPECT_EQ(row.handler != nullptr, row.support != Support::kUnsupported) << row.name;
    EXPECT_EQ(row.arguments != nullptr, works) << row.name;
    EXPECT_LE(row.argument_count, 6) << row.name;
  }
}

TEST(SyscallTable, SupportLevels) {
  EXPECT_GE(count(Support::kFull), 220u);
  RecordProperty("full", static_cast<int>(count(Support::kFull)));
  RecordProperty("partial", static_cast<int>(count(Support::kPartial)));
  RecordProperty("unsupported", static_cast<int>(count(Support::kUnsupported)));
  RecordProperty("refused", static_cast<int>(count(Support::kRefused)));
}

TEST(SyscallTable, FindsByNumber) {
  EXPECT_STREQ(find_syscall(0)->name, "read");
  EXPECT_STREQ(find_syscall(257)->name, "openat");
  EXPECT_STREQ(find_syscall(462)->name, "mseal");
  EXPECT_EQ(find_syscall(336), nullptr);
  EXPECT_EQ(find_syscall(423), nullptr);
  EXPECT_EQ(find_syscall(463), nullptr);
  EXPECT_EQ(find_syscall(~u64{0}), nullptr);
}

TEST(SyscallTable, ArgumentKindsFollowFromTheHandler) {
  const Syscall& write = *find_syscall(1);
  ASSERT_EQ(write.argument_count, 3);
  EXPECT_EQ(write.arguments[0], ArgumentKind::kFd);
  EXPECT_EQ(write.arguments[1], ArgumentKind::kBytes);
  EXPECT_EQ(write.arguments[2], ArgumentKind::kUnsigned64);
}

// --strace takes the number of bytes to show from the next argument.
TEST(SyscallTable, BytesAreFollowedByTheirCount) {
  for (const Syscall& row : all_syscalls()) {
    for (int i = 0; i < row.argument_count; i++) {
      if (row.arguments[i] != ArgumentKind::kBytes) continue;
      ASSERT_LT(i + 1, row.argument_count) << row.name;
      EXPECT_EQ(row.arguments[i + 1], ArgumentKind::kUnsigned64) << row.name;
    }
  }
}

TEST(OpenFlags, ConvertBothWays) {
  for (u64 flag : {abi::kODirect, abi::kOLargefile, abi::kODirectory, abi::kONofollow}) {
    EXPECT_EQ(abi::open_flags_to_guest(abi::open_flags_to_host(flag)), flag);
  }
  EXPECT_EQ(abi::open_flags_to_host(abi::kODirectory), static_cast<u64>(O_DIRECTORY));
  EXPECT_EQ(abi::open_flags_to_host(abi::kOTmpfile), static_cast<u64>(O_TMPFILE));
}

}  // namespace
}  // namespace gantry::runtime
