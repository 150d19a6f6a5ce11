#include "runtime/loader/program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/loader/elf.h"

#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

namespace gantry::runtime::loader {
namespace {

// Linux gives up after this many interpreters of interpreters (fs/exec.c, exec_binprm).
constexpr int kMaxScriptDepth = 5;
// BINPRM_BUF_SIZE: what Linux looks at to see what a file is.
constexpr u64 kHeadSize = 256;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Closes on an early return.
struct FileDescriptor {
  int fd;
  ~FileDescriptor() {
    if (fd >= 0) close(fd);
  }
  int release() { return std::exchange(fd, -1); }
};

Error cannot_execute(int code, const std::string& path, const char* reason) {
  return make_error(code, "%s: %s", path.c_str(), reason);
}

int reopen(int fd) {
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return -1;
  if ((flags & O_ACCMODE) != O_WRONLY && !(flags & O_PATH)) return fcntl(fd, F_DUPFD_CLOEXEC, 0);
  std::string link = "/proc/self/fd/" + std::to_string(fd);
  return open(link.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

int open_program(int directory_fd, const std::string& path, int flags) {
  if (path.empty() && (flags & AT_EMPTY_PATH)) return reopen(directory_fd);
  int no_follow = flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0;
  return openat(directory_fd, path.c_str(),
                O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | no_follow);
}

bool may_execute(int fd, const struct stat& info) {
  long status = syscall(SYS_faccessat2, fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS);
  if (status == 0) return true;
  if (errno == EACCES) return false;
  return info.st_mode & 0111;  // Linux before 5.8
}

Result<void> check_executable(int fd, const std::string& path) {
  struct stat info;
  if (fstat(fd, &info) < 0) return make_system_error(errno, "%s", path.c_str());
  if (S_ISDIR(info.st_mode)) return cannot_execute(EACCES, path, "is a directory");
  if (!S_ISREG(info.st_mode)) return cannot_execute(EACCES, path, "is not a regular file");
  if (!may_execute(fd, info)) return make_system_error(EACCES, "%s", path.c_str());
  return {};
}

// The name that a script's interpreter can open a script by that was given as a descriptor
// (execveat(2), NOTES).
Result<std::string> script_name(int directory_fd, const std::string& path) {
  if (directory_fd == AT_FDCWD || path.starts_with('/')) return path;
  int flags = fcntl(directory_fd, F_GETFD);
  if (flags < 0 || (flags & FD_CLOEXEC)) {
    return make_error(ENOENT, "descriptor %d: a script's interpreter cannot open it: close-on-exec",
                      directory_fd);
  }
  std::string name = "/dev/fd/" + std::to_string(directory_fd);
  return path.empty() ? name : name + "/" + path;
}

Result<void> check_interpreter(const ElfFile& elf, const std::string& path) {
  if (elf.interpreter.empty() || access(elf.interpreter.c_str(), F_OK) == 0) return {};
  return make_system_error(errno, "%s: its interpreter %s", path.c_str(), elf.interpreter.c_str());
}

Result<void> classify(Program& program, FileKind kind) {
  const std::string& path = program.path;
  switch (kind) {
    case FileKind::kGuestElf: {
      TRY_ASSIGN(ElfFile elf, read_elf(program.fd, path));
      TRY(check_interpreter(elf, path));
      program.elf = std::make_shared<const ElfFile>(std::move(elf));
      program.kind = ProgramKind::kGuest;
      return {};
    }
    case FileKind::kNativeElf:
      program.kind = ProgramKind::kNative;
      return {};
    case FileKind::kI386Elf:
      return cannot_execute(ENOEXEC, path, "32-bit x86 programs are not supported");
    case FileKind::kX32Elf:
      return cannot_execute(ENOEXEC, path, "x32 programs are not supported");
    case FileKind::kOtherElf:
      return cannot_execute(ENOEXEC, path, "an ELF program for another machine");
    case FileKind::kTruncatedElf:
      return cannot_execute(ENOEXEC, path, "the file is truncated");
    default:
      return cannot_execute(ENOEXEC, path, "neither an ELF program nor a script");
  }
}

// argv of the interpreter: its own name, the argument, the script's name, the rest.
void rewrite_arguments(std::vector<std::string>& argv, const ScriptLine& line,
                       const std::string& script) {
  if (!argv.empty()) argv.erase(argv.begin());
  argv.insert(argv.begin(), script);
  if (line.has_argument) argv.insert(argv.begin(), line.argument);
  argv.insert(argv.begin(), line.interpreter);
}

}  // namespace

bool parse_script_line(const char* head, u64 size, ScriptLine& line) {
  if (size < 2 || head[0] != '#' || head[1] != '!') return false;
  std::string text(head + 2, std::min(size, kHeadSize - 1) - 2);
  std::size_t newline = text.find('\n');
  bool cut_off = newline == std::string::npos && size >= kHeadSize;
  text.resize(std::min(newline, text.size()));
  text.resize(std::strlen(text.c_str()));  // a NUL ends the line, too

  auto blank_at = [&](std::size_t from) { return text.find_first_of(" \t", from); };
  auto word_at = [&](std::size_t from) { return text.find_first_not_of(" \t", from); };
  std::size_t start = word_at(0);
  if (start == std::string::npos) return false;
  std::size_t end = blank_at(start);
  // An interpreter's name that may go on past what is looked at is not a name.
  if (end == std::string::npos && cut_off) return false;
  while (is_blank(text.back())) text.pop_back();
  line.interpreter = text.substr(start, end - start);
  std::size_t argument = end >= text.size() ? std::string::npos : word_at(end);
  line.has_argument = argument != std::string::npos;
  line.argument = line.has_argument ? text.substr(argument) : "";
  return true;
}

Result<Program> program_from_descriptor(int fd, const std::string& file_name,
                                        std::vector<std::string> argv) {
  Program program{.fd = fd, .path = file_name, .file_name = file_name, .argv = std::move(argv)};
  TRY_ASSIGN(ElfFile elf, read_elf(fd, file_name));
  program.elf = std::make_shared<const ElfFile>(std::move(elf));
  return program;
}

Result<Program> resolve_program(int directory_fd, const std::string& path, int flags,
                                std::vector<std::string> argv) {
  Program program{.path = path, .argv = std::move(argv)};
  if (program.argv.empty()) program.argv.push_back("");  // since Linux 5.18
  std::string script;
  for (int depth = 0;; depth++) {
    if (depth > kMaxScriptDepth) return make_system_error(ELOOP, "%s", script.c_str());
    FileDescriptor file{open_program(directory_fd, program.path, flags)};
    if (file.fd < 0) {
      if (script.empty()) return make_system_error(errno, "%s", program.path.c_str());
      return make_system_error(errno, "%s: its interpreter %s", script.c_str(),
                               program.path.c_str());
    }
    TRY(check_executable(file.fd, program.path));
    char head[kHeadSize];
    ssize_t size = pread(file.fd, head, sizeof head, 0);
    if (size < 0) return make_system_error(errno, "%s", program.path.c_str());
    FileKind kind = identify(head, static_cast<u64>(size));
    if (depth == 0) {
      bool by_path = directory_fd == AT_FDCWD || path.starts_with('/');
      program.file_name =
          by_path ? path
                  : "/dev/fd/" + std::to_string(directory_fd) + (path.empty() ? "" : "/" + path);
    }
    if (kind != FileKind::kScript) {
      program.fd = file.fd;
      TRY(classify(program, kind));
      file.release();
      return program;
    }
    ScriptLine line;
    if (!parse_script_line(head, static_cast<u64>(size), line)) {
      return cannot_execute(ENOEXEC, program.path, "the first line names no interpreter");
    }
    TRY_ASSIGN(script, script_name(directory_fd, program.path));
    rewrite_arguments(program.argv, line, script);
    program.path = line.interpreter;
    directory_fd = AT_FDCWD;
    flags = 0;
  }
}

Result<std::string> find_in_path(const std::string& name, const char* search_path) {
  if (name.empty()) return make_system_error(ENOENT, "''");
  if (name.find('/') != std::string::npos) return name;
  std::string directories = search_path ? search_path : "/bin:/usr/bin";
  int error = ENOENT;
  for (std::size_t start = 0; start <= directories.size();) {
    std::size_t end = std::min(directories.find(':', start), directories.size());
    std::string directory = directories.substr(start, end - start);
    std::string candidate = (directory.empty() ? "." : directory) + "/" + name;
    start = end + 1;
    struct stat info;
    if (stat(candidate.c_str(), &info) < 0 || !S_ISREG(info.st_mode)) continue;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
    error = EACCES;
  }
  if (error == ENOENT) return make_error(ENOENT, "%s: command not found", name.c_str());
  return make_system_error(error, "%s", name.c_str());
}

int exit_status_of(int error_code) { return error_code == ENOENT ? 127 : 126; }

}  // namespace gantry::runtime::loader
