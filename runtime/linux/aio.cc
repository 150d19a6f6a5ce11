// A context is the address of a ring that the host kernel maps where the host's address layout puts
// it, which may be out of the guest's reach. The guest gets the address of a page of its own
// instead: libaio looks there for a ring, finds no magic number, and makes the system calls.

#include "runtime/linux/aio.h"

#include <sys/mman.h>

#include <cerrno>

#include "runtime/linux/host_numbers.h"
#include "runtime/linux/waiting.h"

namespace gantry::runtime::sys {
namespace {

using syscall_internal::raw;

// The guest's page. The real ring's first words are an id and a count of events, its magic number
// follows at 16 (struct aio_ring).
struct Page {
  u32 id;
  u32 count;
  u64 host_context;
  u32 no_magic;
};

constexpr u64 kMark = 0x6f69616774726e67;

// What is kept in the page is the guest's to overwrite: a wrong context is the host's EINVAL.
s64 host_context(Task& task, Address context, u64& host) {
  Page page;
  if (!read_guest(task, context.as<Page>(), page)) return -EINVAL;
  host = page.host_context ^ kMark;
  return 0;
}

}  // namespace

s64 io_setup(Task& task, u32 events, GuestPtr<u64> context) {
  u64 given;
  if (!read_guest(task, context, given)) return -EFAULT;
  if (given) return -EINVAL;
  u64 host = 0;
  s64 result = host_syscall(SYS_io_setup, events, reinterpret_cast<u64>(&host));
  if (result < 0) return result;
  s64 page = task.process->memory->map(0, kGuestPageSize, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  Page contents = {.id = 0, .count = events, .host_context = host ^ kMark, .no_magic = 0};
  bool written = page > 0 && write_guest(task, GuestPtr<Page>{static_cast<u64>(page)}, contents) &&
                 write_guest(task, context, static_cast<u64>(page));
  if (written) return 0;
  host_syscall(SYS_io_destroy, host);
  return page > 0 ? -EFAULT : page;
}

s64 io_destroy(Task& task, Address context) {
  u64 host;
  if (s64 error = host_context(task, context, host)) return error;
  s64 result = host_syscall(SYS_io_destroy, host);
  if (result >= 0) task.process->memory->unmap(context.address, kGuestPageSize);
  return result;
}

s64 io_submit(Task& task, Address context, s64 count, GuestPtr<u64> blocks) {
  u64 host;
  if (s64 error = host_context(task, context, host)) return error;
  return host_syscall(SYS_io_submit, host, raw(count), blocks.address);
}

s64 io_cancel(Task& task, Address context, GuestPtr<iocb> block, GuestPtr<io_event> result) {
  u64 host;
  if (s64 error = host_context(task, context, host)) return error;
  return host_syscall(SYS_io_cancel, host, block.address, result.address);
}

s64 io_getevents(Task& task, Address context, s64 min, s64 max, GuestPtr<io_event> events,
                 GuestPtr<timespec> timeout) {
  u64 host;
  if (s64 error = host_context(task, context, host)) return error;
  return blocking_syscall(task, SYS_io_getevents, host, raw(min), raw(max), events.address,
                          timeout.address);
}

s64 io_pgetevents(Task& task, Address context, s64 min, s64 max, GuestPtr<io_event> events,
                  GuestPtr<timespec> timeout, GuestPtr<AioMask> mask) {
  u64 host;
  if (s64 error = host_context(task, context, host)) return error;
  AioMask given = {};
  if (mask && !read_guest(task, mask, given)) return -EFAULT;
  return wait_with_mask(task, GuestPtr<u64>{given.mask}, given.size, [&](u64 host_mask) {
    AioMask wait = {host_mask, kSignalSetSize};
    return blocking_syscall(task, SYS_io_pgetevents, host, raw(min), raw(max), events.address,
                            timeout.address, reinterpret_cast<u64>(&wait));
  });
}

}  // namespace gantry::runtime::sys
