// Where an installation's files are: system-wide, below a PREFIX, or of one user.
#pragma once

#include <string>
#include <vector>

#include "shim/install/journal.h"
#include "shim/install/tree.h"

namespace gantry::install {

struct PlaceOptions {
  std::string root = "/";  // --root: the machine's files are below this directory
  std::string prefix;      // --prefix; empty: /usr/local for commands, /usr for the emulator
  bool rootless = false;

  // Whether the kernel that runs here is that machine's.
  bool is_this_machine() const { return root == "/"; }
};

struct Places {
  std::string bin;          // for gantry and gantry-runtime
  std::string libexec;      // below it gantry/VERSION/gantry-x64
  std::string journal;      // the folder of the journal
  std::string config_home;  // of the user; empty when the installation is system-wide

  std::string versions() const { return libexec + "/gantry"; }
  std::string emulator() const;  // of this version
};

// Fails when the caller may not write there: a system-wide installation needs root.
Result<Places> find_places(const PlaceOptions& options, bool to_write);

// Processes in whose mount namespace the file is mounted somewhere: containers that run on it
// (proc_pid_mountinfo(5)).
std::vector<int> users_of(const struct stat& file);

}  // namespace gantry::install
