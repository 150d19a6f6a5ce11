// The memory that instructions write, so that they can be executed more than once.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "emulator/guest/cpu.h"
#include "emulator/x86/insn.h"

namespace gantry::engine {

class MemoryLog {
 public:
  // False for an instruction whose writes are not foreseen by add().
  static bool foresees(const x86::Insn& insn);

  void clear();
  // Notes what the instruction, which is about to be executed, will write.
  void add(guest::Cpu& cpu, const x86::Insn& insn);

  // What memory holds now is what the instructions have made of it.
  void capture();
  // Memory becomes what it was before them.
  void restore() const;

  bool is_as_before() const;
  // Whether memory is what was captured.
  bool is_as_captured() const;
  // The bytes that are not as captured: "memory 0x1000: 01 02, 01 03", captured and now.
  std::string differences() const;

 private:
  struct Range {
    u64 address;
    u64 size;
    u64 offset;  // in before_ and captured_
  };
  // A repeated string instruction that writes more is not compared.
  static constexpr u64 kMaxSize = 1 << 20;

  void add_range(guest::Cpu& cpu, u64 address, u64 size);
  void add_string(guest::Cpu& cpu, const x86::Insn& insn);
  bool holds(const std::vector<u8>& bytes) const;

  std::vector<Range> ranges_;
  std::vector<u8> before_, captured_;
};

}  // namespace gantry::engine
