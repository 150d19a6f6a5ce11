#include "tests/oci/support/temporary_bundle.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "emulator/base/check.h"
#include "emulator/base/elf_header.h"
#include "oci/bundle.h"

namespace gantry::test {

namespace fs = std::filesystem;

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = fs::temp_directory_path().string() + "/gantry-oci-XXXXXX";
  CHECK(::mkdtemp(pattern.data()));
  ::chmod(pattern.c_str(), 0755);
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string TemporaryDirectory::at(const std::string& name) const {
  fs::path path = fs::path(path_) / name;
  fs::create_directories(path.parent_path());
  return path.string();
}

void write_file(const std::string& path, const std::string& text, unsigned mode) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
  CHECK(::chmod(path.c_str(), mode) == 0);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_link(const std::string& path, const std::string& target) {
  fs::create_directories(fs::path(path).parent_path());
  CHECK(::symlink(target.c_str(), path.c_str()) == 0);
}

std::string fingerprint(const std::string& path) {
  std::vector<std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    struct stat status;
    CHECK(::lstat(entry.path().c_str(), &status) == 0);
    std::ostringstream line;
    line << entry.path().string() << ' ' << std::oct << status.st_mode << std::dec << ' '
         << status.st_size << ' ' << status.st_mtim.tv_sec << '.' << status.st_mtim.tv_nsec;
    if (S_ISLNK(status.st_mode)) line << " -> " << fs::read_symlink(entry.path()).string();
    if (S_ISREG(status.st_mode)) line << ' ' << std::hash<std::string>()(read_file(entry.path()));
    lines.push_back(line.str());
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string elf_header(unsigned machine) {
  Elf64_Ehdr header = gantry::elf_header(ET_EXEC, static_cast<u16>(machine));
  return {reinterpret_cast<const char*>(&header), sizeof header};
}

Json tmpfs_mount(const std::string& destination, std::vector<std::string> options) {
  return {{"destination", destination},
          {"type", "tmpfs"},
          {"source", "tmpfs"},
          {"options", std::move(options)}};
}

Json bind_mount(const std::string& source, const std::string& destination) {
  return {{"destination", destination},
          {"type", "bind"},
          {"source", source},
          {"options", {"rbind", "rw"}}};
}

TemporaryBundle::TemporaryBundle() {
  write_file(rootfs("/bin/guest"), elf_header(EM_X86_64), 0755);
  write_file(rootfs("/bin/native"), elf_header(EM_AARCH64), 0755);
  write_file(rootfs("/bin/script"), "#!/bin/guest -x\n", 0755);
  fs::create_directories(rootfs("/run"));
  fs::create_directories(rootfs("/dev"));
  fs::create_directories(rootfs("/proc"));
  config = {
      {"ociVersion", "1.0.2"},
      {"process",
       {{"terminal", false},
        {"user", {{"uid", 0}, {"gid", 0}}},
        {"args", {"guest", "one", "two"}},
        {"env", {"PATH=/bin", "A=b"}},
        {"cwd", "/"}}},
      {"root", {{"path", "rootfs"}, {"readonly", false}}},
      {"mounts",
       {{{"destination", "/proc"}, {"type", "proc"}, {"source", "proc"}}, tmpfs_mount("/dev")}},
      {"linux", {{"namespaces", {{{"type", "pid"}}, {{"type", "mount"}}, {{"type", "ipc"}}}}}},
  };
}

void TemporaryBundle::write_config() const {
  write_file(directory() + "/config.json", config.dump());
}

Json TemporaryBundle::written_config() const {
  return Json::parse(read_file(directory() + "/config.json"));
}

Result<GuestView> TemporaryBundle::view() const {
  write_config();
  TRY_ASSIGN(Bundle bundle, Bundle::open(directory()));
  return bundle.view();
}

}  // namespace gantry::test
