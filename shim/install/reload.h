// Engines that are running, and have to read their files again.
#pragma once

#include <string>

#include "emulator/base/descriptor.h"
#include "emulator/base/result.h"
#include "shim/install/engines.h"

namespace gantry::install {

// How an engine can be told without an end to its containers.
struct Reload {
  enum Kind {
    kNotRunning,    // it reads its files when it starts
    kNeedsRestart,  // it reads them at no other time
    kSignal,        // SIGHUP to its main process
    kUnit,          // its unit of systemd reloads it
  };
  Kind kind = kNotRunning;
  std::string text;  // for people: "SIGHUP to process 123", "systemctl reload crio"
  UniqueFd process;  // of kSignal (pidfd_open(2))
  std::string unit;  // of kUnit
};

// What would be done now; `rootless`: with the engine of this user. Does nothing yet.
Reload find_reload(const Engine& engine, bool rootless);

// Does it; nothing for the first two kinds.
Result<void> reload_engine(const Reload& reload, bool rootless);

}  // namespace gantry::install
