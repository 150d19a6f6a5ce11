// System calls on the address space.
#pragma once

#include "runtime/linux/host_numbers.h"
#include "runtime/linux/syscall.h"

namespace gantry::runtime::sys {

s64 mmap(Task&, Address address, Size size, Flags protection, Flags flags, Fd fd, u64 offset);
s64 munmap(Task&, Address address, Size size);
s64 mprotect(Task&, Address address, Size size, Flags protection);
s64 mremap(Task&, Address old_address, Size old_size, Size new_size, Flags flags,
           Address new_address);
s64 brk(Task&, Address address);
s64 madvise(Task&, Address address, Size size, int advice);
s64 msync(Task&, Address address, Size size, Flags flags);
s64 mincore(Task&, Address address, Size size, GuestPtr<u8> pages);
s64 remap_file_pages(Task&, Address address, Size size, Flags protection, u64 page_offset,
                     Flags flags);
s64 mseal(Task&, Address address, Size size, Flags flags);

s64 mlock(Task&, Address address, Size size);
s64 mlock2(Task&, Address address, Size size, Flags flags);
s64 munlock(Task&, Address address, Size size);
s64 mlockall(Task&, Flags flags);
s64 munlockall(Task&);

// As on an x86-64 machine without protection keys (pkeys(7)).
s64 pkey_mprotect(Task&, Address address, Size size, Flags protection, int key);
s64 pkey_alloc(Task&, Flags flags, Flags rights);
s64 pkey_free(Task&, int key);

s64 shmat(Task&, int id, Address address, Flags flags);
s64 shmdt(Task&, Address address);

// Calls that mean the same on every host.
inline constexpr auto mbind = pass<SYS_mbind, Address, Size, int, Address, u64, Flags>;
inline constexpr auto set_mempolicy = pass<SYS_set_mempolicy, int, Address, u64>;
inline constexpr auto get_mempolicy =
    pass<SYS_get_mempolicy, Address, Address, u64, Address, Flags>;
inline constexpr auto migrate_pages = pass<SYS_migrate_pages, Pid, u64, Address, Address>;
inline constexpr auto move_pages = pass<SYS_move_pages, Pid, u64, Address, Address, Address, Flags>;
inline constexpr auto process_madvise = pass<SYS_process_madvise, Fd, Address, u64, int, Flags>;
inline constexpr auto process_mrelease = pass<SYS_process_mrelease, Fd, Flags>;
inline constexpr auto set_mempolicy_home_node =
    pass<SYS_set_mempolicy_home_node, Address, u64, u64, Flags>;

}  // namespace gantry::runtime::sys
