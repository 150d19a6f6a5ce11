#include "runtime/proc/proc.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "emulator/base/files.h"
#include "runtime/core/process.h"
#include "runtime/proc/content.h"
#include "runtime/process/hidden_fds.h"

namespace gantry::runtime::proc {
namespace {

enum class Kind : u8 {
  kNone,
  kExe,
  kOtherExe,  // of another process
  kMaps,
  kSmaps,
  kCommandLine,
  kEnvironment,
  kAuxv,
  kStat,
  kStatus,
  kCpuinfo,
  kArch,
  kDescriptor,  // fd/N or fdinfo/N
};

struct Name {
  const char* name;
  Kind kind;
};

// Under /proc/PID and /proc/PID/task/TID.
constexpr Name kProcessFiles[] = {
    {"exe", Kind::kExe},
    {"maps", Kind::kMaps},
    {"smaps", Kind::kSmaps},
    {"cmdline", Kind::kCommandLine},
    {"environ", Kind::kEnvironment},
    {"auxv", Kind::kAuxv},
    {"stat", Kind::kStat},
    {"status", Kind::kStatus},
};
constexpr Name kGlobalFiles[] = {{"cpuinfo", Kind::kCpuinfo}, {"sys/kernel/arch", Kind::kArch}};

struct Entry {
  Kind kind = Kind::kNone;
  std::string path;  // of the host's file
};

std::string link_target(const std::string& path) {
  char text[PATH_MAX];
  ssize_t size = ::readlink(path.c_str(), text, sizeof text);
  return std::string(text, size > 0 ? static_cast<u64>(size) : 0);
}

// Whether the last part of the path could be one of ours: most paths are not, and cost no more.
bool could_be_ours(std::string_view path) {
  std::size_t slash = path.rfind('/');
  std::string_view last = slash == std::string_view::npos ? path : path.substr(slash + 1);
  auto same = [&](const Name& entry) { return last == entry.name; };
  if (std::any_of(std::begin(kProcessFiles), std::end(kProcessFiles), same)) return true;
  bool number = !last.empty() && last.find_first_not_of("0123456789") == std::string_view::npos;
  return last == "cpuinfo" || last == "arch" || number;
}

// The path from the root; empty when it is not below /proc.
std::string absolute_path(int directory_fd, const std::string& path) {
  if (path.starts_with('/')) return path.starts_with("/proc/") ? path : "";
  std::string directory = directory_fd == AT_FDCWD
                              ? link_target("/proc/self/cwd")
                              : link_target("/proc/self/fd/" + std::to_string(directory_fd));
  if (!directory.starts_with("/proc")) return "";
  return directory + "/" + path;
}

// Takes the next part off `path`, which may begin with several slashes and "./".
std::string_view next_part(std::string_view& path) {
  while (true) {
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(part.size());
    if (part != ".") return part;
  }
}

bool is_own_id(std::string_view part) {
  if (part == "self" || part == "thread-self") return true;
  if (part.empty() || part.find_first_not_of("0123456789") != std::string_view::npos) return false;
  std::string text(part);
  long id = std::strtol(text.c_str(), nullptr, 10);
  return id == getpid() || id == gettid();
}

Kind kind_of(std::string_view path) {
  next_part(path);  // "proc"
  for (const Name& file : kGlobalFiles) {
    std::string_view rest = path.substr(std::min(path.find_first_not_of('/'), path.size()));
    if (rest == file.name) return file.kind;
  }
  bool own = is_own_id(next_part(path));
  std::string_view part = next_part(path);
  if (!own) return part == "exe" && next_part(path).empty() ? Kind::kOtherExe : Kind::kNone;
  if (part == "task") {
    next_part(path);
    part = next_part(path);
  }
  std::string_view rest = next_part(path);
  if ((part == "fd" || part == "fdinfo") && !rest.empty()) return Kind::kDescriptor;
  if (!rest.empty()) return Kind::kNone;
  for (const Name& file : kProcessFiles) {
    if (part == file.name) return file.kind;
  }
  return Kind::kNone;
}

Entry find_entry(int directory_fd, const std::string& path) {
  if (!could_be_ours(path)) return {};
  Entry entry{.path = absolute_path(directory_fd, path)};
  if (!entry.path.empty()) entry.kind = kind_of(entry.path);
  return entry;
}

bool names_hidden_descriptor(const std::string& path) {
  return is_hidden_entry(path.c_str() + path.rfind('/') + 1);
}

std::string content(Task& task, const Entry& entry) {
  Process& process = *task.process;
  switch (entry.kind) {
    case Kind::kMaps:
      return maps(*process.memory);
    case Kind::kSmaps:
      return smaps(*process.memory, read_whole_file(entry.path));
    case Kind::kCommandLine:
      return command_line(task);
    case Kind::kEnvironment:
      return environment(task);
    case Kind::kAuxv:
      return process.image.auxv;
    case Kind::kStat:
      return stat(process, read_whole_file(entry.path));
    case Kind::kStatus:
      return status(task, read_whole_file(entry.path));
    case Kind::kCpuinfo:
      return cpuinfo();
    case Kind::kArch:
      return "x86_64\n";
    default:
      return "";
  }
}

s64 descriptor_with(const std::string& path, const std::string& text, int flags) {
  int fd = memfd_create(path.c_str(), MFD_ALLOW_SEALING | (flags & O_CLOEXEC ? MFD_CLOEXEC : 0));
  if (fd < 0) return -errno;
  for (std::size_t at = 0; at < text.size();) {
    ssize_t count = write(fd, text.data() + at, text.size() - at);
    if (count < 0 && errno != EINTR) break;
    at += count > 0 ? static_cast<u64>(count) : 0;
  }
  lseek(fd, 0, SEEK_SET);
  fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK);
  return fd;
}

std::string program_link(const Process& process) {
  return "/proc/self/fd/" + std::to_string(process.program_fd);
}

// A link that leads to the guest's program; empty when `entry` is another process's exe and that
// process is none of ours.
std::string exe_link(const Process& process, const Entry& entry) {
  if (entry.kind == Kind::kExe) return program_link(process);
  return find_hidden_fd(process, entry.path.substr(0, entry.path.rfind('/')), HiddenFd::kProgram);
}

// The kernel knows the guest's strings and shows them also to who reads a descriptor later, in
// another program.
bool host_shows_it(const Process& process, Kind kind) {
  bool strings = kind == Kind::kCommandLine || kind == Kind::kEnvironment || kind == Kind::kAuxv;
  return strings && process.layout_published;
}

}  // namespace

