#include "emulator/interp/alignment.h"

#include <array>
#include <bit>
#include <string_view>

#include "emulator/interp/eval.h"
#include "emulator/semantics/bit.h"
#include "emulator/semantics/string.h"
#include "emulator/x86/opcode.h"

namespace gantry::interp {
namespace {

using Name = std::string_view;

// No access at all, none by the CPU itself (Linux executes them), #UD and #GP before any, or an
// access that Intel's cores do not check.
constexpr Name kUnchecked[] = {"NOP",        "PREFETCH",   "LEA",        "UD",         "PRIVILEGED",
                               "SGDT",       "SIDT",       "SLDT",       "STR",        "SMSW",
                               "VGATHERDPS", "VGATHERDPD", "VGATHERQPS", "VGATHERQPD", "VPGATHERDD",
                               "VPGATHERDQ", "VPGATHERQD", "VPGATHERQQ", "VCVTPH2PS",  "VCVTPS2PH"};
constexpr Name kBitTests[] = {"BT", "BTS", "BTR", "BTC"};
constexpr Name kFarPointers[] = {"LOAD_FAR", "JMP_FAR", "CALL_FAR"};
constexpr Name kPushes[] = {"PUSH", "PUSHF", "CALL_NEAR"};
constexpr Name kPops[] = {"POP", "POPF", "RET", "IRET"};
constexpr Name kSourceStrings[] = {"MOVS", "LODS"};
constexpr Name kDestinationStrings[] = {"MOVS", "STOS", "SCAS", "CMPS"};
constexpr Name kMaskedMoves[] = {"MASKMOVQ", "MASKMOVDQU"};
constexpr Name kStates[] = {"FXSAVE", "FXRSTOR", "XSAVE", "XSAVEOPT", "XSAVEC", "XRSTOR"};
constexpr Name kWithoutWait[] = {"FSTENV", "FSTCW", "FSAVE", "FSTSW"};
constexpr Name kX87Stores[] = {"FST", "FSTP", "FIST", "FISTP", "FISTTP", "FBSTP"};

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
    if (name_ == "ENTER") return enter();
    if (name_ == "CALL_FAR") return call_far();
    if (name_ == "POP" && insn_.op[0].kind == OperandKind::kMemory) return pop_to_memory();
    return operands() || stack() || strings();
  }

 private:
  static bool misaligned(u64 address, unsigned alignment) {
    return guest::is_canonical(address) && (address & (alignment - 1)) != 0;
  }
  // What an access raises that comes before a misaligned one.
  void touch_operand() { b_.load(1, b_.operand_address(insn_, 0)); }
  void touch_stack(u64 address) { b_.load_stack(1, address); }

  u64 address(u64 delta) {
    u64 offset = b_.effective_offset(insn_) + delta;
    return b_.zext(insn_.mem.address_width, offset) + b_.segment_base(insn_);
  }
  bool has_memory_operand(unsigned n) const { return insn_.op[n].kind == OperandKind::kMemory; }

  bool operands() {
    if (x86::row_is_one_of(insn_.row, kMaskedMoves)) {
      u64 offset = b_.zext(sem::address_width(insn_), cpu_.gpr[guest::kRdi]);
      return misaligned(offset + b_.segment_base(insn_), 8);
    }
    u64 delta = x86::row_is_one_of(insn_.row, kBitTests) ? sem::bit_place(b_, insn_).delta : 0;
    for (unsigned n = 0; n < 4; n++) {
      if (has_memory_operand(n)) return misaligned(address(delta), alignment(n));
    }
    return false;
  }
  unsigned alignment(unsigned n) const {
    if (x86::row_is_one_of(insn_.row, kStates)) return 4;
    return alignment_of(x86::row_is_one_of(insn_.row, kFarPointers) ? insn_.width
                                                                    : insn_.op[n].width);
  }

  bool stack() {
    u64 rsp = cpu_.gpr[guest::kRsp];
    if (x86::row_is_one_of(insn_.row, kPushes)) {
      if (!misaligned(rsp - insn_.width, insn_.width)) return false;
      if (has_memory_operand(0)) touch_operand();
      return true;
    }
    if (x86::row_is_one_of(insn_.row, kPops)) return misaligned(rsp, insn_.width);
    if (name_ == "POP_SEG") return misaligned(rsp, 2);
    if (name_ == "RET_FAR") return return_far(rsp);
    return name_ == "LEAVE" && misaligned(cpu_.gpr[guest::kRbp], insn_.width);
  }

  // The destination is addressed with the incremented RSP.
  bool pop_to_memory() {
    u64 rsp = cpu_.gpr[guest::kRsp], adjustment = insn_.mem.base == guest::kRsp ? insn_.width : 0;
    if (misaligned(rsp, insn_.width)) return true;
    if (!misaligned(address(adjustment), insn_.width)) return false;
    touch_stack(rsp);
    return true;
  }

