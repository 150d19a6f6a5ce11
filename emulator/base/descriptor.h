// Descriptors, and files opened so that no path of an image can lead out of its root filesystem.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/base/result.h"
#include "emulator/base/types.h"

namespace gantry {

// Owns a file descriptor. Every descriptor made here is close-on-exec.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

// Opens `path` relative to `directory` (AT_FDCWD allowed). Messages name `path`.
Result<UniqueFd> open_at(int directory, const std::string& path, int flags);
// Opens a directory to be read, and as the place of what is in it.
Result<UniqueFd> open_directory(const std::string& path);

// openat2(2) with O_CLOEXEC and the given RESOLVE_* flags. The error has no text but the reason:
// callers know what the path is for.
Result<UniqueFd> open_resolved(int directory, const std::string& path, int flags, u64 resolve);

// A descriptor to read the file that the O_PATH descriptor `path_fd` stands for. Fails with EINVAL
// unless it is a regular file: opening a FIFO or a device would have effects.
Result<UniqueFd> reopen_for_reading(int path_fd);

Result<struct stat> stat_of(int fd);

// The target of the symbolic link that the O_PATH descriptor stands for.
Result<std::string> link_target(int path_fd);

// Everything from the file offset on; fails with EFBIG when that is more than `limit` bytes.
Result<std::string> read_all(int fd, std::size_t limit);

Result<void> write_all(int fd, std::string_view text);

// For replace_file(): a file of the caller's with this mode.
struct stat of_caller(mode_t mode);
// Replaces `name` in `directory` by a new file with this text, mode and owner (where permitted),
// in one step: readers see the old file or the new one. A symbolic link is replaced, not followed.
Result<void> replace_file(int directory, const std::string& name, std::string_view text,
                          const struct stat& like);

// What a directory holds, but for itself and its parent; in no order.
Result<std::vector<std::string>> names_in(int directory);

// flock(2): LOCK_SH or LOCK_EX, with LOCK_NB for those that do not wait. It is held while the
// descriptor lives.
Result<void> lock_descriptor(int fd, int operation);
// The same of a directory that is opened for it.
Result<UniqueFd> lock_directory(const std::string& path, int operation);

// A sealed memfd with this text (memfd_create(2), F_ADD_SEALS), at offset 0.
Result<UniqueFd> sealed_memfd(const char* name, std::string_view text);

}  // namespace gantry
