// The table of system calls and how a row's handler gets its arguments.
#pragma once

#include <cerrno>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "emulator/base/log.h"
#include "runtime/core/guest_pointer.h"
#include "runtime/core/process.h"
#include "runtime/core/task.h"

namespace gantry::runtime {

enum class Support : u8 {
  kFull,
  kPartial,      // works but for what the note says
  kUnsupported,  // returns -ENOSYS; the note says why
  kRefused,  // returns the error that an unprivileged process in a container gets; the note says
             // why
};

// A handler's result that asks for the SYSCALL instruction to be executed again, with nothing
// changed, after the pending signal was delivered (the kernel's ERESTARTNOINTR; never seen by the
// guest): dispatch_syscall() takes rip back by 2 and puts the number back into rax.
constexpr s64 kRestartSyscall = -513;

// A handler returns the result as the kernel does: -errno on failure. One that replaces the whole
// state of the CPU (rt_sigreturn) returns the RAX that it wants.
using SyscallHandler = s64 (*)(Task&, const u64 (&arguments)[6]);

// How --strace prints an argument; follows from the handler's parameter types.
enum class ArgumentKind : u8 {
  kSigned32,
  kUnsigned32,
  kSigned64,
  kUnsigned64,
  kFd,
  kFlags,
  kMode,
  kRequest,
  kPid,
  kSignal,
  kPath,
  kBuffer,  // filled by the call: as many bytes as the result says
  kBytes,   // read by the call: as many bytes as the next argument says
  kPointer,
};

struct Syscall {
  int number = -1;
  const char* name = nullptr;
  SyscallHandler handler = nullptr;
  Support support = Support::kUnsupported;
  const char* note = "";
  const ArgumentKind* arguments = nullptr;
  u8 argument_count = 0;
};

// The row of `number`; nullptr when Linux 6.12 has no such call.
const Syscall* find_syscall(u64 number);

// All rows, by ascending number.
std::span<const Syscall> all_syscalls();

// From now on a system call fails with an error and does nothing else: "openat2=ENOSYS", names as
// in syscalls.def and errno(3). False when there is no such call or error.
bool answer_syscall(std::string_view answer);

// Executes the system call that cpu describes and puts the result into RAX.
void dispatch_syscall(Task& task);

// Writes the last system calls of the calling thread to the log, oldest first, for the report of a
// crash. Async-signal-safe.
void log_recent_syscalls(Channel channel);

// --- helpers for handlers

// A host system call, by its number on the host (SYS_…); the result or -errno.
s64 host_syscall(long number, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0, u64 e = 0, u64 f = 0);

// The same for calls that may block: a signal that arrives just before the host kernel is entered
// makes it return kRestartSyscall, so that none is slept over (runtime/signals/interruptible_*.S).
// A signal that interrupts it gives kRestartSyscall or -EINTR: our host handlers have the
// SA_RESTART flag of the guest's, so the host kernel has decided. Handlers hand both on as they
// are.
s64 blocking_syscall(Task& task, long number, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0, u64 e = 0,
                     u64 f = 0);

namespace syscall_internal {

template <typename T>
T argument(u64 value) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(value);
  } else if constexpr (requires(T t) { t.address; }) {
    return T{value};
  } else {
    using Field = decltype(T::value);
    return T{static_cast<Field>(value)};
  }
}

// The register value that the host's system call takes for an argument.
template <typename T>
u64 raw(const T& a) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<u64>(static_cast<s64>(a));
  } else if constexpr (requires { a.address; }) {
    return a.address;
  } else {
    return static_cast<u64>(static_cast<s64>(a.value));
  }
}

// The kind of a parameter type.
template <typename T>
constexpr ArgumentKind kKind =
    !std::is_integral_v<T> ? ArgumentKind::kPointer
    : std::is_signed_v<T>
        ? (sizeof(T) == 8 ? ArgumentKind::kSigned64 : ArgumentKind::kSigned32)
        : (sizeof(T) == 8 ? ArgumentKind::kUnsigned64 : ArgumentKind::kUnsigned32);
template <>
inline constexpr ArgumentKind kKind<Fd> = ArgumentKind::kFd;
template <>
inline constexpr ArgumentKind kKind<Flags> = ArgumentKind::kFlags;
template <>
inline constexpr ArgumentKind kKind<Mode> = ArgumentKind::kMode;
template <>
inline constexpr ArgumentKind kKind<Request> = ArgumentKind::kRequest;
template <>
inline constexpr ArgumentKind kKind<Pid> = ArgumentKind::kPid;
template <>
inline constexpr ArgumentKind kKind<Signal> = ArgumentKind::kSignal;
template <>
inline constexpr ArgumentKind kKind<Size> = ArgumentKind::kUnsigned64;
template <>
inline constexpr ArgumentKind kKind<Path> = ArgumentKind::kPath;
template <>
inline constexpr ArgumentKind kKind<Buffer> = ArgumentKind::kBuffer;
template <>
inline constexpr ArgumentKind kKind<Bytes> = ArgumentKind::kBytes;

template <typename F>
struct Signature;
template <typename... Args>
struct Signature<s64 (*)(Task&, Args...)> {
  template <auto kHandler, std::size_t... kIndex>
  static s64 invoke(Task& task, const u64 (&a)[6], std::index_sequence<kIndex...>) {
    return kHandler(task, argument<Args>(a[kIndex])...);
  }
  using Indices = std::index_sequence_for<Args...>;
  static constexpr u8 kCount = sizeof...(Args);
  static constexpr ArgumentKind kKinds[kCount + 1] = {kKind<Args>...};
};

}  // namespace syscall_internal

// A typed handler as a SyscallHandler.
template <auto kHandler>
s64 invoke(Task& task, const u64 (&arguments)[6]) {
  using S = syscall_internal::Signature<decltype(kHandler)>;
  return S::template invoke<kHandler>(task, arguments, typename S::Indices{});
}

// The handler of a REFUSED row.
template <int kError>
s64 refuse(Task&, const u64 (&)[6]) {
  return -kError;
}

// Handlers of calls whose arguments mean the same on every 64-bit Linux: pass<SYS_close, Fd> and,
// for those that may block, pass_blocking<SYS_flock, Fd, int>.
template <long kNumber, typename... Args>
s64 pass(Task&, Args... args) {
  return host_syscall(kNumber, syscall_internal::raw(args)...);
}
template <long kNumber, typename... Args>
s64 pass_blocking(Task& task, Args... args) {
  return blocking_syscall(task, kNumber, syscall_internal::raw(args)...);
}

}  // namespace gantry::runtime
