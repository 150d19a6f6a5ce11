// The table of system calls, made of the rows of syscalls.def, and how SYSCALL reaches a handler.

#include <unistd.h>

#include <array>
#include <iterator>

#include "emulator/base/error_names.h"
#include "emulator/base/log.h"
#include "runtime/linux/handlers.h"
#include "runtime/linux/host_numbers.h"
#include "runtime/linux/strace.h"
#include "runtime/linux/syscall.h"

namespace gantry::runtime {
namespace {

template <auto kHandler>
constexpr Syscall make_row(int number, const char* name, Support support, const char* note) {
  using S = syscall_internal::Signature<decltype(kHandler)>;
  return {number, name, invoke<kHandler>, support, note, S::kKinds, S::kCount};
}

constexpr Syscall make_unsupported(int number, const char* name, const char* note) {
  return {.number = number, .name = name, .note = note};
}

template <int kError>
constexpr Syscall make_refused(int number, const char* name, const char* note) {
  return {.number = number,
          .name = name,
          .handler = refuse<kError>,
          .support = Support::kRefused,
          .note = note};
}

}  // namespace

namespace sys {
namespace {

constexpr Syscall kRows[] = {
#define FULL(number, name, handler) make_row<handler>(number, #name, Support::kFull, ""),
#define PARTIAL(number, name, handler, note) \
  make_row<handler>(number, #name, Support::kPartial, note),
#define NONE(number, name, note) make_unsupported(number, #name, note),
#define REFUSED(number, name, error, note) make_refused<error>(number, #name, note),
#include "runtime/linux/syscalls.def"
#undef FULL
#undef PARTIAL
#undef NONE
#undef REFUSED
};

}  // namespace
}  // namespace sys

namespace {

constexpr int kRtSigreturn = 15;
constexpr int kLastNumber = sys::kRows[std::size(sys::kRows) - 1].number;

// The rows at the index of their number; those in between have the number -1.
constexpr auto kTable = [] {
  std::array<Syscall, kLastNumber + 1> table;
  for (const Syscall& row : sys::kRows) table[static_cast<u64>(row.number)] = row;
  return table;
}();

struct RecentCall {
  const Syscall* row;
  u64 arguments[3];
  s64 result;
};
constexpr s64 kNotReturned = INT64_MIN;
constexpr u32 kRecentCalls = 16;
thread_local RecentCall recent_calls[kRecentCalls];
thread_local u32 recent_count;

RecentCall& remember(const Syscall& row, const u64 (&arguments)[6]) {
  RecentCall& call = recent_calls[recent_count++ % kRecentCalls];
  call = {&row, {arguments[0], arguments[1], arguments[2]}, kNotReturned};
  return call;
}

void log_recent_call(Channel channel, const RecentCall& call) {
  using ull = unsigned long long;
  if (call.result == kNotReturned) {
    log_line(channel, "  %s(%#llx, %#llx, %#llx) has not returned", call.row->name,
             static_cast<ull>(call.arguments[0]), static_cast<ull>(call.arguments[1]),
             static_cast<ull>(call.arguments[2]));
    return;
  }
  log_line(channel, "  %s(%#llx, %#llx, %#llx) = %lld", call.row->name,
           static_cast<ull>(call.arguments[0]), static_cast<ull>(call.arguments[1]),
           static_cast<ull>(call.arguments[2]), static_cast<long long>(call.result));
}

// By their number, the errors that --answer gives; 0: none.
u8 answers[kLastNumber + 1];

s64 call_unsupported(const Syscall& row) {
  LOG(kSyscall, "%s is not supported: %s", row.name, row.note);
  return -ENOSYS;
}

s64 call(Task& task, const Syscall& row, const u64 (&arguments)[6]) {
  if (u8 error = answers[row.number]; error != 0) [[unlikely]]
    return -s64{error};
  if (!row.handler) return call_unsupported(row);
  s64 result = row.handler(task, arguments);
  // The host kernel cannot write to a page that is protected because code was decoded from it.
  if (result == -EFAULT && task.process->memory->release_code_protection()) [[unlikely]] {
    result = row.handler(task, arguments);
  }
  return result;
}

// exit, exit_group, execve, execveat and rt_sigreturn.
bool may_not_return(const Syscall& row) {
  constexpr int kNumbers[] = {60, 231, 59, 322, kRtSigreturn};
  for (int number : kNumbers) {
    if (row.number == number) return true;
  }
  return false;
}

s64 traced_call(Task& task, const Syscall& row, const u64 (&arguments)[6]) {
  bool leaves = may_not_return(row);
  if (leaves) strace_enter(task, row, arguments);
  s64 result = call(task, row, arguments);
  bool print_result = !leaves || (result < 0 && row.number != kRtSigreturn);
  if (print_result) strace_exit(task, row, arguments, result);
  return result;
}

s64 call_unknown(Task& task, u64 number, const u64 (&arguments)[6]) {
  if (task.process->settings.strace) strace_unknown(number, arguments);
  return -ENOSYS;
}

}  // namespace

const Syscall* find_syscall(u64 number) {
  bool exists = number < kTable.size() && kTable[number].number >= 0;
  return exists ? &kTable[number] : nullptr;
}

std::span<const Syscall> all_syscalls() { return sys::kRows; }

bool answer_syscall(std::string_view answer) {
  std::size_t equals = answer.find('=');
  if (equals == answer.npos) return false;
  int error = error_number(answer.substr(equals + 1));
  for (const Syscall& row : sys::kRows) {
    if (row.name != answer.substr(0, equals)) continue;
    answers[row.number] = static_cast<u8>(error);
    return error != 0;
  }
  return false;
}

void dispatch_syscall(Task& task) {
  guest::Cpu& cpu = task.cpu;
  const u64 rax = cpu.gpr[guest::kRax];
  const u64 arguments[6] = {cpu.gpr[guest::kRdi], cpu.gpr[guest::kRsi], cpu.gpr[guest::kRdx],
                            cpu.gpr[guest::kR10], cpu.gpr[guest::kR8],  cpu.gpr[guest::kR9]};
  // The kernel looks at EAX (do_syscall_64).
  const Syscall* row = find_syscall(static_cast<u32>(rax));
  if (!row) [[unlikely]] {
    cpu.gpr[guest::kRax] = static_cast<u64>(call_unknown(task, rax, arguments));
    return;
  }
  RecentCall& recent = remember(*row, arguments);
  s64 result = task.process->settings.strace ? traced_call(task, *row, arguments)
                                             : call(task, *row, arguments);
  recent.result = result;
  if (result == kRestartSyscall && row->number != kRtSigreturn) [[unlikely]] {
    cpu.rip -= 2;
    return;  // RAX still holds the number
  }
  cpu.gpr[guest::kRax] = static_cast<u64>(result);
}

void log_recent_syscalls(Channel channel) {
  u32 end = recent_count;
  u32 begin = end > kRecentCalls ? end - kRecentCalls : 0;
  if (begin < end) log_line(channel, "last system calls of the thread:");
  for (u32 i = begin; i < end; i++) log_recent_call(channel, recent_calls[i % kRecentCalls]);
}

s64 host_syscall(long number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  long result = ::syscall(number, a, b, c, d, e, f);
  return result == -1 ? -errno : result;
}

}  // namespace gantry::runtime
