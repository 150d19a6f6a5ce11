// What gantry-runtime works with: the configuration file and what is found on this machine.
#pragma once

#include <optional>
#include <string>

#include "emulator/base/result.h"
#include "oci/edits/plan.h"
#include "profiles/config.h"

namespace gantry {

struct Settings {
  std::string config_path;  // the files that were read, separated by commas; may be empty
  Config config;
  std::string low_level_runtime;  // absolute
};

// `config_path` is --config; without it the files of /etc/gantry are read. Nothing is taken from
// the environment except, for the low-level runtime, PATH after the usual folders.
Result<Settings> load_settings(const std::optional<std::string>& config_path);

// The configuration alone, of the same files.
Result<Config> read_settings_file(const std::optional<std::string>& config_path);

// The configured emulator, else the one beside this program, else the newest of those that are
// installed at ../libexec/gantry/VERSION/ from this program or at /usr/libexec/gantry/VERSION/. Its
// path is empty when there is none; one that was configured must be right. Separate from the
// settings so that a missing emulator never keeps a container from being killed or deleted.
Result<Emulator> find_emulator(const Config& config);

// The program at `path` as an emulator: fails unless it is an ELF file that everyone may execute
// and nobody but its owner may write.
Result<Emulator> inspect_emulator(const std::string& path);

// crun, else runc, by absolute path: engines call `kill` and `delete` without PATH.
Result<std::string> find_low_level_runtime();

// The directory of this program's file.
std::string own_directory();

// The absolute path of a program in the usual folders, else in PATH; empty when there is none.
std::string find_host_program(const std::string& name);

}  // namespace gantry
