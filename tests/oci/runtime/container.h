// Real containers in private worlds: a low-level runtime called directly, and gantry-runtime in
// front of it.
#pragma once

#include <string>

#include "tests/oci/runtime/started.h"

namespace gantry::test {

// The low-level runtime of that name; empty when it is not installed.
std::string low_level_path(const std::string& name);

// A bundle whose program is the probe (tests/oci/support/probe.cc), to be run by one low-level
// runtime. "gantry-test" is the container's name.
class ProbeContainer {
 public:
  ProbeContainer();

  // Before anything else; `name` is "crun" or "runc".
  void use_low_level(const std::string& name) { runtime_ = low_level_path(name); }
  bool can_run() const { return !runtime_.empty() && can_make_private_worlds(); }

  // "RUNTIME FLAGS…" for a shell: the low-level runtime itself, or ours in front of it.
  std::string direct() const { return command(runtime_); }
  std::string ours() const;

  // Ours: with an emulator that is not needed, with lines of a configuration file, and with one
  // that is needed although the probe is native.
  void configure(const std::string& lines) const;
  void expect_native() const;
  void emulate() const;

  Ended shell(const std::string& script) const;
  // COMMAND run, to its end.
  Ended start(const std::string& command) const;

  TemporaryBundle bundle;

 private:
  std::string command(const std::string& runtime) const;

  std::string runtime_;
};

// `text` without the lines that contain `what`.
std::string without_lines(const std::string& text, const std::string& what);

}  // namespace gantry::test
