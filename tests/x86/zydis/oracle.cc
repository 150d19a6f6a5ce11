#include "tests/x86/zydis/oracle.h"

#include <cstdio>
#include <cstring>

#include "emulator/base/bits.h"
#include "emulator/x86/opcode.h"
#include "tests/x86/zydis/accepted_differences.h"

namespace gantry::x86 {
namespace {

constexpr u64 kAddress = 0x7f1234567000;

struct RegisterName {
  OperandKind kind;
  u8 reg;
  u8 width;
};

u8 class_width(ZydisRegisterClass register_class) {
  switch (register_class) {
    case ZYDIS_REGCLASS_GPR8:
      return 1;
    case ZYDIS_REGCLASS_GPR16:
      return 2;
    case ZYDIS_REGCLASS_GPR32:
      return 4;
    default:
      return 8;
  }
}

RegisterName register_name(ZydisRegister reg) {
  u8 id = static_cast<u8>(ZydisRegisterGetId(reg));
  ZydisRegisterClass register_class = ZydisRegisterGetClass(reg);
  switch (register_class) {
    case ZYDIS_REGCLASS_GPR8:
      if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH) {
        return {OperandKind::kHighByte, static_cast<u8>(reg - ZYDIS_REGISTER_AH), 1};
      }
      return {OperandKind::kGpr, static_cast<u8>(reg >= ZYDIS_REGISTER_SPL ? id - 4 : id), 1};
    case ZYDIS_REGCLASS_GPR16:
    case ZYDIS_REGCLASS_GPR32:
    case ZYDIS_REGCLASS_GPR64:
      return {OperandKind::kGpr, id, class_width(register_class)};
    case ZYDIS_REGCLASS_XMM:
      return {OperandKind::kXmm, id, 16};
    case ZYDIS_REGCLASS_YMM:
      return {OperandKind::kYmm, id, 32};
    case ZYDIS_REGCLASS_MMX:
      return {OperandKind::kMmx, id, 8};
    case ZYDIS_REGCLASS_X87:
      return {OperandKind::kSt, id, 10};
    case ZYDIS_REGCLASS_SEGMENT:
      return {OperandKind::kSegment, id, 2};
    case ZYDIS_REGCLASS_CONTROL:
      return {OperandKind::kControl, id, 8};
    case ZYDIS_REGCLASS_DEBUG:
      return {OperandKind::kDebug, id, 8};
    default:
      return {OperandKind::kNone, id, 0};
  }
}

u8 register_number(ZydisRegister reg) {
  return reg == ZYDIS_REGISTER_NONE ? kNoRegister : static_cast<u8>(ZydisRegisterGetId(reg));
}

u8 segment_override(ZydisRegister reg) {
  if (reg == ZYDIS_REGISTER_FS) return 4;
  return reg == ZYDIS_REGISTER_GS ? 5 : kNoRegister;
}

u8 scale_shift(u8 scale) {
  u8 shift = 0;
  for (; scale > 1; scale >>= 1) shift++;
  return shift;
}

bool is_instruction_pointer(ZydisRegister reg) {
  return reg == ZYDIS_REGISTER_RIP || reg == ZYDIS_REGISTER_EIP;
}

}  // namespace

Oracle::Oracle() {
  ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  for (ZydisDecoderMode mode : {ZYDIS_DECODER_MODE_MPX, ZYDIS_DECODER_MODE_CLDEMOTE}) {
    ZydisDecoderEnableMode(&decoder_, mode, ZYAN_FALSE);
  }
}

void Oracle::compare(const ByteString& string) {
  compared_++;
  std::span<const u8> code(string.bytes.data(), string.size);
  DecodeStatus status = decode(code, kAddress, ours_);
  ZyanStatus zydis =
      ZydisDecoderDecodeFull(&decoder_, code.data(), code.size(), &theirs_, operands_);
  if (status != DecodeStatus::kOk || !ZYAN_SUCCESS(zydis)) {
    return compare_refusal(string, status, ZYAN_SUCCESS(zydis));
  }
  accepted_++;
  compare_instruction(string);
}

