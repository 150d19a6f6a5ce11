// Starting programs from tests.
#pragma once

#include <string>
#include <vector>

#include "tests/oci/support/temporary_bundle.h"

namespace gantry::test {

struct Ended {
  int status = -1;  // exit status, or 128 + signal
  std::string output;
  std::string errors;
};

// Runs a program (absolute path) to its end, with an empty standard input and the environment
// given. Killed after a minute.
Ended run(const std::vector<std::string>& words,
          const std::vector<std::string>& environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
          const std::string& directory = "/");

// The same in mount and PID namespaces of its own, with a cgroup2 filesystem: nothing that it
// mounts or starts outlives it.
Ended run_in_private_world(const std::vector<std::string>& words);
// Whether this machine allows that, and cgroup2 to be mounted.
bool can_make_private_worlds();

// gantry-runtime with the stand-in emulator and a low-level runtime that only writes down how it
// was called.
class FakeRuntime {
 public:
  explicit FakeRuntime(const TemporaryDirectory& directory);

  // gantry-runtime --config OURS WORDS…
  Ended call(const std::vector<std::string>& words, const std::string& directory = "/") const;
  // What the low-level runtime was called with, word by word, and the environment's names.
  std::vector<std::string> received() const;
  bool was_called() const { return !received().empty(); }
  // The process document it was given.
  std::string received_process() const;
  // What it answers to `state`.
  void set_state(const std::string& text) const;
  // Further lines of the configuration file.
  void configure(const std::string& lines) const;

 private:
  std::string folder_;
};

}  // namespace gantry::test
