// Asynchronous I/O of the kernel: io_setup(2), io_submit(2) …
#pragma once

#include <linux/aio_abi.h>

#include <ctime>

#include "runtime/core/task.h"

namespace gantry::runtime::sys {

// io_pgetevents' last argument: a mask and its size.
struct AioMask {
  u64 mask;
  u64 size;
};

s64 io_setup(Task& task, u32 events, GuestPtr<u64> context);
s64 io_destroy(Task& task, Address context);
s64 io_submit(Task& task, Address context, s64 count, GuestPtr<u64> blocks);
s64 io_cancel(Task& task, Address context, GuestPtr<iocb> block, GuestPtr<io_event> result);
s64 io_getevents(Task& task, Address context, s64 min, s64 max, GuestPtr<io_event> events,
                 GuestPtr<timespec> timeout);
s64 io_pgetevents(Task& task, Address context, s64 min, s64 max, GuestPtr<io_event> events,
                  GuestPtr<timespec> timeout, GuestPtr<AioMask> mask);

}  // namespace gantry::runtime::sys
