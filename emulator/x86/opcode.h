// One row of the opcode table. The rows are in opcodes_*.def, in the notation of the manual's
// opcode maps (SDM vol. 2, appendix A); opcodes.def is all of them in order. A row's index is
// Insn::row and also the index of its semantics in interp/ and of its IR emitter.
#pragma once

#include <span>
#include <string_view>

#include "emulator/base/types.h"

namespace gantry::x86 {

// What a row says about its instruction beyond the encoding.
enum Attribute : u32 {
  kLockable = 1 << 0,    // LOCK is allowed with a memory destination
  kBranch = 1 << 1,      // ends a block: writes RIP or may leave the instruction stream
  kString = 1 << 2,      // REP and REPNE are prefixes of it
  kAligned = 1 << 3,     // a 16 or 32-byte memory operand must be aligned to its width, else #GP(0)
  kDefault64 = 1 << 4,   // operand size is 64 bits without REX.W (PUSH, POP): "d64" in the maps
  kPrivileged = 1 << 5,  // #GP(0) at CPL 3
  kForce64 = 1 << 6,     // operand size is 64 bits whatever the prefixes (near branches): "f64"
  kByte = 1 << 7,        // Insn::width is 1 though no operand says so (byte string instructions)
  kIgnoreMod = 1 << 8,   // ModRM.rm is a register whatever ModRM.mod is (MOV to and from CR and DR)
  kCc = 1 << 9,          // sixteen opcodes, whose low four bits are the Condition
  kNoSegment = 1 << 10,  // the address is a number and no access (LEA): overrides are ignored

  // Derived from the operands when the table is built.
  kHasModRm = 1 << 16,
  kUsesVvvv = 1 << 17,        // VEX.vvvv is an operand; where it is not, it must be 1111b
  kOpcodeRegister = 1 << 18,  // eight opcodes, whose low three bits are a register
  kVectorIndex = 1 << 19,     // the memory operand has a vector index: gathers
  kIgnore66 = 1 << 20,        // 66 says nothing about operand size (mandatory, or only REX.W does)
  kFixedWidth = 1 << 21,      // Insn::width is no operand size
};

// The opcode maps: what precedes the opcode byte.
enum class Map : u8 { k1, k0F, k0F38, k0F3A, kV0F, kV0F38, kV0F3A };
constexpr unsigned kMapCount = 7;

// Which prefixes a row wants, as a set of alternatives for each dimension. No bit of a dimension
// means that it does not matter. Mandatory prefixes: F2 and F3 hide 66 (SDM vol. 2, 2.1.2).
enum PrefixRule : u8 {
  NP = 1,
  P66 = 2,
  PF3 = 4,
  PF2 = 8,
  W0 = 16,
  W1 = 32,
  L0 = 64,
  L1 = 128,
  B0 = L0,  // REX.B, which only NOP and PAUSE ask for; legacy encodings have no vector length
  B1 = L1,
};

enum class ModRmRule : u8 {
  kAny,
  kDigit,          // ModRM.reg is `value`
  kMemoryDigit,    // and ModRM.mod is not 3
  kRegisterDigit,  // and ModRM.mod is 3
  kMemory,
  kRegister,
  kExact,  // the whole byte is `value`
};

// How an operand is encoded: the letters of SDM vol. 2, appendix A.2.1.
enum class Method : u8 {
  kNone,
  kE,         // ModRM.rm: general register or memory
  kG,         // ModRM.reg: general register
  kM,         // ModRM.rm: memory only
  kR,         // ModRM.rm: general register only
  kZ,         // low three bits of the opcode: general register
  kB,         // VEX.vvvv: general register
  kV,         // ModRM.reg: XMM or YMM
  kW,         // ModRM.rm: XMM, YMM or memory
  kU,         // ModRM.rm: XMM or YMM only
  kH,         // VEX.vvvv: XMM or YMM
  kL,         // bits 7..4 of an immediate byte: XMM or YMM
  kP,         // ModRM.reg: MMX
  kQ,         // ModRM.rm: MMX or memory
  kN,         // ModRM.rm: MMX only
  kI,         // immediate, zero-extended
  kIs,        // immediate, sign-extended to the operand size
  kI2,        // second immediate byte
  kJ,         // relative branch target
  kO,         // memory at an absolute address, no ModRM
  kS,         // ModRM.reg: segment register
  kC,         // ModRM.reg: control register
  kD,         // ModRM.reg: debug register
  kVsib,      // memory with a vector index as long as the instruction's vectors
  kVsibHalf,  // memory with an XMM index whatever the vector length
  kRax,       // AL, AX, EAX, RAX
  kCl,
  kDx,
  kOne,  // the constant 1, an immediate that has no bytes
  kXmm0,
  kSt0,
  kSti,  // low three bits of ModRM
  kFs,
  kGs,
};

// How wide an operand is: the lower-case letters of SDM vol. 2, appendix A.2.2. Register and memory
// form may differ; kOperandSizes in operand_forms.h has the bytes.
enum class Size : u8 {
  kNone,
  kB,
  kW,
  kD,
  kQ,
  kV,      // operand size: 2, 4, 8
  kZ,      // operand size, at most 4
  kY,      // 4, or 8 under REX.W
  kP,      // far pointer: 16-bit selector after an offset of operand size
  kT,      // 10 bytes: extended real, packed decimal, descriptor table register
  kEnv,    // x87 environment: 14 or 28 bytes
  kState,  // x87 state: 94 or 108 bytes
  kDMb,    // 4-byte register, 1-byte memory
  kDMw,    // 4-byte register, 2-byte memory
  kVMw,    // register of operand size, 2-byte memory
  kMmx,    // 8
  kMmxD,   // MMX register, 4-byte memory
  kSb,     // XMM register, 1-byte memory; kSw, kSs, kSd: 2, 4, 8 bytes
  kSw,
  kSs,
  kSd,
  kDq,    // XMM register, 16-byte memory, whatever the vector length
  kQq,    // YMM register, 32-byte memory
  kX,     // vector length
  kHalf,  // XMM register, memory of half the vector length; kQuarter, kEighth
  kQuarter,
  kEighth,
  kDup,  // MOVDDUP: vector register, 8 or 32-byte memory
};

struct OperandSpec {
  Method method = Method::kNone;
  Size size = Size::kNone;

  bool operator==(const OperandSpec&) const = default;
};

struct Opcode {
  OperandSpec op[4];
  u32 attributes = 0;
  Map map = Map::k1;
  u8 opcode = 0;
  u8 prefixes = 0;  // PrefixRule bits
  ModRmRule modrm = ModRmRule::kAny;
  u8 modrm_value = 0;

  // Derived, for the decoder. By 66 and REX.W (bit 0 and 1 of the index): Insn::width, which
  // doubles under VEX.L, and the operand size as 0, 1, 2 for 16, 32, 64 bits.
  u8 widths[4] = {};
  u8 columns[4] = {};
  u32 forms = 0;  // indices of the operands in kOperandForms, the first in the low byte
};

// All rows, in order.
std::span<const Opcode> opcodes();

// The row's mnemonic. Alternatives for 16, 32 and 64-bit operand size are separated by slashes
// ("cbw/cwde/cdqe"); a kCc row's lacks the condition.
const char* row_mnemonic(unsigned row);

// The name in SEM(NAME) or NO_SEM(NAME), and which of the two the row has.
const char* row_semantics(unsigned row);
bool row_has_semantics(unsigned row);
// Whether that name is one of these.
bool row_is_one_of(unsigned row, std::span<const std::string_view> names);

}  // namespace gantry::x86
