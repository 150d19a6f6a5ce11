// A decoded x86-64 instruction: what the decoder makes and the semantics read.
#pragma once

#include "emulator/base/types.h"

namespace gantry::x86 {

enum class OperandKind : u8 {
  kNone,
  kGpr,         // reg 0..15; with width 1: AL..R15B (REX numbering)
  kHighByte,    // AH, CH, DH, BH: reg is 0..3, the register whose bits 8..15 are meant
  kMemory,      // Insn::mem
  kImmediate,   // Insn::imm, already sign- or zero-extended to 64 bits as the manual says; width is
                // that of the operation where it is sign-extended, else its own
  kImmediate2,  // Insn::imm2 (ENTER, EXTRQ, INSERTQ)
  kRelative,    // Insn::imm holds the absolute target
  kXmm,
  kYmm,
  kMmx,
  kSt,       // x87 stack register, relative to TOP
  kSegment,  // ES CS SS DS FS GS = 0..5
  kControl,
  kDebug,
};

struct Operand {
  OperandKind kind = OperandKind::kNone;
  u8 reg = 0;
  u8 width = 0;  // bytes; 0 where a size has no meaning (LEA's memory operand, FXSAVE's area)

  bool operator==(const Operand&) const = default;
};

constexpr u8 kNoRegister = 0xff;

// seg:[base + index << scale + disp]. RIP-relative operands arrive as an absolute displacement
// (base and index absent, rip_relative set, which only the disassembler needs).
struct MemoryOperand {
  s64 disp = 0;
  u8 base = kNoRegister;
  u8 index = kNoRegister;    // for VSIB the vector register number
  u8 scale = 0;              // shift count, 0..3
  u8 segment = kNoRegister;  // 4 (FS) or 5 (GS) when overridden; the other bases are zero
  u8 address_width = 8;      // bytes: 4 under an address-size prefix
  bool rip_relative = false;

  // RSP and RBP as base mean the stack segment, whose faults are #SS (SDM vol. 1, 3.7.4).
  bool in_stack() const { return (base == 4 || base == 5) && segment == kNoRegister; }

  bool operator==(const MemoryOperand&) const = default;
};

// Conditions as the low four bits of Jcc, SETcc and CMOVcc encode them (SDM vol. 1, appendix B).
enum class Condition : u8 {
  kO,
  kNO,
  kB,
  kAE,
  kE,
  kNE,
  kBE,
  kA,
  kS,
  kNS,
  kP,
  kNP,
  kL,
  kGE,
  kLE,
  kG
};

enum Prefix : u8 {
  kPrefixLock = 1,
  kPrefixRep = 2,    // F3
  kPrefixRepne = 4,  // F2
  kPrefixOpSize = 8,
  kPrefixRexW = 16,
  kPrefixAddressSize = 32,
  kPrefixRex = 64,
  kPrefixVex = 128,
};

struct Insn {
  u64 rip = 0;
  u64 imm = 0;
  MemoryOperand mem;
  Operand op[4];  // destination first, as the manual writes them
  u16 imm2 = 0;
  u16 row = 0;      // index of the row in the opcode table
  u8 length = 0;    // bytes
  u8 width = 0;     // effective operand size in bytes; 1 for byte forms; vector length for VEX
  u8 prefixes = 0;  // Prefix bits that were present (a mandatory prefix of SSE included)
  u8 opcode = 0;    // last opcode byte; its low four bits are the Condition of a cc instruction
  u8 modrm = 0;
  u8 head = 0;              // bytes of prefixes, opcode, ModRM and SIB
  bool aligned = false;     // the row's kAligned: a 16 or 32-byte memory operand must be aligned
  bool ends_block = false;  // the row's kBranch, or a string instruction with REP or REPNE

  // CALL and RET, of blocks that end with a near transfer.
  bool is_near_call() const {
    return ends_block && (opcode == 0xe8 || (opcode == 0xff && (modrm >> 3 & 7) == 2));
  }
  bool is_near_return() const { return ends_block && (opcode == 0xc2 || opcode == 0xc3); }
  // Goes on behind itself, unless it is interrupted.
  bool is_repeated_string() const {
    return ends_block && repeated() && opcode >= 0xa4 && opcode <= 0xaf;
  }

  // Of blocks that end with a direct jump: whether they may also go on behind it. Jcc, LOOP, JRCXZ.
  bool is_conditional_branch() const {
    bool jcc = (opcode & 0xf0) == 0x70 || (opcode & 0xf0) == 0x80;
    return ends_block && (jcc || (opcode >= 0xe0 && opcode <= 0xe3));
  }

  u64 next_rip() const { return rip + length; }
  bool locked() const { return prefixes & kPrefixLock; }
  bool vex() const { return prefixes & kPrefixVex; }
  bool repeated() const { return prefixes & (kPrefixRep | kPrefixRepne); }
  Condition condition() const { return static_cast<Condition>(opcode & 15); }

  bool operator==(const Insn&) const = default;
};

}  // namespace gantry::x86
