// Pages from which instructions were decoded, and which of them are write-protected on the host so
// that a change of the code is noticed.
#pragma once

#include <atomic>
#include <set>

#include "emulator/base/types.h"
#include "emulator/engine/guest_os.h"

namespace gantry::runtime {

// The caller serialises all members but handle_write_fault. A "page" is one of the host's.
class CodePages {
 public:
  explicit CodePages(u64 page_size) : page_size_(page_size) {}
  ~CodePages();
  CodePages(const CodePages&) = delete;
  CodePages& operator=(const CodePages&) = delete;

  // Instructions are about to be decoded from the page of `address`, which only invalidation by
  // AddressSpace or, if `writable`, a write by the guest can change.
  engine::CodePage prepare(u64 address, bool writable);

  // The pages of [start, end) get new contents or a new protection, which the caller sets on the
  // host. Forgets them; true when there was one, and decoded code must be invalidated.
  bool forget(u64 start, u64 end);

  // Makes the write-protected pages of [start, end) writable. True when there was one.
  bool unprotect(u64 start, u64 end);

  // A write fault at `address`: true when the page was write-protected here. It is writable again
  // then, and decoded code is invalidated. Async-signal-safe.
  bool handle_write_fault(u64 address);

 private:
  enum State : u64 { kIdle, kProtected, kBroken, kAlwaysVerify };

  // A slot holds page number, times broken and state; a page number never leaves the table, so that
  // a lookup in a signal handler needs no lock.
  using Slot = std::atomic<u64>;
  static constexpr u64 kSlots = 1 << 16;
  static constexpr u64 kMaxUsed = kSlots / 4 * 3;
  // A page whose code is rewritten this often is not worth a fault each time.
  static constexpr u64 kMaxBreaks = 4;

  static u64 pack(u64 page, u64 breaks, State state) { return page << 16 | breaks << 8 | state; }
  static u64 page_of(u64 slot) { return slot >> 16; }
  static u64 breaks_of(u64 slot) { return slot >> 8 & 0xff; }
  static State state_of(u64 slot) { return static_cast<State>(slot & 0xff); }

  Slot* lookup(u64 page);
  Slot* lookup_or_add(u64 page);
  bool set_writable(u64 page, bool writable);

  u64 page_size_;
  u64 used_ = 0;
  std::set<u64> decoded_;              // page numbers
  std::atomic<Slot*> slots_{nullptr};  // made for the first page that is writable and executable
};

}  // namespace gantry::runtime
