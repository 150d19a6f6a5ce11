#include "runtime/memory/code_files.h"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <string_view>

#include "emulator/base/bits.h"

namespace gantry::runtime {
namespace {

constexpr u64 kLargestPage = 64 << 10;

u64 hash(std::string_view bytes) { return std::hash<std::string_view>()(bytes); }

u64 content_id(int fd, u64 size) {
  char page[4096];
  ssize_t count = ::pread(fd, page, sizeof page, 0);
  if (count < static_cast<ssize_t>(sizeof(Elf64_Ehdr))) return 0;
  if (std::memcmp(page, ELFMAG, SELFMAG) != 0) return 0;
  return (hash({page, static_cast<std::size_t>(count)}) ^ size) | 1;
}

}  // namespace

void CodeFiles::prepare(u64 secret, u64 top) {
  secret_ = secret;
  top_ = std::bit_ceil(top);
}

u64 CodeFiles::id_of(int fd) {
  struct stat info;
  if (!is_prepared() || ::fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) return 0;
  for (const Known& known : known_) {
    if (known.device == info.st_dev && known.inode == info.st_ino) return known.id;
  }
  u64 id = content_id(fd, static_cast<u64>(info.st_size));
  known_.push_back({info.st_dev, info.st_ino, id});
  return id;
}

u64 CodeFiles::offset_of(u64 id, u64 limit) const {
  const u64 both[] = {secret_, id};
  return align_down(hash({reinterpret_cast<const char*>(both), sizeof both}) % limit, kLargestPage);
}

u64 CodeFiles::place_of(u64 id) const {
  u64 room = top_ / 128;
  return top_ - room - room / 4 + offset_of(id, room);
}

}  // namespace gantry::runtime
