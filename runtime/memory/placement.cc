// Where mappings go that do not ask for an address.
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "emulator/base/bits.h"
#include "emulator/base/log.h"
#include "runtime/memory/address_space_state.h"

namespace gantry::runtime {
namespace {

constexpr u64 kGigabyte = u64{1} << 30;
constexpr u64 kLowest = 0x10000;  // vm.mmap_min_addr
// Linux places MAP_32BIT mappings in the second gigabyte (arch/x86/kernel/sys_x86_64.c).
constexpr u64 kLow32Start = 0x40000000;
constexpr u64 kLow32End = 0x80000000;

bool can_map(u64 address, u64 page_size) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* wanted = reinterpret_cast<void*>(address);
  void* result = mmap(wanted, page_size, PROT_NONE, flags, -1, 0);
  if (result == MAP_FAILED) return false;
  munmap(result, page_size);
  return result == wanted;
}

// The host's kernel places what it chooses itself (the emulator, its libc's memory, its threads'
// stacks) downwards from near the top of the address space. The guest's mappings begin far enough
// below that the two do not meet.
u64 choose_top(u64 host_mapping, u64 page_size) {
  constexpr u64 kDistance = 64 * kGigabyte;
  constexpr u64 kBelowTop = (u64{1} << 47) - kDistance;
  if (host_mapping < kTaskSize && host_mapping >= kTaskSize / 2) {
    return align_down(host_mapping - kDistance, kGuestPageSize * 16);
  }
  if (can_map(kBelowTop, page_size)) return kBelowTop;
  return align_down(host_mapping - host_mapping / 8, kGuestPageSize * 16);
}

// The size of a huge page as the flags of mmap(2) give it, or what all mappings are aligned to.
u64 alignment_of(int flags, u64 page_size) {
  if (!(flags & MAP_HUGETLB)) return page_size;
  u64 shift = static_cast<u32>(flags) >> MAP_HUGE_SHIFT & MAP_HUGE_MASK;
  return u64{1} << (shift ? shift : 21);
}

u64 find_in(const RegionMap& regions, const RegionMap& blocked, u64 low, u64 high, u64 size,
            u64 alignment) {
  while (true) {
    u64 start = regions.find_highest(low, high, size, alignment);
    if (start == 0 || !blocked.overlaps(start, start + size)) return start;
    high = blocked.first_after(start)->first;
  }
}

u64 find_low32(const RegionMap& regions, const RegionMap& blocked, u64 size, u64 alignment) {
  u64 low = kLow32Start;
  while (true) {
    u64 start = regions.find_lowest(low, kLow32End, size, alignment);
    if (start == 0 || !blocked.overlaps(start, start + size)) return start;
    low = blocked.first_after(start)->second.end;
  }
}

}  // namespace

Result<AddressSpace*> AddressSpace::create(u64 page_size) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* probe = mmap(nullptr, page_size, PROT_NONE, flags, -1, 0);
  if (probe == MAP_FAILED) return make_system_error(errno, "cannot map memory");
  munmap(probe, page_size);
  auto* state = new State(page_size);
  state->top = choose_top(reinterpret_cast<u64>(probe), page_size);
  bool randomize = !(personality(0xffffffff) & ADDR_NO_RANDOMIZE);
  if (randomize) (void)!getrandom(state->random, sizeof state->random, GRND_NONBLOCK);
  LOG(kMemory, "guest mappings go below %#lx", static_cast<unsigned long>(state->top));
  return new AddressSpace(state);
}

u64 AddressSpace::State::find_place(u64 size, int flags, u64 offset) {
  u64 alignment = alignment_of(flags, host.page_size());
  // With a remainder the place begins inside a host page, which must be free as a whole.
  u64 remainder = offset % host.page_size();
  u64 whole = align_up(size + remainder, host.page_size());
  u64 start;
  if (flags & kMap32Bit) {
    start = find_low32(regions, blocked, whole, alignment);
  } else {
    bool usable = whole >= search_size && search_size != 0 && alignment == host.page_size();
    start = find_in(regions, blocked, kLowest, usable ? search_from : top, whole, alignment);
    if (start && alignment == host.page_size()) {
      search_from = start + whole;
      search_size = whole;
    }
  }
  return start ? start + remainder : 0;
}

void AddressSpace::State::block(u64 start, u64 end) {
  // What is there is of unknown size: each time more below it is left out, so that few attempts
  // are made however large it is.
  constexpr u64 kLargest = 16 * kGigabyte;
  auto above = blocked.find(end);
  u64 known = above == blocked.end() ? 0 : above->second.end - above->first;
  u64 size = std::min(std::max(known, host.page_size()), kLargest);
  Region region{.end = end};
  blocked.insert(start > kLowest + size ? start - size : start, region);
  LOG(kMemory, "the host has something at %#lx", static_cast<unsigned long>(start));
}

s64 AddressSpace::State::map_anywhere(u64 size, int flags, const Region& region,
                                      const Backing& backing) {
  while (u64 start = find_place(size, flags, region.file ? backing.offset : 0)) {
    int status = map_at(start, size, region, backing);
    if (status == 0) return static_cast<s64>(start);
    if (status != -EEXIST) return status;
    block(start, start + size);
  }
  return -ENOMEM;
}

s64 AddressSpace::State::map_in_place(u64 size, const Region& region, const Backing& backing) {
  u64 place = code_files.place_of(region.code_id);
  bool is_free = is_guest_range(place, size) && !regions.overlaps(place, place + size) &&
                 !blocked.overlaps(place, place + size);
  int status = is_free ? map_at(place, size, region, backing) : -EEXIST;
  return status < 0 ? status : static_cast<s64>(place);
}

void AddressSpace::keep_places(u64 secret) {
  std::lock_guard lock(state_->mutex);
  state_->code_files.prepare(secret, state_->top);
}

u64 AddressSpace::place_of(int fd) {
  std::lock_guard lock(state_->mutex);
  u64 id = state_->code_files.id_of(fd);
  return id ? state_->code_files.place_of(id) : 0;
}

u64 AddressSpace::random_offset_of(int fd, u64 limit) {
  std::lock_guard lock(state_->mutex);
  u64 id = state_->code_files.id_of(fd);
  return id ? state_->code_files.offset_of(id, limit) : random_offset(limit);
}

u64 AddressSpace::random_offset(u64 limit) {
  u64 value = state_->random[state_->random_used++ % std::size(state_->random)];
  return align_down(value % limit, std::max(kGuestPageSize, state_->host.page_size()));
}

// Linux moves the stack's end by up to 16 GiB and the first mapping by up to 2^28 pages
// (arch/x86/mm/mmap.c); hosts with fewer address bits have less room for it.
s64 AddressSpace::map_stack(u64 size, int protection) {
  State& state = *state_;
  std::lock_guard lock(state.mutex);
  state.top -= random_offset(std::min(state.top / 16, 16 * kGigabyte));
  Region region{.protection = protection,
                .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN,
                .name = "[stack]"};
  Backing backing{.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE};
  s64 start = state.map_anywhere(size, 0, region, backing);
  if (start < 0) return start;
  constexpr u64 kGuardGap = 256 * kGuestPageSize;
  u64 room = std::min(state.top / 16, 1024 * kGigabyte);
  state.top = static_cast<u64>(start) - kGuardGap - random_offset(room);
  state.top = align_down(state.top, state.host.page_size());
  state.search_size = 0;
  return start + static_cast<s64>(size);
}

}  // namespace gantry::runtime
