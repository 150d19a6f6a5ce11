#include "runtime/linux/misc.h"

#include <sys/personality.h>

#include <cerrno>
#include <cstring>

#include "runtime/linux/syscall.h"

namespace gantry::runtime::sys {
namespace {

bool is_32_bit_personality() {
  constexpr unsigned long kQuery = 0xffffffff;
  return (::personality(kQuery) & PER_MASK) == PER_LINUX32;
}

}  // namespace

s64 uname(Task& task, GuestPtr<utsname> to) {
  utsname name;
  if (::uname(&name)) return -errno;
  std::memset(name.machine, 0, sizeof name.machine);
  std::strcpy(name.machine, is_32_bit_personality() ? "i686" : "x86_64");
  return write_guest(task, to, name) ? 0 : -EFAULT;
}

}  // namespace gantry::runtime::sys