s64 open(Task& task, int directory_fd, const std::string& path, int flags) {
  Entry entry = find_entry(directory_fd, path);
  if (entry.kind == Kind::kNone) return kNotOurs;
  if (entry.kind == Kind::kDescriptor) {
    return names_hidden_descriptor(entry.path) ? -ENOENT : kNotOurs;
  }
  if (entry.kind == Kind::kExe || entry.kind == Kind::kOtherExe) {
    std::string link = exe_link(*task.process, entry);
    if ((flags & O_NOFOLLOW) || link.empty()) return kNotOurs;
    int fd = ::open(link.c_str(), flags & ~O_CREAT);
    return fd < 0 ? -errno : fd;
  }
  if (host_shows_it(*task.process, entry.kind)) return kNotOurs;
  bool writes = (flags & O_ACCMODE) != O_RDONLY;
  if (writes || (flags & (O_PATH | O_DIRECTORY))) return kNotOurs;
  // Where /proc is not mounted there is nothing to see.
  if (access(entry.path.c_str(), F_OK) < 0 && entry.kind != Kind::kArch) return -errno;
  return descriptor_with(entry.path, content(task, entry), flags);
}

s64 readlink(Task& task, int directory_fd, const std::string& path, std::string& target) {
  Entry entry = find_entry(directory_fd, path);
  if (entry.kind == Kind::kDescriptor && names_hidden_descriptor(entry.path)) return -ENOENT;
  if (entry.kind == Kind::kExe) {
    target = executable_path(*task.process);
  } else if (entry.kind == Kind::kOtherExe) {
    target = link_target(exe_link(*task.process, entry));
  }
  return target.empty() ? kNotOurs : static_cast<s64>(target.size());
}

bool redirect(Task& task, int& directory_fd, std::string& path) {
  Entry entry = find_entry(directory_fd, path);
  if (entry.kind != Kind::kExe && entry.kind != Kind::kOtherExe) return false;
  std::string link = exe_link(*task.process, entry);
  if (link.empty()) return false;
  std::string program = link_target(link);
  // A path that is gone, or leads elsewhere since chroot(2), is reached by the descriptor.
  path = access(program.c_str(), F_OK) == 0 ? program : link;
  directory_fd = AT_FDCWD;
  return true;
}

bool lists_own_descriptors(int fd) {
  struct statfs status;
  if (::fstatfs(fd, &status) || status.f_type != PROC_SUPER_MAGIC) return false;
  std::string path = link_target("/proc/self/fd/" + std::to_string(fd));
  return path.starts_with("/proc/" + std::to_string(::getpid()) + "/") &&
         (path.ends_with("/fd") || path.ends_with("/fdinfo"));
}

bool is_hidden_entry(const char* name) {
  char* end = nullptr;
  long fd = std::strtol(name, &end, 10);
  return end != name && *end == '\0' && is_hidden_fd(static_cast<int>(fd));
}

const std::string& executable_path(Process& process) {
  if (process.exe.empty()) process.exe = link_target(program_link(process));
  return process.exe;
}

}  // namespace gantry::runtime::proc
