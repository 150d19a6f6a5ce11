#include "runtime/signals/handlers.h"

#include <unistd.h>

#include <atomic>
#include <csetjmp>
#include <cstring>

#include "emulator/base/check.h"
#include "emulator/base/log.h"
#include "runtime/core/report.h"
#include "runtime/signals/deliver.h"
#include "runtime/signals/host_context.h"
#include "runtime/signals/interruptible.h"

namespace gantry::runtime {
namespace {

constexpr u64 kHostFlags = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_RESTART | SA_RESETHAND;

// Requests a safepoint. The kernel has either not entered the host's call or wants it repeated when
// the interrupted program counter is inside the stub.
void request_safepoint(Task& task, ucontext_t& context) {
  task.signals.pending = 1;
  task.cpu.leave_soon();
  u64 pc = program_counter(context);
  if (pc >= interruptible_begin() && pc < interruptible_end()) {
    set_program_counter(context, interruptible_restart());
  }
}

// The handler of all signals that the guest has a handler for, but the fault signals. SA_RESTART is
// that of the guest's action and not always off: whether a call is restarted also depends on the
// call (signal(7): a receive timeout, say), which the host kernel knows and we do not.
void on_signal(int, siginfo_t* info, void* context_pointer) {
  auto& context = *static_cast<ucontext_t*>(context_pointer);
  Task* task = current_task();
  CHECK(task != nullptr && task->signals.info.si_signo == 0);
  task->signals.info = *info;
  set_context_mask(context, kAllSignals & ~kFaultSignals);
  request_safepoint(*task, context);
}

// Sent by kill(2), sigqueue(3) and the like, and not by a fault.
bool was_sent(const siginfo_t& info) { return info.si_code <= 0; }

void hold_fault_signal(Task& task, int signal, const siginfo_t& info, ucontext_t& context) {
  TaskSignals& s = task.signals;
  u64 bit = signal_bit(signal);
  if (s.held & bit) return;  // a standard signal does not queue
  s.held_info[signal] = info;
  s.held = s.held | bit;
  if (!(s.mask & bit)) request_safepoint(task, context);
}

// Nobody waits for this fault: it is the emulator's own. The report reads guest memory, so that
// faults are not blocked; one that is not about that ends it.
[[noreturn]] void die_of_own_fault(int signal, const siginfo_t& info, const ucontext_t& context) {
  static std::atomic_flag reporting = ATOMIC_FLAG_INIT;
  if (!reporting.test_and_set()) {
    set_host_mask(kAllSignals & ~kFaultSignals);
    report_own_fault(info, program_counter(context), &context);
  }
  die_by_signal(signal);
}

// The guest has no part in it.
bool is_own_fault(int signal, const Task* task, u64 pc) {
  bool is_of_memory = signal == SIGSEGV || signal == SIGBUS;
  return !is_of_memory || !task || !task->cpu.recovery || engine::is_between(pc);
}

// The instruction that executes may lie on the page that is written, and its block with it.
bool writes_own_code(const Task& task, u64 address) {
  if (task.signals.in_personality) return false;
  static const u64 page_size = static_cast<u64>(::sysconf(_SC_PAGESIZE));
  u64 distance = address / page_size - task.cpu.rip / page_size;
  return distance <= 1;
}

[[noreturn]] void recover(Task& task, const ucontext_t& context) {
  set_host_mask(context_mask(context));
  std::longjmp(*task.cpu.recovery, 1);
}

// The fault signals. Runs with everything blocked, itself included, so that no other handler's
// request is lost when this one returns; recover() restores the mask that longjmp would lose.
void on_fault(int signal, siginfo_t* info, void* context_pointer) {
  auto& context = *static_cast<ucontext_t*>(context_pointer);
  Task* task = current_task();
  if (task && was_sent(*info)) return hold_fault_signal(*task, signal, *info, context);

  u64 pc = program_counter(context);
  u64 address = reinterpret_cast<u64>(info->si_addr);
  if (signal == SIGSEGV && engine::repair_return_stack(pc, address, &context)) return;
  if (is_own_fault(signal, task, pc)) die_of_own_fault(signal, *info, context);

  bool misaligned = signal == SIGBUS && info->si_code == BUS_ADRALN;
  if (misaligned && engine::allow_misaligned(pc)) return;

  // What faults in translated code is left to the interpreter, which says how.
  bool translated = engine::leave_translated(*task, pc, &context);

  bool retry = signal == SIGSEGV && task->process->memory->handle_write_fault(address) ==
                                        AddressSpace::WriteFault::kRetry;
  if (retry && !translated && !writes_own_code(*task, address)) return;
  if (retry) task->single_step_once = true;
  if (retry || translated) recover(*task, context);
  task->cpu.fault = {.vector = guest::Vector::kPageFault,
                     .error = fault_error(context, *info),
                     .address = address,
                     .host_signal = signal,
                     .host_code = info->si_code};
  if (is_bad_address(context, *info)) {
    task->cpu.fault = {.vector = guest::Vector::kGeneralProtection, .host_signal = signal};
  }
  recover(*task, context);
}

void install_fault_handler(int signal) {
  set_host_action(signal, {.handler = on_fault, .mask = kAllSignals});
}

}  // namespace

void install_fault_handlers() {
  for (int signal : kFaultSignalNumbers) install_fault_handler(signal);
}

void adopt_host_signals(Process& process) {
  for (int signal = 1; signal <= kSignalCount; signal++) {
    HostAction action;
    bool ignored = get_host_action(signal, action) == 0 &&
                   action.handler == reinterpret_cast<HostHandler>(kHandlerIgnore);
    process.signals.actions[signal] = {.handler = ignored ? kHandlerIgnore : kHandlerDefault};
  }
  install_fault_handlers();
}

int install_action(int signal, const GuestSigaction& action) {
  if (signal_bit(signal) & kFaultSignals) return 0;
  HostAction host = {.flags = action.flags & kHostFlags, .mask = kAllSignals & ~kFaultSignals};
  host.handler =
      action.handler <= kHandlerIgnore ? reinterpret_cast<HostHandler>(action.handler) : on_signal;
  return set_host_action(signal, host);
}

void request_held(Task& task) {
  TaskSignals& s = task.signals;
  if (!(s.held & ~s.mask)) return;
  s.pending = 1;
  task.cpu.leave_soon();
}

void set_task_mask(Task& task, u64 mask) {
  TaskSignals& s = task.signals;
  s.mask = mask & ~kUnblockable;
  request_held(task);
  set_host_mask(host_mask_for(s.mask));
}

}  // namespace gantry::runtime
