#include "emulator/interp/faults.h"

#include <algorithm>
#include <csignal>
#include <string_view>

#include "emulator/interp/eval.h"
#include "emulator/semantics/bit.h"
#include "emulator/x86/opcode.h"

namespace gantry::interp {
namespace {

constexpr std::string_view kUpdates[] = {
    "ADD", "ADC", "SUB", "SBB", "AND", "OR",  "XOR", "INC",  "DEC",  "NEG",  "NOT",
    "ROL", "ROR", "RCL", "RCR", "SHL", "SHR", "SAR", "SHLD", "SHRD", "XADD", "CMPXCHG"};
// Their index moves the operand.
constexpr std::string_view kBitUpdates[] = {"BTS", "BTR", "BTC"};
constexpr std::string_view kStackUsers[] = {"PUSH", "POP",      "PUSH_SEG", "POP_SEG", "PUSHF",
                                            "POPF", "CALL_FAR", "RET_FAR",  "RET",     "CALL_NEAR",
                                            "IRET", "ENTER",    "LEAVE"};
// What their mask leaves out is not accessed.
constexpr std::string_view kMasked[] = {"VMASKMOVPS", "VMASKMOVPD", "VPMASKMOVD", "VPMASKMOVQ"};
constexpr std::string_view kPrevented[] = {"SGDT", "SIDT", "SLDT", "SMSW", "STR"};

// An instruction that reads, changes and writes its first operand asks for write access when it
// reads; Eval's read did not.
void raise_update_fault(Cpu& cpu, const Insn& i) {
  Eval<> b(cpu);
  if (x86::row_is_one_of(i.row, kUpdates)) {
    b.probe_write(i.op[0].width, b.operand_address(i));
  } else if (x86::row_is_one_of(i.row, kBitUpdates)) {
    u64 delta = sem::bit_place(b, i).delta;
    b.probe_write(i.op[0].width, b.operand_address(i, delta, guest::kFaultWrite));
  }
}

// Linux executes these, and takes every write that fails for one to an unmapped page
// (force_sig_info_umip_fault(), arch/x86/kernel/umip.c).
void raise_prevented_fault(Cpu& cpu, const Insn& i) {
  guest::raise(cpu, {.vector = Vector::kPageFault,
                     .error = guest::kFaultUser | guest::kFaultWrite,
                     .address = Eval<>(cpu).address(i),
                     .host_signal = SIGSEGV,
                     .host_code = SEGV_MAPERR});
}

// Eval looks at the first byte's address alone: what the host said of an access that begins in the
// guest's half and ends beyond it is not what the CPU says.
void raise_limit_fault(Cpu& cpu, const Insn& i, unsigned width) {
  u64 address = Eval<>(cpu).address(i);
  bool crosses = address < guest::kAddressLimit && guest::kAddressLimit - address < width;
  if (crosses) raise_bad_operand_address(cpu, i, guest::kAddressLimit, 0);
}

// The same for the stack of PUSH and its like, which is no operand: slots from some below to some
// above the stack pointer or, for LEAVE and ENTER, the frame pointer.
void raise_stack_limit_fault(Cpu& cpu, const Insn& i) {
  if (cpu.fault.host_signal == 0 || !x86::row_is_one_of(i.row, kStackUsers)) return;
  constexpr unsigned kSlots = 32;
  auto crosses = [&](u64 pointer) {
    u64 distance = guest::kAddressLimit - pointer;
    bool near = distance + kSlots * i.width < 2 * kSlots * i.width;
    return near && distance % i.width != 0;
  };
  bool refused = cpu.fault.vector == Vector::kGeneralProtection &&
                 (crosses(cpu.gpr[guest::kRsp]) || crosses(cpu.gpr[guest::kRbp]));
  bool absent =
      cpu.fault.vector == Vector::kPageFault && guest::kAddressLimit - cpu.fault.address < i.width;
  if (refused || absent) guest::raise_bad_stack_address(cpu, guest::kAddressLimit, 0);
}

// The CPU names the first byte that is not there: the operand's, or where the next page begins.
// Some hosts name another one of the access, or of the part of it that they were at.
void name_first_byte(Cpu& cpu, const Insn& i, unsigned width) {
  constexpr unsigned kLargest = 32, kPage = 4096;
  bool from_host = cpu.fault.vector == Vector::kPageFault && cpu.fault.host_signal != 0;
  if (!from_host || width == 0 || width > kLargest || x86::row_is_one_of(i.row, kMasked)) return;
  u64 begin = Eval<>(cpu).address(i);
  u64& at = cpu.fault.address;
  bool before = at < begin && align_down(at, kPage) == align_down(begin, kPage);
  bool within = at - begin < width;
  if (!within && !(before && begin - at < kLargest)) return;
  u64 page = align_down(at, kPage);
  at = std::max(begin, page);
  if (page <= begin) return;
  // Is the first page absent too?
  bool write = cpu.fault.error & guest::kFaultWrite;
  write ? guest::probe_write(cpu, begin, 1) : static_cast<void>(guest::load<u8>(cpu, begin));
}

bool has_vector_index(const Insn& i) {
  return x86::opcodes()[i.row].attributes & x86::kVectorIndex;
}

}  // namespace

void refine_fault(Cpu& cpu, const Insn& insn) {
  if (has_vector_index(insn)) return;
  for (const x86::Operand& operand : insn.op) {
    if (operand.kind != OperandKind::kMemory) continue;
    raise_limit_fault(cpu, insn, operand.width);
    name_first_byte(cpu, insn, operand.width);
  }
  raise_stack_limit_fault(cpu, insn);
  if (insn.op[0].kind != OperandKind::kMemory) return;
  if (x86::row_is_one_of(insn.row, kPrevented)) raise_prevented_fault(cpu, insn);
  bool page_fault = cpu.fault.vector == Vector::kPageFault;
  if (page_fault && !(cpu.fault.error & guest::kFaultWrite)) raise_update_fault(cpu, insn);
}

}  // namespace gantry::interp
