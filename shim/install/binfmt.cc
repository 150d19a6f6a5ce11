#include "shim/install/binfmt.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <sstream>

#include "emulator/base/elf_header.h"
#include "emulator/base/types.h"
#include "oci/program_file.h"
#include "shim/install/install.h"

namespace gantry::install {
namespace {

constexpr const char* kFolder = "/proc/sys/fs/binfmt_misc";
constexpr const char* kPackagedFile = "/usr/lib/binfmt.d/gantry.conf";

// ELF, 64 bits, little endian, executable or shared object, machine 62. The fields that linkers
// fill differently are left out: the system's ABI and what follows it.
constexpr const char* kMagic =
    R"(\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00)";
constexpr const char* kMask =
    R"(\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff)";

std::string bytes_of(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

// The start of an x86-64 program.
std::string sample_header(u16 type) {
  Elf64_Ehdr header = elf_header(type, EM_X86_64);
  return std::string(reinterpret_cast<const char*>(&header), sizeof header);
}

struct Pattern {
  std::size_t offset = 0;
  std::string magic;
  std::string mask;

  bool matches(const std::string& text) const {
    if (magic.empty() || offset + magic.size() > text.size()) return false;
    for (std::size_t i = 0; i < magic.size(); i++) {
      char bits = i < mask.size() ? mask[i] : '\xff';
      if ((text[offset + i] ^ magic[i]) & bits) return false;
    }
    return true;
  }
};

// What the kernel shows of an entry: "enabled", then a key and its value a line.
BinfmtEntry parse_entry(const std::string& name, const std::string& text, Pattern& pattern) {
  BinfmtEntry entry;
  entry.name = name;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::string key = line.substr(0, line.find(' '));
    std::string value = key.size() < line.size() ? line.substr(key.size() + 1) : "";
    if (key == "enabled") entry.enabled = true;
    if (key == "interpreter") entry.interpreter = value;
    if (key == "flags:") entry.flags = value;
    if (key == "offset") pattern.offset = static_cast<std::size_t>(std::stoul(value));
    if (key == "magic") pattern.magic = bytes_of(value);
    if (key == "mask") pattern.mask = bytes_of(value);
  }
  return entry;
}

Error not_mounted() {
  return make_error(ENOENT,
                    "binfmt_misc is not mounted at %s: mount -t binfmt_misc binfmt_misc %s (the "
                    "kernel needs CONFIG_BINFMT_MISC)",
                    kFolder, kFolder);
}

bool is_mounted() { return ::access((std::string(kFolder) + "/register").c_str(), F_OK) == 0; }

// Straight to the kernel: these are no files that could be replaced.
Result<void> tell_kernel(const std::string& name, const std::string& text) {
  std::string path = std::string(kFolder) + "/" + name;
  TRY_ASSIGN(UniqueFd fd, open_at(AT_FDCWD, path, O_WRONLY));
  ssize_t size = ::write(fd.get(), text.data(), text.size());
  if (size < 0) return make_system_error(errno, "%s", path.c_str());
  return {};
}

Result<void> drop_own_entry() {
  if (::access((std::string(kFolder) + "/" + kBinfmtName).c_str(), F_OK) < 0) return {};
  return tell_kernel(kBinfmtName, "-1");
}

bool kernel_tells_of_argv0() {
  utsname name;
  int major = 0, minor = 0;
  ::uname(&name);
  std::sscanf(name.release, "%d.%d", &major, &minor);
  return major > 5 || (major == 5 && minor >= 12);
}

}  // namespace

Result<std::vector<BinfmtEntry>> x86_64_entries() {
  if (!is_mounted()) return not_mounted();
  TRY_ASSIGN(Tree tree, Tree::open("/"));
  std::vector<BinfmtEntry> entries;
  for (const std::string& name : tree.list(kFolder)) {
    if (name == "register" || name == "status") continue;
    TRY_ASSIGN(std::optional<File> file, tree.read(std::string(kFolder) + "/" + name));
    if (!file) continue;
    Pattern pattern;
    BinfmtEntry entry = parse_entry(name, file->text, pattern);
    bool is_for_us =
        pattern.matches(sample_header(ET_EXEC)) || pattern.matches(sample_header(ET_DYN));
    if (is_for_us || entry.is_ours()) entries.push_back(entry);
  }
  return entries;
}

std::string binfmt_line(const std::string& emulator) {
  return std::string(":") + kBinfmtName + ":M::" + kMagic + ":" + kMask + ":" + emulator + ":" +
         (kernel_tells_of_argv0() ? "POCF" : "OCF");
}

std::string binfmt_text(const std::string& emulator) {
  return "# x86-64 programs go to Gantry; see `gantry binfmt` in gantry(1).\n" +
         binfmt_line(emulator) + "\n";
}

Result<void> register_binfmt(const PlaceOptions& place, const Emulator& emulator) {
  u16 machine = place.is_this_machine() ? host_machine() : emulator.machine;
  if (machine == EM_X86_64 && !emulator.emulate_native) {
    return make_error(EINVAL,
                      "the machine runs x86-64 programs itself: with an entry the kernel would "
                      "start none of them any more without the emulator");
  }
  TRY_ASSIGN(Places places, find_places(place, true));
  TRY_ASSIGN(Tree tree, Tree::open(place.root));
  if (place.is_this_machine() && !is_mounted()) return not_mounted();
  TRY_ASSIGN(Journal journal, Journal::open(tree, places.journal, true));
  Wanted wanted{kBinfmtFile, binfmt_text(emulator.path), true};
  TRY_ASSIGN(std::optional<File> current, tree.read(kBinfmtFile));
  TRY_ASSIGN(std::optional<Change> change, change_for(journal, kBinfmtPart, wanted, current));
  if (change) TRY(journal.apply({*change}));
  if (!place.is_this_machine()) return {};
  TRY(drop_own_entry());
  return tell_kernel("register", binfmt_line(emulator.path));
}

Result<void> unregister_binfmt(const PlaceOptions& place) {
  if (place.is_this_machine()) TRY(drop_own_entry());
  Options options;
  options.place = place;
  options.engines = {kBinfmtPart};
  TRY_ASSIGN(Report report, uninstall(options));
  for (const Step& step : report.steps) {
    if (step.kind == Step::kKept) {
      return make_error(EEXIST, "%s: %s", step.path.c_str(), step.reason.c_str());
    }
  }
  return {};
}

Result<std::string> boot_file(const PlaceOptions& place) {
  TRY_ASSIGN(Tree tree, Tree::open(place.root));
  // binfmt.d(5): a file in /etc goes before that of the same name in /usr/lib.
  for (const char* path : {kBinfmtFile, kPackagedFile}) {
    TRY_ASSIGN(std::optional<File> file, tree.read(path));
    if (file) return std::string(path);
  }
  return std::string();
}

Result<Emulator> emulator_in_tree(const PlaceOptions& place, const Config& config) {
  TRY_ASSIGN(Places places, find_places(place, false));
  TRY_ASSIGN(Tree tree, Tree::open(place.root));
  Result<UniqueFd> file = tree.find(places.emulator());
  if (!file && config.emulator) return find_emulator(config);
  if (!file) {
    return make_error(ENOENT, "%s has no %s: gantry install --root %s", place.root.c_str(),
                      places.emulator().c_str(), place.root.c_str());
  }
  Result<ProgramFile> program = identify_program(file->get());
  if (!program) {
    return make_error(program.error().code, "%s %s", places.emulator().c_str(),
                      program.error().message.c_str());
  }
  Emulator emulator;
  emulator.path = places.emulator();
  emulator.machine = program->machine;
  emulator.emulate_native = config.emulate_native.value_or(false);
  return emulator;
}

}  // namespace gantry::install
