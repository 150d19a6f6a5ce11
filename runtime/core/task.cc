#include "runtime/core/task.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace gantry::runtime {
namespace {

thread_local Task* current = nullptr;

// [address, address + size) lies in what can be the guest's.
bool in_guest_range(u64 address, u64 size) {
  return address < guest::kAddressLimit && size <= guest::kAddressLimit - address;
}

}  // namespace

Task* current_task() { return current; }
void set_current_task(Task* task) { current = task; }

bool copy_in(Task& task, void* to, u64 from, u64 size) {
  if (!in_guest_range(from, size)) return false;
  return engine::guarded(task.cpu,
                         [&] { std::memcpy(to, reinterpret_cast<const void*>(from), size); });
}

bool copy_out(Task& task, u64 to, const void* from, u64 size) {
  if (!in_guest_range(to, size)) return false;
  return engine::guarded(task.cpu, [&] { std::memcpy(reinterpret_cast<void*>(to), from, size); });
}

int copy_in_string(Task& task, Path from, std::string& to, u64 limit) {
  to.clear();
  char chunk[256];
  u64 address = from.address;
  while (to.size() < limit) {
    // A chunk ends at the next 256-byte boundary, so it never reaches into a page it need not
    // touch.
    u64 size = std::min<u64>(sizeof chunk - address % sizeof chunk, limit - to.size());
    if (!copy_in(task, chunk, address, size)) return -EFAULT;
    u64 length = ::strnlen(chunk, size);
    to.append(chunk, length);
    if (length < size) return 0;
    address += size;
  }
  return -ENAMETOOLONG;
}

}  // namespace gantry::runtime
