#include "emulator/interp/alignment.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "emulator/interp/eval.h"
#include "emulator/semantics/bit.h"
#include "emulator/semantics/string.h"
#include "emulator/x86/opcode.h"

namespace gantry::interp {
namespace {

using Name = std::string_view;
using Names = std::span<const Name>;

// No access at all, none by the CPU itself (Linux executes them), or #UD and #GP before any.
constexpr Name kWithoutAccess[] = {"NOP",  "PREFETCH", "LEA",  "UD",  "PRIVILEGED",
                                   "SGDT", "SIDT",     "SLDT", "STR", "SMSW"};
constexpr Name kBitTests[] = {"BT", "BTS", "BTR", "BTC"};
constexpr Name kFarPointers[] = {"LOAD_FAR", "JMP_FAR", "CALL_FAR"};
constexpr Name kPushes[] = {"PUSH", "PUSHF", "CALL_NEAR", "CALL_FAR", "ENTER"};
constexpr Name kPops[] = {"POP", "POPF", "RET", "RET_FAR", "IRET"};
constexpr Name kSourceStrings[] = {"MOVS", "LODS"};
constexpr Name kDestinationStrings[] = {"MOVS", "STOS", "SCAS", "CMPS"};
constexpr Name kMaskedMoves[] = {"MASKMOVQ", "MASKMOVDQU"};
constexpr Name kFxStates[] = {"FXSAVE", "FXRSTOR"};
constexpr Name kWithoutWait[] = {"FSTENV", "FSTCW", "FSAVE", "FSTSW"};

bool is_one_of(Name name, Names names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The alignment that an operand of `width` bytes must have; 1 where every address will do, as for
// vectors.
unsigned alignment_of(unsigned width) {
  constexpr unsigned kExtended = 10, kEnvironment16 = 14, kState16 = 94, kEnvironment = 28,
                     kState = 108;
  switch (width) {
    case 2:
    case 4:
    case 8:
      return width;
    case kExtended:
      return 8;
    case kEnvironment16:
    case kState16:
      return 2;
    case kEnvironment:
    case kState:
      return 4;
    default:
      return 1;
  }
}

// The accesses of one instruction in their order, up to the first that is not aligned.
class Accesses {
 public:
  Accesses(Cpu& cpu, const Insn& insn)
      : cpu_(cpu), insn_(insn), b_(cpu), name_(x86::row_semantics(insn.row)) {}

  bool are_misaligned() {
    if (insn_.op[0].kind == OperandKind::kMemory && name_ == "POP") {
      return stack() || access(popped_to(), insn_.width);
    }
    return operands() || stack() || strings();
  }

 private:
  // An aligned access is made, as a later one may be misaligned.
  bool access(u64 address, unsigned alignment) {
    if (guest::is_canonical(address) && (address & (alignment - 1)) != 0) return true;
    last_ = address;
    return false;
  }
  // Before another access: what the last one raises comes first.
  void touch() {
    if (last_ != 0) guest::load<u8>(cpu_, last_);
  }

  bool operands() {
    for (unsigned n = 0; n < 4; n++) {
      if (insn_.op[n].kind == OperandKind::kMemory) return access(operand_address(), alignment(n));
    }
    if (is_one_of(name_, kMaskedMoves)) return access(sem::destination_address(b_, insn_), 8);
    return false;
  }
  u64 operand_address() {
    if (!is_one_of(name_, kBitTests)) return b_.address(insn_);
    return b_.operand_address(insn_, sem::bit_place(b_, insn_).delta, 0);
  }
  unsigned alignment(unsigned n) const {
    if (is_one_of(name_, kFxStates)) return 4;
    return alignment_of(is_one_of(name_, kFarPointers) ? insn_.width : insn_.op[n].width);
  }

  bool stack() {
    u64 rsp = cpu_.gpr[guest::kRsp];
    if (is_one_of(name_, kPushes)) return then(rsp - insn_.width, insn_.width);
    if (is_one_of(name_, kPops)) return then(rsp, insn_.width);
    if (name_ == "POP_SEG") return then(rsp, 2);
    if (name_ == "LEAVE") return then(cpu_.gpr[guest::kRbp], insn_.width);
    return false;
  }
  // POP to memory addresses it with the incremented RSP.
  u64 popped_to() {
    touch();
    u64 adjustment = insn_.mem.base == guest::kRsp ? insn_.width : 0;
    return b_.operand_address(insn_, adjustment, guest::kFaultWrite);
  }

  bool strings() {
    bool from = is_one_of(name_, kSourceStrings), to = is_one_of(name_, kDestinationStrings);
    if (!(from || to) || (insn_.repeated() && count() == 0)) return false;
    if (from && access(sem::source_address(b_, insn_), insn_.width)) return true;
    if (to && then(sem::destination_address(b_, insn_), insn_.width)) return true;
    return name_ == "CMPS" && then(sem::source_address(b_, insn_), insn_.width);
  }
  u64 count() { return b_.zext(sem::address_width(insn_), cpu_.gpr[guest::kRcx]); }

  bool then(u64 address, unsigned alignment) {
    bool misaligned = (address & (alignment - 1)) != 0;
    if (misaligned) touch();
    return access(address, alignment);
  }

  Cpu& cpu_;
  const Insn& insn_;
  Eval<> b_;
  Name name_;
  u64 last_ = 0;
};

// An earlier floating-point exception that this instruction reports first.
bool reports_x87(const Cpu& cpu, const Insn& i, Name name) {
  constexpr u16 kErrorSummary = 1 << 7;
  if (!(cpu.x87.status & kErrorSummary)) return false;
  for (const x86::Operand& operand : i.op) {
    if (operand.kind == OperandKind::kMmx) return true;
  }
  bool is_x87 = x86::opcodes()[i.row].map == x86::Map::k1 && (i.opcode & 0xf8) == 0xd8;
  return is_x87 && !is_one_of(name, kWithoutWait);
}

}  // namespace

bool alignment_fault(Cpu& cpu, const Insn& insn) {
  Name name = x86::row_semantics(insn.row);
  if (is_one_of(name, kWithoutAccess) || reports_x87(cpu, insn, name)) return false;
  return Accesses(cpu, insn).are_misaligned();
}

}  // namespace gantry::interp
