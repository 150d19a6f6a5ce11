// One guest CPU and some memory of its own, to run single instructions in the interpreter.
#pragma once

#include <csetjmp>
#include <initializer_list>
#include <optional>

#include "emulator/guest/cpu.h"
#include "emulator/interp/eval.h"
#include "emulator/x86/decoder.h"

namespace gantry::test {

class Machine {
 public:
  // Decodes and executes; the vector of the exception, if one was raised.
  std::optional<guest::Vector> run(std::initializer_list<u8> bytes) {
    u8 code[x86::kMaxInsnLength + 1] = {};
    std::copy(bytes.begin(), bytes.end(), code);
    x86::Insn insn;
    if (x86::decode(code, cpu.rip, insn) != x86::DecodeStatus::kOk) {
      return guest::Vector::kInvalidOpcode;
    }
    std::jmp_buf recovery;
    cpu.recovery = &recovery;
    if (_setjmp(recovery) != 0) return cpu.fault.vector;
    interp::handler_for(insn)(cpu, insn);
    return std::nullopt;
  }

  // Points RDI, the address operand of the tests, at `memory`.
  template <typename T>
  void point_at(T& memory) {
    cpu.gpr[guest::kRdi] = reinterpret_cast<u64>(&memory);
  }

  u64 flags() const { return cpu.flags.bits(); }
  u32 mxcsr_flags() const { return cpu.mxcsr & 0x3f; }
  guest::F80& st(unsigned i) { return cpu.x87.st[(cpu.x87.top + i) & 7]; }
  u16 status() const { return static_cast<u16>(cpu.x87.status | cpu.x87.top << 11); }

  guest::Cpu cpu;
};

constexpr auto kNoFault = std::optional<guest::Vector>{};

}  // namespace gantry::test
