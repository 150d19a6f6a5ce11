#include "runtime/memory/address_space.h"

#include <sys/mman.h>
#include <sys/vfs.h>

#include <cerrno>

#include "emulator/base/bits.h"
#include "emulator/engine/thread.h"
#include "runtime/memory/address_space_state.h"
#include "runtime/memory/host_maps.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

namespace gantry::runtime {
namespace {

// Flags that are not for the host: x86's own, those that say where, and MAP_GROWSDOWN, as the host
// would then extend a mapping that we keep track of.
constexpr int kMapAbove4G = 0x80;
constexpr int kNotForHost =
    MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN | kMap32Bit | kMapAbove4G;

int check_map_arguments(u64 address, u64 size, int flags, u64 offset) {
  int type = flags & MAP_TYPE;
  if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE) return -EINVAL;
  if (size == 0 || offset % kGuestPageSize) return -EINVAL;
  if (size > kTaskSize) return -ENOMEM;
  if (offset + align_up(size, kGuestPageSize) < offset) return -EOVERFLOW;
  if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) return 0;
  if (address % kGuestPageSize) return -EINVAL;
  return is_guest_range(address, size) ? 0 : -ENOMEM;
}

}  // namespace

bool is_guest_range(u64 address, u64 size) {
  return size <= kTaskSize && address <= kTaskSize - align_up(size, kGuestPageSize);
}

AddressSpace::~AddressSpace() { delete state_; }

// --- State

void AddressSpace::State::invalidate(u64 start, u64 end) {
  if (code.forget(start, end)) engine::invalidate_code();
}

bool AddressSpace::State::is_sealed(u64 start, u64 end) const {
  for (auto it = regions.first_after(start); it != regions.end() && it->first < end; ++it) {
    if (it->second.sealed) return true;
  }
  return false;
}

// What a shared mapping shows can only change in turn when somebody writes there: through this one,
// or through that of another process, for which programs use memory files and not those on disks
// (gconv-modules.cache, which most programs map, is no reason to order anything).
void AddressSpace::State::note_sharing(const Region& region, int fd) {
  constexpr auto kTmpfs = 0x01021994;  // TMPFS_MAGIC, statfs(2)
  if ((region.flags & MAP_TYPE) == MAP_PRIVATE) return;
  struct statfs info;
  bool in_memory = fd >= 0 && fstatfs(fd, &info) == 0 && info.f_type == kTmpfs;
  if (in_memory || (region.protection & PROT_WRITE)) engine::share_memory();
}

int AddressSpace::State::map_at(u64 start, u64 size, Region region, const Backing& backing) {
  region.end = start + size;
  int status = host.map(start, region.end, region.protection, backing);
  if (status < 0) return status;
  regions.insert(start, region);
  invalidate(start, region.end);
  return 0;
}

s64 AddressSpace::State::reserve_anywhere(u64 size) {
  Region region{.flags = MAP_PRIVATE | MAP_ANONYMOUS};
  return map_anywhere(size, 0, region, {.flags = region.flags | MAP_NORESERVE});
}

int AddressSpace::State::reserve_at(u64 start, u64 size) {
  Region region{.flags = MAP_PRIVATE | MAP_ANONYMOUS};
  int status = map_at(start, size, region, {.flags = region.flags | MAP_NORESERVE});
  return status == -EEXIST ? -ENOMEM : status;
}

void AddressSpace::State::drop(u64 start, u64 end) {
  if (start >= end) return;
  invalidate(start, end);
  // One run of adjacent regions at a time: what lies between them is not the guest's.
  while (true) {
    auto it = regions.first_after(start);
    if (it == regions.end() || it->first >= end) break;
    u64 first = std::max(start, it->first), last = it->second.end;
    for (++it; it != regions.end() && it->first == last && last < end; ++it) last = it->second.end;
    last = std::min(last, end);
    regions.erase(first, last);
    host.unmap(first, last);
    start = last;
  }
  if (end > search_from) search_size = 0;
}

// --- mmap and its kin

