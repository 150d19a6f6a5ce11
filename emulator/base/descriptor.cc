#include "emulator/base/descriptor.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

namespace gantry {
namespace {

constexpr std::size_t kReadChunk = 64 * 1024;

Error last_error(const char* what) { return make_system_error(errno, "%s", what); }

Result<void> fill_replacement(int fd, std::string_view text, const struct stat& like) {
  TRY(write_all(fd, text));
  // The owner first: chown clears set-id bits. It may fail for an unprivileged caller, whose own
  // file it then stays.
  [[maybe_unused]] int unowned = ::fchown(fd, like.st_uid, like.st_gid);
  if (::fchmod(fd, like.st_mode & 0777) < 0) return last_error("chmod of the new file");
  return {};
}

}  // namespace

void UniqueFd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<UniqueFd> open_at(int directory, const std::string& path, int flags) {
  int fd = ::openat(directory, path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return make_system_error(errno, "cannot open `%s`", path.c_str());
  return UniqueFd(fd);
}

Result<UniqueFd> open_directory(const std::string& path) {
  return open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
}

Result<UniqueFd> open_resolved(int directory, const std::string& path, int flags, u64 resolve) {
  open_how how = {};
  how.flags = static_cast<u64>(flags | O_CLOEXEC);
  how.resolve = resolve;
  long fd;
  // openat2(2): EAGAIN means that a rename elsewhere raced with "..": try again.
  do {
    fd = ::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how);
  } while (fd < 0 && (errno == EAGAIN || errno == EINTR));
  if (fd >= 0) return UniqueFd(static_cast<int>(fd));
  if (errno == ENOSYS) {
    return make_error(ENOSYS, "this kernel has no openat2(2): Linux 5.6 or later is needed");
  }
  return last_error(path.c_str());
}

Result<UniqueFd> reopen_for_reading(int path_fd) {
  TRY_ASSIGN(struct stat status, stat_of(path_fd));
  if (!S_ISREG(status.st_mode)) return make_error(EINVAL, "not a regular file");
  std::string path = "/proc/self/fd/" + std::to_string(path_fd);
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return last_error("cannot be read");
  return UniqueFd(fd);
}

Result<struct stat> stat_of(int fd) {
  struct stat status;
  if (::fstat(fd, &status) < 0) return last_error("fstat");
  return status;
}

Result<std::string> link_target(int path_fd) {
  char buffer[4096];
  ssize_t size = ::readlinkat(path_fd, "", buffer, sizeof buffer);
  if (size < 0) return last_error("readlink");
  if (size == sizeof buffer) return make_error(ENAMETOOLONG, "symbolic link target too long");
  return std::string(buffer, static_cast<std::size_t>(size));
}

Result<std::string> read_all(int fd, std::size_t limit) {
  std::string text;
  for (;;) {
    std::size_t used = text.size();
    text.resize(used + kReadChunk);
    ssize_t size = ::read(fd, text.data() + used, kReadChunk);
    if (size < 0 && errno != EINTR) return last_error("read");
    text.resize(used + static_cast<std::size_t>(size > 0 ? size : 0));
    if (text.size() > limit) return make_error(EFBIG, "larger than %zu bytes", limit);
    if (size == 0) return text;
  }
}

Result<void> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t size = ::write(fd, text.data(), text.size());
    if (size < 0 && errno != EINTR) return last_error("write");
    if (size > 0) text.remove_prefix(static_cast<std::size_t>(size));
  }
  return {};
}

struct stat of_caller(mode_t mode) {
  struct stat status = {};
  status.st_mode = mode;
  status.st_uid = ::geteuid();
  status.st_gid = ::getegid();
  return status;
}

Result<void> replace_file(int directory, const std::string& name, std::string_view text,
                          const struct stat& like) {
  std::string temporary = "." + name + ".gantry-" + std::to_string(::getpid());
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  // A process of the same number may have died here before.
  ::unlinkat(directory, temporary.c_str(), 0);
  UniqueFd fd(::openat(directory, temporary.c_str(), flags, 0600));
  if (!fd) return make_system_error(errno, "cannot create `%s`", temporary.c_str());
  Result<void> filled = fill_replacement(fd.get(), text, like);
  if (filled && ::renameat(directory, temporary.c_str(), directory, name.c_str()) < 0) {
    filled = last_error("rename");
  }
  if (!filled) ::unlinkat(directory, temporary.c_str(), 0);
  return filled;
}

Result<std::vector<std::string>> names_in(int directory) {
  // Opened anew: a stream moves the offset of its descriptor.
  TRY_ASSIGN(UniqueFd own, open_at(directory, ".", O_RDONLY | O_DIRECTORY));
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(own.get()), ::closedir);
  if (!stream) return last_error("fdopendir");
  own.release();
  std::vector<std::string> names;
  while (dirent* entry = ::readdir(stream.get())) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  return names;
}

Result<void> lock_descriptor(int fd, int operation) {
  int result;
  do {
    result = ::flock(fd, operation);
  } while (result < 0 && errno == EINTR);
  if (result < 0) return last_error("flock");
  return {};
}

Result<UniqueFd> lock_directory(const std::string& path, int operation) {
  TRY_ASSIGN(UniqueFd fd, open_directory(path));
  Result<void> locked = lock_descriptor(fd.get(), operation);
  if (locked) return fd;
  return make_system_error(locked.error().code, "%s is in use", path.c_str());
}

Result<UniqueFd> sealed_memfd(const char* name, std::string_view text) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return last_error("memfd_create");
  TRY(write_all(fd.get(), text));
  if (::lseek(fd.get(), 0, SEEK_SET) < 0) return last_error("lseek");
  int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (::fcntl(fd.get(), F_ADD_SEALS, seals) < 0) return last_error("sealing a memfd");
  return fd;
}

}  // namespace gantry
