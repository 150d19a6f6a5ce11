#include "emulator/engine/code_store.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <functional>
#include <unordered_set>
#include <utility>

#include "emulator/base/bits.h"
#include "emulator/base/descriptor.h"
#include "emulator/base/log.h"
#include "emulator/engine/block_cache.h"
#include "emulator/guest/xsave.h"
#include "emulator/jit/unit_image.h"

namespace gantry::engine {
namespace {

constexpr u64 kMagic = 0x3274'696e'7574'6e47;  // "Gntunit2"
constexpr u64 kMaxFileBytes = u64{64} << 20;
// So much is written before the process ends.
constexpr u64 kMuch = u64{2} << 20;
constexpr u64 kPageSize = 4096;

// At the beginning of a file. Then the slots, a hash table of the guest addresses where units can
// be entered, then the units, each of which begins at a multiple of 8.
struct FileHead {
  u64 magic = kMagic;
  u64 size = 0;  // of the file
  u64 slot_count = 0;
  u64 unit_bytes = 0;
};

struct Slot {
  u64 key = 0;
  u64 offset = 0;  // of the unit in the file; 0: the slot is empty
};

// In front of a unit: what it was translated from.
struct UnitHead {
  u64 checksum;  // of all that follows
  u32 size;      // of all, this included
  u32 ranges, constants, code_bytes;
};
static_assert(sizeof(UnitHead) % 8 == 0);

// A unit with its head.
struct StoredUnit {
  std::span<const u8> all;
  std::span<const CodeSources::Range> ranges;
  std::span<const CodeSources::Constant> constants;
  std::span<const u8> code;   // the bytes of the ranges
  std::span<const u8> image;  // jit::install()