s64 AddressSpace::map(u64 address, u64 size, int protection, int flags, int fd, u64 offset) {
  bool anonymous = flags & MAP_ANONYMOUS;
  if (anonymous) offset = 0;
  if (int status = check_map_arguments(address, size, flags, offset); status < 0) return status;
  size = align_up(size, kGuestPageSize);

  State& state = *state_;
  std::lock_guard lock(state.mutex);
  Region region{.protection = protection & (PROT_READ | PROT_WRITE | PROT_EXEC),
                .flags = flags & (MAP_TYPE | MAP_ANONYMOUS | MAP_GROWSDOWN),
                .file = !anonymous};
  Backing backing{flags & ~kNotForHost, anonymous ? -1 : fd, offset};
  if (state.lock_future) backing.flags |= MAP_LOCKED;
  State::note_sharing(region, backing.fd);
  bool is_private = (region.flags & MAP_TYPE) == MAP_PRIVATE;
  if (region.file && is_private) region.code_id = state.code_files.id_of(fd);
  auto done = [address](int status) { return status < 0 ? status : static_cast<s64>(address); };

  if (flags & MAP_FIXED_NOREPLACE) {
    if (state.regions.overlaps(address, address + size)) return -EEXIST;
    return done(state.map_at(address, size, region, backing));
  }
  if (flags & MAP_FIXED) {
    if (state.is_sealed(address, address + size)) return -EPERM;
    int status = state.map_at(address, size, region, backing);
    return done(status == -EEXIST ? -ENOMEM : status);
  }
  address = align_down(address, kGuestPageSize);
  bool usable = address && is_guest_range(address, size) && !(flags & MAP_HUGETLB) &&
                (address - offset) % state.host.page_size() == 0 &&
                !state.regions.overlaps(address, address + size) &&
                !state.blocked.overlaps(address, address + size);
  if (usable) {
    int status = state.map_at(address, size, region, backing);
    if (status != -EEXIST && status != -EPERM) return done(status);
  }
  if (address == 0 && region.code_id && offset == 0 && !(flags & (kMap32Bit | MAP_HUGETLB))) {
    if (s64 place = state.map_in_place(size, region, backing); place >= 0) return place;
  }
  return state.map_anywhere(size, flags, region, backing);
}

s64 AddressSpace::unmap(u64 address, u64 size) {
  if (address % kGuestPageSize || size == 0 || !is_guest_range(address, size)) return -EINVAL;
  size = align_up(size, kGuestPageSize);
  State& state = *state_;
  std::lock_guard lock(state.mutex);
  if (state.is_sealed(address, address + size)) return -EPERM;
  state.drop(address, address + size);
  return 0;
}

s64 AddressSpace::protect(u64 address, u64 size, int protection) {
  constexpr int kSem = 8;  // PROT_SEM
  bool grows_down = protection & PROT_GROWSDOWN;
  if (grows_down && (protection & PROT_GROWSUP)) return -EINVAL;
  protection &= ~(PROT_GROWSDOWN | PROT_GROWSUP);
  if (address % kGuestPageSize) return -EINVAL;
  if (size == 0) return 0;
  if (!is_guest_range(address, size)) return -ENOMEM;
  if (protection & ~(PROT_READ | PROT_WRITE | PROT_EXEC | kSem)) return -EINVAL;
  protection &= ~kSem;
  u64 end = address + align_up(size, kGuestPageSize);

  State& state = *state_;
  std::lock_guard lock(state.mutex);
  if (grows_down) {
    auto it = state.regions.find(address);
    if (it == state.regions.end()) return -ENOMEM;
    if (!(it->second.flags & MAP_GROWSDOWN)) return -EINVAL;
    address = it->first;
  }
  if (state.is_sealed(address, end)) return -EPERM;
  // As the kernel does it: what comes before a hole is changed.
  u64 covered = state.regions.covered_end(address, end);
  if (covered == address) return -ENOMEM;
  int status = state.host.protect(address, covered, protection);
  if (status < 0) return status;
  state.regions.update(address, covered, [&](Region& region) {
    region.protection = protection;
    State::note_sharing(region, -1);
  });
  state.invalidate(address, covered);
  return covered == end ? 0 : -ENOMEM;
}

// --- the heap

void AddressSpace::set_brk_start(u64 address) {
  State& state = *state_;
  std::lock_guard lock(state.mutex);
  state.brk_start = state.brk_end = align_up(address, state.host.page_size());
}

s64 AddressSpace::brk(u64 address) {
  State& state = *state_;
  std::lock_guard lock(state.mutex);
  auto current = static_cast<s64>(state.brk_end);
  if (address < state.brk_start || address > kTaskSize) return current;
  u64 old_end = align_up(state.brk_end, kGuestPageSize);
  u64 new_end = align_up(address, kGuestPageSize);
  if (new_end > old_end) {
    if (state.regions.overlaps(old_end, new_end)) return current;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | (state.lock_future ? MAP_LOCKED : 0);
    Region region{.protection = PROT_READ | PROT_WRITE,
                  .flags = MAP_PRIVATE | MAP_ANONYMOUS,
                  .name = "[heap]"};
    if (state.map_at(old_end, new_end - old_end, region, {.flags = flags}) < 0) return current;
  } else if (new_end < old_end) {
    if (state.is_sealed(new_end, old_end)) return current;
    state.drop(new_end, old_end);
  }
  state.brk_end = address;
  return static_cast<s64>(address);
}

