#include "runtime/linux/time.h"

#include <sys/time.h>

#include <cerrno>
#include <ctime>

#include "runtime/linux/host_numbers.h"
#include "runtime/linux/syscall.h"

namespace gantry::runtime::sys {

s64 time(Task& task, GuestPtr<s64> to) {
  s64 now = ::time(nullptr);
  if (to && !write_guest(task, to, now)) return -EFAULT;
  return now;
}

// alarm(2): what is left is rounded, but never to 0 (alarm_setitimer).
s64 alarm(Task&, u32 seconds) {
  itimerval timer = {{0, 0}, {seconds, 0}}, old;
  s64 result = host_syscall(SYS_setitimer, ITIMER_REAL, reinterpret_cast<u64>(&timer),
                            reinterpret_cast<u64>(&old));
  if (result < 0) return result;
  const timeval& left = old.it_value;
  bool round_up = left.tv_usec >= 500000 || (!left.tv_sec && left.tv_usec);
  return left.tv_sec + round_up;
}

}  // namespace gantry::runtime::sys