  // Without what tells of the image as well.
  std::span<const u8> sources() const {
    constexpr std::size_t kSkipped = offsetof(UnitHead, ranges);
    return all.subspan(kSkipped, all.size() - image.size() - kSkipped);
  }
};

template <typename T>
std::span<const T> items_at(const u8* at, u64 count) {
  return {reinterpret_cast<const T*>(at), count};
}

// The unit that `bytes` begin with; false when that is damaged.
bool read_unit(std::span<const u8> bytes, StoredUnit& unit) {
  if (bytes.size() < sizeof(UnitHead)) return false;
  UnitHead head;
  std::memcpy(&head, bytes.data(), sizeof head);
  u64 ranges = sizeof head, constants = ranges + head.ranges * sizeof(CodeSources::Range);
  u64 code = constants + head.constants * sizeof(CodeSources::Constant);
  u64 image = align_up(code + head.code_bytes, 8);
  if (head.size > bytes.size() || image > head.size || head.size % 8 != 0) return false;
  const u8* at = bytes.data();
  unit = {.all = bytes.first(head.size),
          .ranges = items_at<CodeSources::Range>(at + ranges, head.ranges),
          .constants = items_at<CodeSources::Constant>(at + constants, head.constants),
          .code = bytes.subspan(code, head.code_bytes),
          .image = bytes.subspan(image, head.size - image)};
  return true;
}

template <typename T>
void append(std::vector<u8>& bytes, std::span<const T> items) {
  const auto* first = reinterpret_cast<const u8*>(items.data());
  bytes.insert(bytes.end(), first, first + items.size_bytes());
}

// Finds what a disk has lost or changed; whoever means to deceive is kept out by the directory's
// owner. Two instructions for eight bytes, several at once, as each unit that is used is checked.
u64 checksum_of(std::span<const u8> unit) {
  constexpr u64 kFactor = 0x9e3779b97f4a7c15;
  u64 sum = unit.size();
  auto add = [&]<std::size_t kCount>(const u8* at) {
    u64 words[kCount];
    std::memcpy(words, at, sizeof words);
    for (u64 word : words) sum = (sum ^ word) * kFactor;
    return sizeof words;
  };
  const u8* at = unit.data() + sizeof(UnitHead::checksum);
  const u8* end = unit.data() + unit.size();
  while (end - at >= 64) at += add.operator()<8>(at);
  while (at < end) at += add.operator()<1>(at);
  return sum;
}

bool is_whole(const StoredUnit& unit) {
  u64 checksum;
  std::memcpy(&checksum, unit.all.data(), sizeof checksum);
  if (checksum == checksum_of(unit.all)) return true;
  LOG(kEngine, "ignored a damaged unit of stored code");
  return false;
}

void append_unit(std::vector<u8>& bytes, const CodeSources& sources, std::span<const u8> unit) {
  UnitHead head = {.checksum = 0,
                   .size = 0,
                   .ranges = static_cast<u32>(sources.ranges.size()),
                   .constants = static_cast<u32>(sources.constants.size()),
                   .code_bytes = 0};
  append(bytes, std::span<const UnitHead>(&head, 1));
  append(bytes, std::span<const CodeSources::Range>(sources.ranges));
  append(bytes, std::span<const CodeSources::Constant>(sources.constants));
  for (const auto& range : sources.ranges) {
    append(bytes, items_at<u8>(reinterpret_cast<const u8*>(range.begin), range.end - range.begin));
    head.code_bytes += static_cast<u32>(range.end - range.begin);
  }
  bytes.resize(align_up(bytes.size(), 8));
  append(bytes, unit);
  head.size = static_cast<u32>(bytes.size());
  std::memcpy(bytes.data(), &head, sizeof head);
  head.checksum = checksum_of(bytes);
  std::memcpy(bytes.data(), &head, sizeof head);
}

u64 slot_hash(u64 key) { return key * 0x9e3779b97f4a7c15 >> 20; }
u64 key_of(u64 rip, u64 demands) { return rip ^ demands << 56; }

// Whether what the unit was translated from is what memory holds, and stays so.
bool is_current(const StoredUnit& unit, BlockCache& blocks, GuestOs& os) {
  std::span<const u8> code = unit.code;
  for (const auto& range : unit.ranges) {
    u64 size = range.end - range.begin;
    if (size == 0 || size > code.size() || size > kPageSize) return false;
    if (!blocks.is_stable(os, range.begin) || !blocks.is_stable(os, range.end - 1)) return false;
    if (std::memcmp(code.data(), reinterpret_cast<const void*>(range.begin), size)) return false;
    code = code.subspan(size);
  }
  return std::all_of(unit.constants.begin(), unit.constants.end(), [&](const auto& constant) {
    u64 value;
    return os.read_constant(constant.address, value) && value == constant.value;
  });
}

// Whether it is the owner's, and nobody else may write to it.
bool is_private(const struct stat& info, uid_t owner) {
  return info.st_uid == owner && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

// Code of root's is what programs and libraries are in any case. In a user namespace that root does
// not belong to, its files have the kernel's id for that (/proc/sys/kernel/overflowuid).
bool is_trusted_owner(uid_t owner) {
  constexpr uid_t kOverflow = 65534;
  return owner == 0 || owner == geteuid() || owner == kOverflow;
}

bool is_read_only(int fd) {
  struct statvfs mount;
  return ::fstatvfs(fd, &mount) == 0 && (mount.f_flag & ST_RDONLY);
}

// 0 and errno when it cannot be read; when whoever made it did not come to write it, EAGAIN.
u64 read_secret(int directory) {
  u64 secret = 0;
  UniqueFd fd(::openat(directory, "secret", O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return 0;
  if (::read(fd.get(), &secret, sizeof secret) == sizeof secret) return secret | 1;
  errno = EAGAIN;
  return 0;
}

// Made by whoever is the first to use the directory. 0 and errno when it can be neither read nor
// made.
u64 read_or_make_secret(int directory) {
  u64 secret = 0;
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  int fd = ::openat(directory, "secret", kFlags, 0600);
  if (fd >= 0) {
    bool made = ::getrandom(&secret, sizeof secret, 0) == sizeof secret &&
                ::write(fd, &secret, sizeof secret) == sizeof secret;
    ::close(fd);
    return made ? secret | 1 : 0;
  }
  secret = read_secret(directory);
  if (secret == 0 && errno == EAGAIN) {
    ::unlinkat(directory, "secret", 0);
    errno = EAGAIN;
  }
  return secret;
}

std::string_view text_of(std::span<const u8> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string hexadecimal(u64 value) {
  char text[20];
  std::snprintf(text, sizeof text, "%016lx", static_cast<unsigned long>(value));
  return text;
}

// A file as it was mapped; nothing when there is none that can be used.
class Mapping {
 public:
  Mapping() = default;
  Mapping(int directory, const std::string& name, uid_t owner) {
    UniqueFd fd(::openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) return;
    struct stat info;
    if (::fstat(fd.get(), &info) == 0 && S_ISREG(info.st_mode) && is_private(info, owner)) {
      map(fd.get(), static_cast<u64>(info.st_size));
    }
    if (bytes_.empty()) LOG(kEngine, "ignored %s: damaged, or not its owner's alone", name.c_str());
  }
  Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping() {
    if (!bytes_.empty()) ::munmap(const_cast<u8*>(bytes_.data()), bytes_.size());
  }

  u64 size() const { return bytes_.size(); }
  std::span<const u8> units() const {
    return bytes_.empty() ? bytes_ : bytes_.last(head().unit_bytes);
  }

  // Of the units that can be entered at the key's address, calls `visit` until that is true.
  template <typename F>
  bool find(u64 key, F visit) const {
    if (bytes_.empty()) return false;
    const Slot* slots = reinterpret_cast<const Slot*>(bytes_.data() + sizeof(FileHead));
    u64 mask = head().slot_count - 1, n = slot_hash(key) & mask;
    for (u64 left = head().slot_count; left != 0 && slots[n].offset != 0; left--) {
      const Slot& slot = slots[n];
      n = (n + 1) & mask;
      if (slot.key != key || slot.offset >= bytes_.size() || slot.offset % 8 != 0) continue;
      StoredUnit unit;
      if (read_unit(bytes_.subspan(slot.offset), unit) && visit(unit)) return true;
    }
    return false;
  }

 private:
  const FileHead& head() const { return *reinterpret_cast<const FileHead*>(bytes_.data()); }

  void map(int fd, u64 size) {
    if (size < sizeof(FileHead)) return;
    void* at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED) return;
    bytes_ = {static_cast<const u8*>(at), size};
    const FileHead& h = head();
    bool whole = h.magic == kMagic && h.size == size && std::has_single_bit(h.slot_count) &&
                 h.slot_count <= size / sizeof(Slot) && h.unit_bytes <= size &&
                 sizeof h + h.slot_count * sizeof(Slot) + h.unit_bytes == size;
    if (whole) return;
    ::munmap(at, size);
    bytes_ = {};
  }

  std::span<const u8> bytes_;
};

}  // namespace

void CodeSources::sort() {
  std::sort(ranges.begin(), ranges.end(), [](auto& a, auto& b) { return a.begin < b.begin; });
  std::size_t count = 0;
  for (const Range& range : ranges) {
    bool joins = count != 0 && range.begin <= ranges[count - 1].end;
    // Only the last instruction of a range may reach into the next page: is_current().
    bool is_same_page = joins && ranges[count - 1].begin / kPageSize == range.begin / kPageSize;
    if (is_same_page) {
      ranges[count - 1].end = std::max(ranges[count - 1].end, range.end);
    } else {
      ranges[count++] = range;
    }
  }
  ranges.resize(count);
}

// Where the store lies. A descriptor that stays open would be one of the guest's, which may close
// it and open something else with its number.
class CodeStore::Directory {
 public:
  Directory(std::string path, const struct stat& info)
      : path_(std::move(path)), device_(info.st_dev), inode_(info.st_ino), owner_(info.st_uid) {}

  // Of the files that count, too.
  uid_t owner() const { return owner_; }

  // Nothing once the path leads elsewhere, as after chroot(2).
  UniqueFd open() const {
    UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat info;
    bool is_same = fd && ::fstat(fd.get(), &info) == 0 && info.st_dev == device_ &&
                   info.st_ino == inode_ && info.st_uid == owner_;
    return is_same ? std::move(fd) : UniqueFd();
  }

 private:
  std::string path_;
  dev_t device_;
  ino_t inode_;
  uid_t owner_;
};

// What there is of one of the guest's files.
class CodeStore::File {
 public:
  File(u64 id, std::string name, const Directory& directory)
      : id(id),
        name(std::move(name)),
        stored(directory.open().get(), this->name, directory.owner()) {}

  const u64 id;
  const std::string name;
  Mapping stored;
  std::vector<u8> added;  // units
};

CodeStore* CodeStore::the_store_ = nullptr;

CodeStore::CodeStore(Directory directory, u64 secret, bool grows)
    : directory_(std::make_unique<const Directory>(std::move(directory))),
      secret_(secret),
      grows_(grows),
      process_(::getpid()) {
  std::string origin = jit::code_origin() + " " + std::to_string(guest::xcr0());
  suffix_ = "-" + hexadecimal(std::hash<std::string>()(origin));
}

CodeStore::~CodeStore() = default;

Result<void> CodeStore::open(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0700) < 0 && errno != EEXIST) {
    return make_system_error(errno, "%s", directory.c_str());
  }
  TRY_ASSIGN(UniqueFd fd, open_directory(directory));
  TRY_ASSIGN(struct stat info, stat_of(fd.get()));
  if (!is_private(info, geteuid())) {
    return make_error(EACCES, "%s: must belong to the user, and nobody else may write to it",
                      directory.c_str());
  }
  u64 secret = read_or_make_secret(fd.get());
  if (secret == 0) return make_system_error(errno, "%s/secret", directory.c_str());
  the_store_ = new CodeStore(Directory(directory, info), secret, true);
  return {};
}

Result<void> CodeStore::open_read_only(const std::string& directory) {
  TRY_ASSIGN(UniqueFd fd, open_directory(directory));
  TRY_ASSIGN(struct stat info, stat_of(fd.get()));
  if (!is_trusted_owner(info.st_uid) || !is_private(info, info.st_uid)) {
    return make_error(EACCES,
                      "%s: must belong to root or the user, and nobody else may write to it",
                      directory.c_str());
  }
  if (!is_read_only(fd.get())) {
    return make_error(EACCES, "%s: must be mounted read-only", directory.c_str());
  }
  u64 secret = read_secret(fd.get());
  if (secret == 0) return make_system_error(errno, "%s/secret", directory.c_str());
  the_store_ = new CodeStore(Directory(directory, info), secret, false);
  return {};
}

CodeStore::File* CodeStore::locked_file_of(GuestOs& os, u64 rip) {
  std::lock_guard lock(mutex_);
  return file_of(os, rip);
}

CodeStore::File* CodeStore::file_of(GuestOs& os, u64 rip) {
  u64 epoch = BlockCache::current_epoch();
  if (epoch != std::exchange(epoch_, epoch)) ranges_.clear();
  for (Range& range : ranges_) {
    if (rip - range.start >= range.end - range.start) continue;
    std::swap(range, ranges_.front());  // the next one is likely to be there, too
    return ranges_.front().file;
  }
  CodeFile found;
  if (!os.find_code_file(rip, found)) return nullptr;
  auto is_same = [&](const auto& file) { return file->id == found.id; };
  auto known = std::find_if(files_.begin(), files_.end(), is_same);
  if (known == files_.end()) {
    std::string name = hexadecimal(found.id) + suffix_;
    files_.push_back(std::make_unique<File>(found.id, name, *directory_));
    known = files_.end() - 1;
  }
  ranges_.push_back({found.start, found.end, known->get()});
  return known->get();
}

// The guest's memory is read without the lock: where that faults, as another thread unmaps it, the
// thread goes on elsewhere.
bool CodeStore::find(BlockCache& blocks, GuestOs& os, u64 rip, std::vector<jit::Entry>& entries) {
  const File* file = locked_file_of(os, rip);
  if (!file) return false;
  u64 epoch = blocks.epoch();
  bool found = file->stored.find(key_of(rip, jit::code_demands()), [&](const StoredUnit& unit) {
    return is_current(unit, blocks, os) && is_whole(unit) &&
           jit::install(unit.image, entries, epoch) == jit::Outcome::kDone;
  });
  if (found) used_units_.fetch_add(1, std::memory_order_relaxed);
  return found;
}

void CodeStore::add(GuestOs& os, u64 rip, CodeSources& sources, std::span<const u8> unit) {
  static thread_local std::vector<u8> bytes;
  bytes.clear();
  sources.sort();
  append_unit(bytes, sources, unit);
  std::lock_guard lock(mutex_);
  File* file = file_of(os, rip);
  // What was copied may be of what the code became meanwhile.
  if (!file || BlockCache::current_epoch() != sources.epoch) return;
  append(file->added, std::span<const u8>(bytes));
  // Of a process that may never end by itself.
  if (file->added.size() >= kMuch) save(*file);
}

namespace {

// The units that a new file is to have, and the file.
class FileWriter {
 public:
  // Of `newer`, those that `known` does not have; of `known`, those that are not replaced.
  FileWriter(const Mapping& known, std::span<const u8> newer) {
    bool is_full = known.size() + newer.size() > kMaxFileBytes;
    for_each_unit(newer, [&](const StoredUnit& unit, const jit::UnitImage& image) {
      if (!has_same(known, unit, image)) choose(unit, image);
    });
    is_worth_it_ = !chosen_.empty();
    if (is_full) return;
    std::unordered_set<u64> replaced;
    for (const Key& key : keys_) {
      if (key.is_first) replaced.insert(key.key);
    }
    for_each_unit(known.units(), [&](const StoredUnit& unit, const jit::UnitImage& image) {
      if (!replaced.contains(first_key(image))) choose(unit, image);
    });
  }

