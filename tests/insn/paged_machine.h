// A CPU with a few pages of memory that executes single instructions, for tests that name what
// random operands seldom hit. It runs on every host.
#pragma once

#include <initializer_list>

#include "emulator/guest/cpu.h"

namespace gantry::test {

class PagedMachine {
 public:
  static constexpr u64 kPage = 4096;
  static constexpr u64 kRip = 0x401000;

  // `pages` pages of zeros, and an unmapped page before and after them.
  explicit PagedMachine(unsigned pages = 2);
  ~PagedMachine();
  PagedMachine(const PagedMachine&) = delete;
  PagedMachine& operator=(const PagedMachine&) = delete;

  // Executes one instruction at kRip. False when it raised a fault, which is in cpu.fault then.
  bool run(std::initializer_list<u8> bytes);

  u64 data() const { return data_; }
  u64 data_end() const { return data_end_; }
  template <typename T>
  T& at(u64 address) {
    return *reinterpret_cast<T*>(address);
  }

  guest::Cpu cpu;

 private:
  u64 data_ = 0;
  u64 data_end_ = 0;
};

}  // namespace gantry::test
