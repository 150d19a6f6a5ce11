// The guest's address space: which mappings the guest has, where new ones go, what may be executed,
// and which pages are write-protected because instructions were decoded from them. Guest addresses
// are host addresses; this folder is the only place that knows the host's page size.
#pragma once

#include <functional>
#include <string>

#include "emulator/base/result.h"
#include "emulator/base/types.h"
#include "emulator/engine/guest_os.h"

namespace gantry::runtime {

constexpr u64 kGuestPageSize = 4096;
// The end of the addresses that x86-64 Linux gives a process: a page below 2^47.
constexpr u64 kTaskSize = (u64{1} << 47) - kGuestPageSize;

// One line of the guest's /proc/self/maps.
struct Mapping {
  u64 start = 0;
  u64 end = 0;
  int protection = 0;  // PROT_* as the guest asked for
  int flags = 0;       // MAP_SHARED or MAP_PRIVATE, MAP_ANONYMOUS, MAP_GROWSDOWN …
  u64 offset = 0;
  u64 device = 0;  // st_dev and st_ino of the mapped file; 0 for none
  u64 inode = 0;
  std::string name;  // path of the file, or "[heap]", "[stack]", "[vdso]"
};

class AddressSpace {
 public:
  // Finds out where the emulator lies, and so where the guest's mappings go. `page_size` is the
  // host's (or, in tests, a multiple of it).
  static Result<AddressSpace*> create(u64 page_size);
  ~AddressSpace();

  // mmap(2), munmap(2), mprotect(2), mremap(2), brk(2), madvise(2), mseal(2) with the guest's
  // arguments as x86-64 Linux would do them; the address or 0, or -errno. Thread-safe. An address
  // with MAP_FIXED that belongs to the emulator is -ENOMEM.
  s64 map(u64 address, u64 size, int protection, int flags, int fd, u64 offset);
  s64 unmap(u64 address, u64 size);
  s64 protect(u64 address, u64 size, int protection);
  s64 remap(u64 address, u64 old_size, u64 new_size, int flags, u64 new_address);
  s64 brk(u64 address);
  s64 advise(u64 address, u64 size, int advice);
  s64 seal(u64 address, u64 size);

  // shmat(2) and shmdt(2).
  s64 attach(int id, u64 address, int flags);
  s64 detach(u64 address);

  // mlockall(2) and munlockall(2) for the guest's mappings alone.
  s64 lock_all(int flags);
  s64 unlock_all();

  // Calls operation(start, size) for the guest's part of a page-aligned range; ends at the first
  // error. -ENOMEM when a part of the range is not the guest's, after the rest was done.
  s64 for_each_part(u64 address, u64 size, const std::function<s64(u64, u64)>& operation);
  bool covers(u64 address, u64 size) const;
  u64 host_page_size() const;

  // The initial stack: a mapping of this size above all that map() chooses. Its end, or -errno.
  s64 map_stack(u64 size, int protection);

  // A random number of pages, as bytes, below `limit` bytes; 0 when address randomisation is off
  // (personality(2), ADDR_NO_RANDOMIZE).
  u64 random_offset(u64 limit);

  // From now on files with code are mapped at the same addresses as in all other processes with
  // this number, which nobody else is to know.
  void keep_places(u64 secret);
  // Where the file would be mapped then; 0 when that is nowhere in particular.
  u64 place_of(int fd);
  // As random_offset(), but then always the same for the file.
  u64 random_offset_of(int fd, u64 limit);

  // Where the loader puts the heap's start, and names for regions that are not files (a literal).
  void set_brk_start(u64 address);
  u64 heap_start() const;
  void set_name(u64 address, const char* name);

  // The mapping that holds `address`; false when there is none.
  bool find(u64 address, Mapping& mapping) const;
  void for_each(const std::function<void(const Mapping&)>& visit) const;

  // GuestOs::prepare_code_page.
  engine::CodePage prepare_code_page(u64 address);
  // What code may be made of besides: whether the page of `address` is the guest's to read alone,
  // so that its content cannot change without decoded code being forgotten.
  bool prepare_constant(u64 address);
  // GuestOs::find_code_file.
  bool find_code_file(u64 address, engine::CodeFile& file);

  // A host write fault at `address`. kNotOurs: it is the guest's fault to see. kRetry: the page was
  // write-protected because of decoded code; it is writable again, the code is invalidated, and the
  // access may be repeated. Async-signal-safe.
  enum class WriteFault : u8 { kNotOurs, kRetry };
  WriteFault handle_write_fault(u64 address);

  // Makes all code pages writable again and forgets decoded code, so that a system call that failed
  // with EFAULT because of them can be repeated. False when there was none.
  bool release_code_protection();

  // Around fork(2): the child's copy must not have been caught in the middle of a change.
  void lock_for_fork();
  void unlock_after_fork();

 private:
  struct State;
  explicit AddressSpace(State* state) : state_(state) {}
  State* state_;
};

}  // namespace gantry::runtime
