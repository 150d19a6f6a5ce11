#include <cstdio>
#include <cstring>

#include "emulator/base/bits.h"
#include "emulator/x86/decoder.h"
#include "emulator/x86/opcode.h"

namespace gantry::x86 {
namespace {

constexpr const char* kConditions[] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                       "s", "ns", "p", "np", "l", "ge", "le", "g"};
constexpr const char* kSegments[] = {"es", "cs", "ss", "ds", "fs", "gs"};
constexpr const char* kHighBytes[] = {"ah", "ch", "dh", "bh"};
constexpr const char* kGpr8[] = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"};
constexpr const char* kGpr16[] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};

std::string hex(u64 value) {
  char buffer[24];
  std::snprintf(buffer, sizeof buffer, "0x%llx", static_cast<unsigned long long>(value));
  return buffer;
}

std::string gpr(u8 reg, u8 width) {
  if (reg >= 8) {
    const char* suffix = width == 1 ? "b" : width == 2 ? "w" : width == 4 ? "d" : "";
    return "r" + std::to_string(reg) + suffix;
  }
  if (width == 1) return kGpr8[reg];
  return std::string(width == 8 ? "r" : width == 4 ? "e" : "") + kGpr16[reg];
}

std::string signed_hex(s64 value) {
  return value < 0 ? "-" + hex(-static_cast<u64>(value)) : "+" + hex(static_cast<u64>(value));
}

// The one of "a/b/c" for the operand size, when there are several.
std::string mnemonic_for(const char* text, u8 width) {
  const char* end = std::strchr(text, '/');
  if (!end) return text;
  for (unsigned skip = width == 2 ? 0 : width == 4 ? 1 : 2; skip; skip--) {
    text = end + 1;
    end = strchrnul(text, '/');
  }
  return std::string(text, static_cast<std::size_t>(end - text));
}

std::string prefix(const Insn& insn, const Opcode& row) {
  if (insn.locked()) return "lock ";
  if (!(row.attributes & kString) || !insn.repeated()) return "";
  if (insn.prefixes & kPrefixRepne) return "repne ";
  bool compares = (row.opcode & 0xf6) == 0xa6;  // CMPS and SCAS
  return compares ? "repe " : "rep ";
}

const char* memory_size(u8 width) {
  switch (width) {
    case 1:
      return "byte ptr ";
    case 2:
      return "word ptr ";
    case 4:
      return "dword ptr ";
    case 6:
      return "fword ptr ";
    case 8:
      return "qword ptr ";
    case 10:
      return "tbyte ptr ";
    case 16:
      return "xmmword ptr ";
    case 32:
      return "ymmword ptr ";
    default:
      return "";
  }
}

std::string index_register(const Insn& insn, const Opcode& row) {
  if (!(row.attributes & kVectorIndex)) return gpr(insn.mem.index, insn.mem.address_width);
  bool ymm = insn.width == 32 && row.op[1].method == Method::kVsib;
  return (ymm ? "ymm" : "xmm") + std::to_string(insn.mem.index);
}

std::string memory(const Insn& insn, const Opcode& row, u8 width) {
  const MemoryOperand& mem = insn.mem;
  std::string text = memory_size(width);
  if (mem.segment != kNoRegister) text += std::string(kSegments[mem.segment]) + ":";
  text += "[";
  if (mem.rip_relative) {
    s64 offset = mem.disp - static_cast<s64>(insn.next_rip());
    bool narrow = mem.address_width == 4;
    return text + (narrow ? "eip" : "rip") +
           signed_hex(narrow ? static_cast<s32>(offset) : offset) + "]";
  }
  std::string sum;
  if (mem.base != kNoRegister) sum = gpr(mem.base, mem.address_width);
  if (mem.index != kNoRegister) {
    sum += (sum.empty() ? "" : "+") + index_register(insn, row);
    if (mem.scale) sum += "*" + std::to_string(1 << mem.scale);
  }
  u64 absolute = static_cast<u64>(mem.disp) & width_mask(mem.address_width);
  if (sum.empty()) return text + hex(absolute) + "]";
  return text + sum + (mem.disp ? signed_hex(mem.disp) : "") + "]";
}

std::string operand(const Insn& insn, const Opcode& row, const Operand& op) {
  switch (op.kind) {
    case OperandKind::kNone:
      return "";
    case OperandKind::kGpr:
      return gpr(op.reg, op.width);
    case OperandKind::kHighByte:
      return kHighBytes[op.reg];
    case OperandKind::kMemory:
      return memory(insn, row, op.width);
    case OperandKind::kImmediate:
      return hex(insn.imm & width_mask(op.width));
    case OperandKind::kImmediate2:
      return hex(insn.imm2);
    case OperandKind::kRelative:
      return hex(insn.imm);
    case OperandKind::kXmm:
      return "xmm" + std::to_string(op.reg);
    case OperandKind::kYmm:
      return "ymm" + std::to_string(op.reg);
    case OperandKind::kMmx:
      return "mm" + std::to_string(op.reg);
    case OperandKind::kSt:
      return "st(" + std::to_string(op.reg) + ")";
    case OperandKind::kSegment:
      return kSegments[op.reg];
    case OperandKind::kControl:
      return "cr" + std::to_string(op.reg);
    case OperandKind::kDebug:
      return "dr" + std::to_string(op.reg);
  }
  return "";
}

}  // namespace

std::string mnemonic(const Insn& insn) {
  const Opcode& row = opcodes()[insn.row];
  if (row.map == Map::k1 && row.opcode == 0xe3 && insn.mem.address_width == 4) return "jecxz";
  std::string text = mnemonic_for(row_mnemonic(insn.row), insn.width);
  if (row.attributes & kCc) text += kConditions[static_cast<unsigned>(insn.condition())];
  return text;
}

std::string disassemble(const Insn& insn) {
  const Opcode& row = opcodes()[insn.row];
  std::string text = prefix(insn, row) + mnemonic(insn);
  const char* separator = " ";
  for (const Operand& op : insn.op) {
    if (op.kind == OperandKind::kNone) break;
    text += separator + operand(insn, row, op);
    separator = ", ";
  }
  return text;
}

}  // namespace gantry::x86