void Oracle::compare_refusal(const ByteString& string, DecodeStatus status, bool zydis_accepts) {
  if (status == DecodeStatus::kOk) return record("only we accept", string);
  if (!zydis_accepts) return;
  const char* reason = refused_alone(theirs_);
  if (!reason) return record("only Zydis accepts", string);
  explained_[reason]++;
}

void Oracle::compare_instruction(const ByteString& string) {
  if (const char* what = first_difference()) record(what, string);
}

const char* Oracle::first_difference() {
  if (ours_.length != theirs_.length) return "length";
  if (!same_mnemonic()) return "mnemonic";
  if (!same_prefixes()) return "prefixes";
  if (!same_width()) return "width";
  if (!same_attributes()) return "attributes";
  return compare_operands();
}

// For string instructions the address of the implicit source as well.
bool Oracle::same_prefixes() const {
  constexpr u64 kRepeats = ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
  if (ours_.locked() != !!(theirs_.attributes & ZYDIS_ATTRIB_HAS_LOCK)) return false;
  if (!(opcodes()[ours_.row].attributes & kString)) return true;
  return ours_.repeated() == !!(theirs_.attributes & kRepeats) &&
         ours_.mem.address_width * 8 == theirs_.address_width;
}

// Insn::width where it is an operand size that somebody reads, and not a vector length.
bool Oracle::same_width() const {
  const Opcode& row = opcodes()[ours_.row];
  bool unread =
      (row.attributes & (kPrivileged | kIgnore66)) || theirs_.mnemonic == ZYDIS_MNEMONIC_NOP;
  if (row.attributes & kFixedWidth && ours_.width > 1) return true;
  return unread || ours_.width * 8 == theirs_.operand_width;
}

bool Oracle::same_attributes() const {
  u32 attributes = opcodes()[ours_.row].attributes;
  bool branch = theirs_.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE;
  bool privileged = theirs_.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED;
  return (!branch || (attributes & kBranch)) && (!privileged || (attributes & kPrivileged));
}

bool Oracle::same_mnemonic() {
  u64 key = u64{ours_.row} << 40 | u64{ours_.width} << 32 | u64{ours_.opcode} << 24 |
            u64{ours_.mem.address_width} << 16 | static_cast<u64>(theirs_.mnemonic);
  auto [entry, fresh] = mnemonics_.try_emplace(key, false);
  if (fresh) {
    entry->second = equal_mnemonics(mnemonic(ours_), ZydisMnemonicGetString(theirs_.mnemonic));
  }
  return entry->second;
}

// ST(0) and XMM0 are operands of ours where Zydis calls them hidden.
const char* Oracle::compare_operands() {
  unsigned visible = theirs_.operand_count_visible, first = 0, count = 0;
  for (; count < 4 && ours_.op[count].kind != OperandKind::kNone; count++) {
  }
  if (leaves_operands_out(ours_)) return nullptr;
  if (count == visible + 1) {
    if (ours_.op[0].kind == OperandKind::kSt) first = 1;
    if (opcodes()[ours_.row].op[count - 1].method == Method::kXmm0) count--;
  }
  if (count - first != visible) return "operand count";
  static const char* const kNames[] = {"operand 1", "operand 2", "operand 3", "operand 4"};
  for (unsigned i = 0; i < visible; i++) {
    if (!same_operand(ours_.op[i + first], operands_[i])) return kNames[i];
  }
  return nullptr;
}

bool Oracle::excused(const char* reason) {
  if (reason) explained_[reason]++;
  return reason;
}

bool Oracle::same_operand(const Operand& ours, const ZydisDecodedOperand& theirs) {
  switch (theirs.type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
      return same_register(ours, theirs);
    case ZYDIS_OPERAND_TYPE_MEMORY:
      return ours.kind == OperandKind::kMemory && same_memory(theirs) &&
             same_width(ours, theirs.size);
    case ZYDIS_OPERAND_TYPE_IMMEDIATE:
      return same_immediate(ours, theirs);
    default:
      return false;
  }
}