  bool is_worth_it() const { return is_worth_it_; }

  std::vector<u8> bytes() const {
    u64 slot_count = std::bit_ceil(2 * keys_.size() + 2);
    std::vector<Slot> slots(slot_count);
    u64 start = sizeof(FileHead) + slot_count * sizeof(Slot), size = start;
    std::vector<u64> offsets;
    for (std::span<const u8> unit : chosen_) {
      offsets.push_back(size);
      size += unit.size();
    }
    // Units are found by their first block before those that have it among others.
    for (bool first : {true, false}) {
      for (const Key& key : keys_) {
        if (key.is_first != first) continue;
        u64 n = slot_hash(key.key) & (slot_count - 1);
        while (slots[n].offset != 0) n = (n + 1) & (slot_count - 1);
        slots[n] = {key.key, offsets[key.unit]};
      }
    }
    FileHead head = {.size = size, .slot_count = slot_count, .unit_bytes = size - start};
    std::vector<u8> result;
    result.reserve(size);
    append(result, std::span<const FileHead>(&head, 1));
    append(result, std::span<const Slot>(slots));
    for (std::span<const u8> unit : chosen_) append(result, unit);
    return result;
  }

 private:
  struct Key {
    u64 key;
    std::size_t unit;
    bool is_first;
  };

