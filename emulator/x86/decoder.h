// The decoder: bytes to Insn, driven by the opcode table.
#pragma once

#include <span>
#include <string>

#include "emulator/x86/insn.h"

namespace gantry::x86 {

constexpr unsigned kMaxInsnLength = 15;

enum class DecodeStatus : u8 {
  kOk,
  kTruncated,  // more bytes than `code` holds are needed to know
  kInvalid,    // no row, or a prefix or operand form that the row refuses: #UD
  kTooLong,    // more than 15 bytes: #GP(0) (SDM vol. 2, section 2.3.11)
};

// Decodes the instruction at the start of `code`, which lies at guest address `rip`.
DecodeStatus decode(std::span<const u8> code, u64 rip, Insn& insn);

// Intel syntax, as Zydis and objdump -M intel write it; for traces and crash reports.
std::string disassemble(const Insn& insn);

// The mnemonic alone, without prefixes.
std::string mnemonic(const Insn& insn);

}  // namespace gantry::x86
