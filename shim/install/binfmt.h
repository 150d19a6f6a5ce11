// `gantry binfmt`: has the kernel start x86-64 programs by the emulator, wherever they are
// (binfmt_misc, Documentation/admin-guide/binfmt-misc.rst; binfmt.d(5)).
//
// Containers of gantry-runtime need it for one thing: only the kernel can give a program the rights
// of its file (set-user-ID: sudo, su, ping), and it gives them to the emulator that it starts.
#pragma once

#include <string>
#include <vector>

#include "shim/install/machine.h"
#include "shim/settings.h"

namespace gantry::install {

constexpr const char* kBinfmtPart = "binfmt";
constexpr const char* kBinfmtName = "gantry-x86_64";
constexpr const char* kBinfmtFile = "/etc/binfmt.d/gantry.conf";

struct BinfmtEntry {
  std::string name;
  bool enabled = false;
  std::string interpreter;
  std::string flags;  // of "POCF"
  bool is_ours() const { return name == kBinfmtName; }
};

// Those of this kernel that x86-64 programs match, ours included. ENOENT when binfmt_misc is not
// mounted.
Result<std::vector<BinfmtEntry>> x86_64_entries();

// The line of binfmt.d(5) for the emulator at this path. Flags: F, as in a container there is no
// file of that name; C, which is the purpose, and O, which it implies; P, so that argv[0] is what
// the caller said, where the kernel tells the program of it (Linux 5.12).
std::string binfmt_line(const std::string& emulator);

// The whole file with that line.
std::string binfmt_text(const std::string& emulator);

// Writes the file, for the next boot, and registers with this kernel, replacing our own entry. In
// another machine's tree there is only the file: its kernel does not run here. Fails on a machine
// that runs x86-64 programs itself, unless the emulator is to run these, too.
Result<void> register_binfmt(const PlaceOptions& place, const Emulator& emulator);
Result<void> unregister_binfmt(const PlaceOptions& place);

// The file that tells the kernel of us when the machine starts: ours, or that of a package. Empty
// when there is none.
Result<std::string> boot_file(const PlaceOptions& place);

// The emulator of another machine's tree, as that machine sees it: the one that is installed there,
// else the configured one.
Result<Emulator> emulator_in_tree(const PlaceOptions& place, const Config& config);

}  // namespace gantry::install