  template <typename F>
  static void for_each_unit(std::span<const u8> bytes, F visit) {
    StoredUnit unit;
    jit::UnitImage image;
    while (read_unit(bytes, unit) && jit::UnitImage::read(unit.image, image)) {
      visit(unit, image);
      bytes = bytes.subspan(unit.all.size());
    }
  }

  static u64 first_key(const jit::UnitImage& image) {
    return key_of(image.entries[0].rip, image.demands);
  }

  // Another process was faster.
  static bool has_same(const Mapping& known, const StoredUnit& unit, const jit::UnitImage& image) {
    return known.find(first_key(image), [&](const StoredUnit& other) {
      return std::ranges::equal(unit.sources(), other.sources());
    });
  }

  void choose(const StoredUnit& unit, const jit::UnitImage& image) {
    for (const auto& entry : image.entries) {
      bool is_first = &entry == image.entries.data();
      keys_.push_back({key_of(entry.rip, image.demands), chosen_.size(), is_first});
    }
    chosen_.push_back(unit.all);
  }

  std::vector<std::span<const u8>> chosen_;
  std::vector<Key> keys_;
  bool is_worth_it_ = false;
};

// A process was killed while it wrote this.
void remove_abandoned(int directory, const std::string& name) {
  constexpr time_t kLongAgo = 60;  // seconds
  struct stat info;
  bool exists = ::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
  if (exists && info.st_mtime + kLongAgo < ::time(nullptr)) {
    ::unlinkat(directory, name.c_str(), 0);
  }
}

}  // namespace

// Whoever makes the new file replaces the old one by it. Others who would do so at the same time
// leave it.
bool CodeStore::write(const File& file) const {
  UniqueFd opened = directory_->open();
  if (!opened) return false;
  int directory = opened.get();
  std::string temporary = file.name + ".new";
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  UniqueFd fd(::openat(directory, temporary.c_str(), kFlags, 0600));
  if (!fd) {
    if (errno == EEXIST) remove_abandoned(directory, temporary);
    return false;
  }
  Mapping known(directory, file.name, directory_->owner());
  FileWriter writer(known, file.added);
  bool done = writer.is_worth_it() && write_all(fd.get(), text_of(writer.bytes())) &&
              ::fdatasync(fd.get()) == 0 &&
              ::renameat(directory, temporary.c_str(), directory, file.name.c_str()) == 0;
  if (!done) ::unlinkat(directory, temporary.c_str(), 0);
  return done;
}

// What is little, compared to what there is, is not worth a new file. A process that borrows the
// memory of another one leaves it to that.
void CodeStore::save(File& file) {
  bool is_worth_it = !file.added.empty() && file.added.size() >= file.stored.size() / 16;
  if (!is_worth_it || ::getpid() != process_) return;
  bool done = write(file);
  LOG(kEngine, "%s translated code in %s, %zu bytes", done ? "stored" : "could not store",
      file.name.c_str(), file.added.size());
  file.added.clear();
}

void CodeStore::save() {
  std::lock_guard lock(mutex_);
  for (const auto& file : files_) save(*file);
}

void CodeStore::unlock_after_fork(bool is_child) {
  if (is_child) {
    process_ = ::getpid();
    for (const auto& file : files_) file->added.clear();
  }
  mutex_.unlock();
}

}  // namespace gantry::engine