// --- queries

void AddressSpace::set_name(u64 address, const char* name) {
  std::lock_guard lock(state_->mutex);
  auto it = state_->regions.find(address);
  if (it != state_->regions.end()) it->second.name = name;
}

u64 AddressSpace::heap_start() const {
  std::lock_guard lock(state_->mutex);
  return state_->brk_start;
}

u64 AddressSpace::host_page_size() const { return state_->host.page_size(); }

bool AddressSpace::covers(u64 address, u64 size) const {
  std::lock_guard lock(state_->mutex);
  return is_guest_range(address, size) && state_->regions.covers(address, address + size);
}

namespace {

Mapping describe(u64 start, const Region& region, const std::vector<HostMapping>& host_maps) {
  Mapping mapping{.start = start,
                  .end = region.end,
                  .protection = region.protection,
                  .flags = region.flags,
                  .name = region.name};
  const HostMapping* host = find_host_mapping(host_maps, start);
  if (!host) return mapping;
  if (region.file) {
    mapping.offset = host->offset + (start - host->start);
    mapping.device = host->device;
    mapping.inode = host->inode;
    mapping.name = host->name;
  } else if (host->name.starts_with("[anon")) {  // PR_SET_VMA_ANON_NAME
    mapping.name = host->name;
  }
  return mapping;
}

}  // namespace

bool AddressSpace::find(u64 address, Mapping& mapping) const {
  std::vector<HostMapping> host_maps = read_host_maps();
  std::lock_guard lock(state_->mutex);
  auto it = state_->regions.find(address);
  if (it == state_->regions.end()) return false;
  mapping = describe(it->first, it->second, host_maps);
  return true;
}

void AddressSpace::for_each(const std::function<void(const Mapping&)>& visit) const {
  std::vector<Mapping> mappings;
  {
    std::lock_guard lock(state_->mutex);
    std::vector<HostMapping> host_maps = read_host_maps();
    for (const auto& [start, region] : state_->regions) {
      mappings.push_back(describe(start, region, host_maps));
    }
  }
  for (const Mapping& mapping : mappings) visit(mapping);
}

// --- code pages

engine::CodePage AddressSpace::prepare_code_page(u64 address) {
  std::lock_guard lock(state_->mutex);
  auto it = state_->regions.find(address);
  if (it == state_->regions.end() || !(it->second.protection & PROT_EXEC)) {
    return engine::CodePage::kNotExecutable;
  }
  // The memory of a shared mapping may have another mapping that is writable, here or elsewhere.
  if ((it->second.flags & MAP_TYPE) != MAP_PRIVATE) return engine::CodePage::kVerify;
  return state_->code.prepare(address, it->second.protection & PROT_WRITE);
}

bool AddressSpace::prepare_constant(u64 address) {
  std::lock_guard lock(state_->mutex);
  auto it = state_->regions.find(address);
  if (it == state_->regions.end() || (it->second.flags & MAP_TYPE) != MAP_PRIVATE) return false;
  if ((it->second.protection & (PROT_READ | PROT_WRITE)) != PROT_READ) return false;
  return state_->code.prepare(address, false) == engine::CodePage::kStable;
}

bool AddressSpace::find_code_file(u64 address, engine::CodeFile& file) {
  std::lock_guard lock(state_->mutex);
  auto it = state_->regions.find(address);
  if (it == state_->regions.end() || it->second.code_id == 0) return false;
  if ((it->second.protection & (PROT_WRITE | PROT_EXEC)) != PROT_EXEC) return false;
  file = {.id = it->second.code_id, .start = it->first, .end = it->second.end};
  return true;
}

AddressSpace::WriteFault AddressSpace::handle_write_fault(u64 address) {
  return state_->code.handle_write_fault(address) ? WriteFault::kRetry : WriteFault::kNotOurs;
}

bool AddressSpace::release_code_protection() {
  std::lock_guard lock(state_->mutex);
  if (!state_->code.unprotect(0, kTaskSize)) return false;
  engine::invalidate_code();
  return true;
}

void AddressSpace::lock_for_fork() { state_->mutex.lock(); }
void AddressSpace::unlock_after_fork() { state_->mutex.unlock(); }

}  // namespace gantry::runtime
