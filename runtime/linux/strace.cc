#include "runtime/linux/strace.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <iterator>

#include "emulator/base/log.h"
#include "runtime/linux/ioctl_names.h"

namespace gantry::runtime {
namespace {

// How much of a string is shown, as strace's -s 32; of a path, more.
constexpr u64 kShownBytes = 32;
constexpr u64 kShownPath = 256;

// A line that is built up and written with one write(2), so that threads do not mix theirs.
class Line {
 public:
  Line() { print("[pid %d] ", ::gettid()); }

  [[gnu::format(printf, 2, 3)]] void print(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int more = std::vsnprintf(text_ + size_, sizeof text_ - size_, format, arguments);
    va_end(arguments);
    if (more > 0) size_ = std::min<u64>(size_ + static_cast<u64>(more), sizeof text_ - 1);
  }

  // One byte of a C string.
  void escape(u8 byte) {
    switch (byte) {
      case '\n':
        return print("\\n");
      case '\t':
        return print("\\t");
      case '\r':
        return print("\\r");
      case '"':
        return print("\\\"");
      case '\\':
        return print("\\\\");
      default:
        return byte >= 0x20 && byte < 0x7f ? print("%c", byte) : print("\\%o", byte);
    }
  }

  void write() {
    print("\n");
    text_[size_ - 1] = '\n';
    [[maybe_unused]] auto ignored = ::write(log_descriptor(), text_, size_);
  }

 private:
  char text_[2048];
  u64 size_ = 0;
};

void print_pointer(Line& line, u64 address) {
  if (!address) return line.print("NULL");
  line.print("0x%llx", static_cast<unsigned long long>(address));
}

void print_bytes(Line& line, Task& task, u64 address, u64 size) {
  u8 bytes[kShownBytes];
  u64 shown = std::min(size, kShownBytes);
  if (!copy_in(task, bytes, address, shown)) return print_pointer(line, address);
  line.print("\"");
  for (u64 i = 0; i < shown; i++) line.escape(bytes[i]);
  line.print(size > shown ? "\"..." : "\"");
}

void print_path(Line& line, Task& task, u64 address) {
  if (!address) return print_pointer(line, address);
  std::string path;
  int error = copy_in_string(task, Path{address}, path, kShownPath);
  if (error == -EFAULT) return print_pointer(line, address);
  line.print("\"");
  for (char c : path) line.escape(static_cast<u8>(c));
  line.print(error ? "\"..." : "\"");
}

void print_fd(Line& line, int fd) {
  if (fd == AT_FDCWD) return line.print("AT_FDCWD");
  line.print("%d", fd);
}

void print_mode(Line& line, u32 mode) { line.print(mode ? "0%o" : "%o", mode); }
void print_flags(Line& line, u32 flags) { line.print(flags ? "0x%x" : "%u", flags); }

void print_request(Line& line, u32 request) {
  const char* name = ioctl_name(request);
  name ? line.print("%s", name) : line.print("0x%x", request);
}

void print_signal(Line& line, int number) {
  const char* name = ::sigabbrev_np(number);
  name ? line.print("SIG%s", name) : line.print("%d", number);
}

// What the call has put into a buffer, or its address when that is nothing.
void print_buffer(Line& line, Task& task, u64 address, s64 result) {
  if (result <= 0 || !address) return print_pointer(line, address);
  print_bytes(line, task, address, static_cast<u64>(result));
}

struct Call {
  const Syscall& row;
  const u64 (&arguments)[6];
  s64 result;
};

void print_argument(Line& line, Task& task, const Call& call, unsigned i) {
  u64 value = call.arguments[i];
  switch (call.row.arguments[i]) {
    case ArgumentKind::kSigned32:
    case ArgumentKind::kPid:
      return line.print("%d", static_cast<int>(value));
    case ArgumentKind::kUnsigned32:
      return line.print("%u", static_cast<u32>(value));
    case ArgumentKind::kSigned64:
      return line.print("%lld", static_cast<long long>(value));
    case ArgumentKind::kUnsigned64:
      return line.print("%llu", static_cast<unsigned long long>(value));
    case ArgumentKind::kFd:
      return print_fd(line, static_cast<int>(value));
    case ArgumentKind::kFlags:
      return print_flags(line, static_cast<u32>(value));
    case ArgumentKind::kMode:
      return print_mode(line, static_cast<u32>(value));
    case ArgumentKind::kRequest:
      return print_request(line, static_cast<u32>(value));
    case ArgumentKind::kSignal:
      return print_signal(line, static_cast<int>(value));
    case ArgumentKind::kPath:
      return print_path(line, task, value);
    case ArgumentKind::kBuffer:
      return print_buffer(line, task, value, call.result);
    case ArgumentKind::kBytes:
      return print_bytes(line, task, value, call.arguments[i + 1]);
    case ArgumentKind::kPointer:
      return print_pointer(line, value);
  }
}

// The six argument registers of a call whose parameters are not known.
void print_registers(Line& line, const u64 (&arguments)[6]) {
  for (unsigned i = 0; i < 6; i++) {
    line.print(i ? ", 0x%llx" : "0x%llx", static_cast<unsigned long long>(arguments[i]));
  }
}

void print_call(Line& line, Task& task, const Call& call) {
  line.print("%s(", call.row.name);
  if (!call.row.arguments) print_registers(line, call.arguments);
  for (unsigned i = 0; i < call.row.argument_count; i++) {
    if (i) line.print(", ");
    print_argument(line, task, call, i);
  }
  line.print(")");
}

// The calls that return an address: mmap, brk, mremap, shmat.
bool returns_address(const Syscall& row) {
  constexpr int kNumbers[] = {9, 12, 25, 30};
  return std::find(std::begin(kNumbers), std::end(kNumbers), row.number) != std::end(kNumbers);
}

void print_result(Line& line, const Syscall& row, s64 result) {
  if (result == kRestartSyscall) return line.print(" = ? ERESTARTSYS (To be restarted)");
  if (result < 0 && result >= -4095) {
    int error = static_cast<int>(-result);
    const char* text = ::strerrordesc_np(error);
    return line.print(" = -1 %s (%s)", errno_name(error), text ? text : "Unknown error");
  }
  const char* format = returns_address(row) ? " = 0x%llx" : " = %lld";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  line.print(format, static_cast<long long>(result));
#pragma GCC diagnostic pop
}

}  // namespace

const char* errno_name(int error) {
  const char* name = ::strerrorname_np(error);
  return name ? name : "?";
}

void strace_enter(Task& task, const Syscall& row, const u64 (&arguments)[6]) {
  Line line;
  print_call(line, task, {row, arguments, 0});
  line.print(" = ?");
  line.write();
}

void strace_exit(Task& task, const Syscall& row, const u64 (&arguments)[6], s64 result) {
  Line line;
  print_call(line, task, {row, arguments, result});
  print_result(line, row, result);
  line.write();
}

void strace_unknown(u64 number, const u64 (&arguments)[6]) {
  Line line;
  line.print("syscall_0x%llx(", static_cast<unsigned long long>(number));
  print_registers(line, arguments);
  line.print(") = -1 ENOSYS (Function not implemented)");
  line.write();
}

}  // namespace gantry::runtime
