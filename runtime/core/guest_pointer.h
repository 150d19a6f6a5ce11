// Types of syscall parameters. They say how an argument register is read and how --strace prints
// it.
#pragma once

#include "emulator/base/types.h"

namespace gantry::runtime {

// The address of a T in guest memory, which may be anything.
template <typename T>
struct GuestPtr {
  u64 address = 0;
  explicit operator bool() const { return address != 0; }
  GuestPtr operator+(u64 count) const { return {address + count * sizeof(T)}; }
  template <typename U>
  GuestPtr<U> as() const {
    return {address};
  }
};

struct PathTag;
using Path = GuestPtr<PathTag>;  // NUL-terminated path name
struct BufferTag;
using Buffer = GuestPtr<BufferTag>;  // bytes that the call fills; its result is how many
struct BytesTag;
using Bytes = GuestPtr<BytesTag>;  // bytes that the call reads; the next parameter is how many
struct AddressTag;
using Address = GuestPtr<AddressTag>;  // anything else in memory, printed as an address

struct Fd {
  int value;
};  // a file descriptor; AT_FDCWD is one too
struct Flags {
  u32 value;
};  // printed in hexadecimal
struct Request {
  u32 value;
};  // of ioctl(2); printed by its name
struct Mode {
  u32 value;
};  // printed in octal
struct Size {
  u64 value;
};
struct Pid {
  int value;
};
struct Signal {
  int value;
};
// int, u32, s64 and u64 parameters are printed as decimal numbers.

}  // namespace gantry::runtime
