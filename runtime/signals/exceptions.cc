#include "runtime/signals/exceptions.h"

#include <sys/mman.h>

#include "emulator/base/log.h"
#include "runtime/core/process.h"
#include "runtime/signals/deliver.h"

namespace gantry::runtime {
namespace {

using guest::Cpu;
using guest::Fault;
using guest::Vector;

struct Answer {
  int signal = SIGSEGV;
  int code = SI_KERNEL;
  u64 address = 0;
  bool repeatable = true;  // a fault and not a trap: rip is at the instruction
};

// fpu__exception_code(): the si_code of the most important of the unmasked exceptions. The bits are
// those of MXCSR and the x87 status word.
int float_code(u32 raised) {
  if (raised & 0x01) return FPE_FLTINV;
  if (raised & 0x04) return FPE_FLTDIV;
  if (raised & 0x08) return FPE_FLTOVF;
  if (raised & 0x12) return FPE_FLTUND;
  return FPE_FLTRES;
}

int x87_code(const Cpu& cpu) { return float_code(cpu.x87.status & ~cpu.x87.control & 0x3f); }
int simd_code(const Cpu& cpu) { return float_code(cpu.mxcsr & ~(cpu.mxcsr >> 7) & 0x3f); }

// A fetch fault is found by the decoder, not by the host. Linux reports everything from the last
// page below the limit on as present (sanitize_error_code(), arch/x86/mm/fault.c).
Answer fetch_fault(Task& task, Fault& fault) {
  u64 address = fault.address;
  if (address >= guest::kAddressLimit - 4096) {
    fault.error |= guest::kFaultPresent;
    return {SIGSEGV, SEGV_MAPERR, address};
  }
  Mapping mapping;
  if (!task.process->memory->find(address, mapping)) return {SIGSEGV, SEGV_MAPERR, address};
  if (mapping.protection == PROT_NONE) return {SIGSEGV, SEGV_ACCERR, address};
  // The page comes first and its protection second: beyond the end of a file there is no page.
  const Fault fetch = fault;
  u8 byte;
  bool present = copy_in(task, &byte, address, sizeof byte);
  Answer absent = {fault.host_signal, fault.host_code, address};
  fault = fetch;
  if (!present) return absent;
  fault.error |= guest::kFaultPresent;
  return {SIGSEGV, SEGV_ACCERR, address};
}

Answer page_fault(Task& task, Fault& fault) {
  if (fault.host_signal == 0) return fetch_fault(task, fault);
  // Not every host tells a denied access from one to a page that no access is allowed to, which the
  // CPU takes for absent.
  Mapping mapping;
  bool denied = fault.host_signal == SIGSEGV && fault.host_code == SEGV_ACCERR;
  if (denied && task.process->memory->find(fault.address, mapping) &&
      mapping.protection == PROT_NONE) {
    fault.error &= ~guest::kFaultPresent;
  }
  return {fault.host_signal, fault.host_code, fault.address};
}

Answer answer_for(Task& task, Fault& fault) {
  const Cpu& cpu = task.cpu;
  switch (fault.vector) {
    case Vector::kDivide:
      return {SIGFPE, FPE_INTDIV, cpu.rip};
    case Vector::kDebug:
      // exc_debug_user(): without a condition in DR6 it was INT1.
      return {SIGTRAP, fault.single_step ? TRAP_TRACE : TRAP_BRKPT, cpu.rip, false};
    case Vector::kBreakpoint:
      return {SIGTRAP, SI_KERNEL, 0, false};
    case Vector::kOverflow:
      return {SIGSEGV, SI_KERNEL, 0, false};
    case Vector::kInvalidOpcode:
    case Vector::kDeviceNotAvailable:
      return {SIGILL, ILL_ILLOPN, cpu.rip};
    case Vector::kStackFault:
      return {SIGBUS, SI_KERNEL, 0};
    case Vector::kPageFault:
      return page_fault(task, fault);
    case Vector::kX87:
      return {SIGFPE, x87_code(cpu), cpu.rip};
    case Vector::kAlignment:
      return {SIGBUS, BUS_ADRALN, 0};
    case Vector::kSimd:
      return {SIGFPE, simd_code(cpu), cpu.rip};
    default:
      return {SIGSEGV, SI_KERNEL, 0};
  }
}

constexpr Vector kLinux32Call = Vector{0x80};

// INT 80h, which has run as a trap. Without support for i386 programs Linux leaves its gate closed:
// a general protection fault with the vector's selector as error code (SDM vol. 2, INT n).
void refuse_i386_call(Cpu& cpu) {
  constexpr u64 kLength = 2;
  LOG(kError, "system calls of i386 programs (INT 80h) are not supported");
  cpu.rip -= kLength;
  cpu.fault = {.vector = Vector::kGeneralProtection, .error = 0x80 << 3 | 2};
}

}  // namespace

void raise_exception(Task& task) {
  Fault& fault = task.cpu.fault;
  if (fault.vector == kLinux32Call) refuse_i386_call(task.cpu);
  Answer answer = answer_for(task, fault);
  siginfo_t info = {};
  info.si_signo = answer.signal;
  info.si_code = answer.code;
  info.si_addr = reinterpret_cast<void*>(answer.address);

  TaskSignals& s = task.signals;
  s.error_code = fault.error;
  s.trap_number = static_cast<u64>(fault.vector);
  if (fault.vector == Vector::kPageFault) s.fault_address = fault.address;
  // The processor sets RF in the flags that a fault saves (SDM vol. 3, section 18.3.1.1).
  if (answer.repeatable) task.cpu.system_flags |= guest::kRF;
  force_signal(task, info, answer.repeatable);
  task.cpu.system_flags &= ~guest::kRF;
}

}  // namespace gantry::runtime
