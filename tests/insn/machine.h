// A guest CPU and a few pages of memory that execute single instructions, for tests that name what
// random operands seldom hit.
//
// Each instruction runs in the interpreter and, where the host is an x86-64 CPU, on that too, with
// the same state. The test fails when the two differ in registers, flags, memory or fault, so what
// a test expects is what the CPU does. On other hosts the expectations alone are checked.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <initializer_list>
#include <optional>
#include <source_location>
#include <span>

#include "emulator/guest/cpu.h"
#include "emulator/guest/flags.h"
#include "tests/oracle/state.h"

namespace gantry::test {

using enum guest::Gpr;
using guest::kAF, guest::kCF, guest::kOF, guest::kPF, guest::kSF, guest::kZF, guest::kStatusFlags;
using guest::V128, guest::V256, guest::Vector;

// Two pages that are zero, one that cannot be written; nothing is mapped on either side.
constexpr u64 kPage = oracle::kPageSize;
constexpr u64 kData = oracle::kDataBase;
constexpr u64 kReadOnly = oracle::kReadOnlyBase;
constexpr u64 kUnmapped = oracle::kUnmappedBase;
// Where the instructions lie.
constexpr u64 kRip = oracle::kCodeBase + 0x800;

class Machine {
 public:
  using Bytes = std::initializer_list<u8>;
  using Where = std::source_location;

  // Clears the memory: one machine at a time uses it.
  Machine();

  // Executes the instruction, which must complete.
  void run(Bytes bytes, Where where = Where::current());
  // Executes the instruction, which must raise an exception, and returns its vector. cpu.fault is
  // the rest of it.
  Vector fault(Bytes bytes, Where where = Where::current());
  // The two without an expectation: the vector of the exception, if there is one.
  std::optional<Vector> execute(std::span<const u8> bytes, Where where = Where::current());

  // Executes on `cpu` itself and in the interpreter alone, for what the engine looks at:
  // `interrupt` and `exit`. It must not raise an exception.
  void step(Bytes bytes);

  u64& operator[](guest::Gpr reg) { return cpu.gpr[reg]; }
  u64 flags() const { return cpu.flags.bits(); }
  void set_flags(u64 flags) { cpu.set_rflags(flags | guest::kIF | 2); }
  u32 mxcsr_flags() const { return cpu.mxcsr & 0x3f; }
  guest::F80& st(unsigned i) { return cpu.x87.st[(cpu.x87.top + i) & 7]; }
  V256 ymm(unsigned i) const { return {cpu.xmm[i], cpu.ymm_high[i]}; }
  void set_ymm(unsigned i, const V256& value) {
    cpu.xmm[i] = value.low;
    cpu.ymm_high[i] = value.high;
  }
  u16 status() const { return static_cast<u16>(cpu.x87.status | cpu.x87.top << 11); }

  template <typename T>
  T get(u64 address) const {
    T value;
    std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
    return value;
  }
  template <typename T>
  void put(u64 address, const T& value) {
    std::memcpy(reinterpret_cast<void*>(address), &value, sizeof value);
  }

  guest::Cpu cpu;

 private:
  // Names the last instruction in the failures that follow it.
  std::optional<testing::ScopedTrace> trace_;
};

}  // namespace gantry::test