  // A selector that is refused is found out before the return address is written.
  bool call_far() {
    if (operands()) return true;
    if (!misaligned(cpu_.gpr[guest::kRsp], insn_.width)) return false;
    touch_operand();
    u64 selector = b_.load(2, b_.operand_address(insn_, insn_.width, 0));
    return (selector | 3) == guest::kUserCs;
  }

  // The selector is read first.
  bool return_far(u64 rsp) {
    if (misaligned(rsp, 2)) return true;
    if (!misaligned(rsp, insn_.width)) return false;
    b_.load_stack(2, rsp + insn_.width);
    return true;
  }

  // RBP, the enclosing frames' links and the new top of the stack, each written before the next is
  // looked at.
  bool enter() {
    unsigned w = insn_.width, level = insn_.imm2 & 31;
    u64 frame = cpu_.gpr[guest::kRsp] - w, rbp = cpu_.gpr[guest::kRbp];
    if (misaligned(frame, w)) return true;
    bool links = level > 1 && misaligned(rbp - w, w);
    if (!links && !misaligned(frame - level * w - static_cast<u16>(insn_.imm), w)) return false;
    b_.store_stack(w, frame, rbp);
    if (links) return true;
    for (unsigned n = 1; n < level; n++) {
      b_.store_stack(w, frame - n * w, b_.load_stack(w, rbp - n * w));
    }
    if (level > 0) b_.store_stack(w, frame - level * w, frame);
    return true;
  }

  // A string instruction narrows the registers before its first access.
  bool strings() {
    bool from = x86::row_is_one_of(insn_.row, kSourceStrings),
         to = x86::row_is_one_of(insn_.row, kDestinationStrings);
    if (!(from || to) || (insn_.repeated() && b_.is_zero(count()))) return false;
    u64 source = sem::source_address(b_, insn_), destination = sem::destination_address(b_, insn_);
    bool first = misaligned(from ? source : destination, insn_.width);
    bool both = name_ == "MOVS" || name_ == "CMPS";
    if (!first && !(both && misaligned(from ? destination : source, insn_.width))) return false;
    if (insn_.repeated()) narrow_registers();
    if (!first) b_.load(1, b_.checked(insn_, from ? source : destination, 0));
    return true;
  }
  u64 count() { return b_.zext(sem::address_width(insn_), cpu_.gpr[guest::kRcx]); }
  void narrow_registers() {
    unsigned w = sem::address_width(insn_);
    auto narrow = [&](guest::Gpr reg) { cpu_.gpr[reg] = b_.zext(w, cpu_.gpr[reg]); };
    narrow(guest::kRcx);
    if (name_ == "MOVS") narrow(guest::kRsi);
    if (name_ == "MOVS" || name_ == "STOS") narrow(guest::kRdi);
  }

  Cpu& cpu_;
  const Insn& insn_;
  Eval<> b_;
  Name name_;
};

// An earlier floating-point exception that this instruction reports first.
bool reports_x87(const Cpu& cpu, const Insn& i) {
  if (!(cpu.x87.status & sem::x87::kErrorSummary)) return false;
  for (const x86::Operand& operand : i.op) {
    if (operand.kind == OperandKind::kMmx) return true;
  }
  bool is_x87 = x86::opcodes()[i.row].map == x86::Map::k1 && (i.opcode & 0xf8) == 0xd8;
  return is_x87 && !x86::row_is_one_of(i.row, kWithoutWait);
}

// An x87 store whose operand raises an unmasked exception does not access memory. Tried on a copy
// of the CPU with memory of our own, which no store leaves alone both times.
bool stores_nothing(const Cpu& cpu, const Insn& i) {
  for (u8 fill : {0x55, 0xaa}) {
    Cpu trial = cpu;
    std::array<u8, 16> memory;
    memory.fill(fill);
    const auto before = memory;
    Insn moved = i;
    moved.mem = {.disp = std::bit_cast<s64>(memory.data())};
    handler_for(moved)(trial, moved);
    if (memory != before) return false;
  }
  return true;
}

// MMX registers are read, which enters MMX state, before they are stored.
bool stores_mmx(const Insn& i, Name name) {
  bool operands = i.op[0].kind == OperandKind::kMemory && i.op[1].kind == OperandKind::kMmx;
  return operands || name == "MASKMOVQ";
}

}  // namespace

bool alignment_fault(Cpu& cpu, const Insn& insn) {
  Name name = x86::row_semantics(insn.row);
  if (x86::row_is_one_of(insn.row, kUnchecked) || reports_x87(cpu, insn)) return false;
  if (name == "IRET" && (cpu.system_flags & guest::kNT)) return false;
  if (!Accesses(cpu, insn).are_misaligned()) return false;
  if (x86::row_is_one_of(insn.row, kX87Stores) && stores_nothing(cpu, insn)) return false;
  if (stores_mmx(insn, name)) Eval<>(cpu).enter_mmx();
  return true;
}

}  // namespace gantry::interp