bool Oracle::same_width(const Operand& ours, unsigned bits) {
  return ours.width * 8u == bits || excused(width_differs(ours_, ours));
}

bool Oracle::same_register(const Operand& ours, const ZydisDecodedOperand& theirs) {
  RegisterName name = register_name(theirs.reg.value);
  return name.kind == ours.kind && name.reg == ours.reg && same_width(ours, name.width * 8);
}

bool Oracle::same_memory(const ZydisDecodedOperand& theirs) {
  const MemoryOperand& mem = ours_.mem;
  if (mem.segment != segment_override(theirs.mem.segment)) return false;
  if (mem.address_width * 8 != theirs_.address_width) return false;
  if (is_instruction_pointer(theirs.mem.base)) {
    ZyanU64 target = 0;
    ZydisCalcAbsoluteAddress(&theirs_, &theirs, kAddress, &target);
    return mem.rip_relative && mem.base == kNoRegister && static_cast<u64>(mem.disp) == target;
  }
  bool same_base = mem.base == register_number(theirs.mem.base);
  if (!same_base && excused(base_differs(ours_, theirs.mem.base))) return true;
  return same_base && mem.index == register_number(theirs.mem.index) && !mem.rip_relative &&
         mem.scale == scale_shift(theirs.mem.scale) && same_displacement(theirs);
}

// Under an address-size prefix only the low half counts.
bool Oracle::same_displacement(const ZydisDecodedOperand& theirs) const {
  u64 mask = width_mask(ours_.mem.address_width);
  return (static_cast<u64>(ours_.mem.disp) & mask) ==
         (static_cast<u64>(theirs.mem.disp.value) & mask);
}

bool Oracle::same_immediate(const Operand& ours, const ZydisDecodedOperand& theirs) const {
  if (theirs.imm.is_relative) {
    ZyanU64 target = 0;
    ZydisCalcAbsoluteAddress(&theirs_, &theirs, kAddress, &target);
    return ours.kind == OperandKind::kRelative && ours_.imm == target;
  }
  if (ours.kind == OperandKind::kImmediate2) return ours_.imm2 == theirs.imm.value.u;
  u64 mask = width_mask(ours.width);
  return ours.kind == OperandKind::kImmediate && (ours_.imm & mask) == (theirs.imm.value.u & mask);
}

void Oracle::record(const char* what, const ByteString& string) {
  bool zydis_only = !std::strcmp(what, "only Zydis accepts");
  std::string name = zydis_only ? ZydisMnemonicGetString(theirs_.mnemonic) : mnemonic(ours_);
  Difference& difference = differences_[std::string(what) + ": " + name];
  if (difference.count++ == 0) difference.example = describe(string);
}

std::string Oracle::describe(const ByteString& string) const {
  std::string text;
  for (unsigned i = 0; i < 15; i++) {
    char buffer[4];
    std::snprintf(buffer, sizeof buffer, "%02x ", string.bytes[i]);
    text += buffer;
  }
  char zydis[128] = "refused";
  ZydisFormatter formatter;
  ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
  if (theirs_.length) {
    ZydisFormatterFormatInstruction(&formatter, &theirs_, operands_, theirs_.operand_count_visible,
                                    zydis, sizeof zydis, kAddress, nullptr);
  }
  text += ours_.length ? "| " + disassemble(ours_) : "| refused";
  return text + " (" + std::to_string(ours_.length) + ") | " + zydis + " (" +
         std::to_string(theirs_.length) + ")";
}

std::string Oracle::report() const {
  std::string text;
  for (const auto& [what, difference] : differences_) {
    text += what + ": " + std::to_string(difference.count) + "\n    " + difference.example + "\n";
  }
  return text;
}

std::string Oracle::explained_report() const {
  std::string text;
  for (const auto& [reason, count] : explained_) {
    text += std::to_string(count) + "  " + std::string(reason) + "\n";
  }
  return text;
}

}  // namespace gantry::x86
