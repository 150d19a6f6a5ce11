// What `gantry run` was asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emulator/base/result.h"
#include "emulator/base/types.h"

namespace gantry {

struct RunOptions {
  std::string rootfs;  // --rootfs, or
  std::string image;   // --image
  std::string data;    // --data, else the usual place
  std::string platform = "linux/amd64";
  std::vector<std::string> binds;        // SRC:DST[:ro]
  std::vector<std::string> tmpfs;        // DST[:OPTIONS]
  std::vector<std::string> environment;  // K=V, or K for the caller's value
  std::vector<std::string> limits;       // NAME=SOFT[:HARD]
  std::vector<std::string> added_capabilities, dropped_capabilities;
  std::vector<std::string> security;  // no-new-privileges, seccomp=FILE, seccomp=unconfined
  std::optional<std::string> entrypoint;
  std::optional<std::string> directory;
  std::optional<std::string> user;
  std::optional<std::string> memory;
  std::optional<u64> processes;
  std::string host_name;
  std::string network = "none";
  bool is_read_only = false;
  bool has_terminal = false;
  bool has_input = false;
  bool is_quiet = false;
  bool removes = true;  // as every run does
  bool shows_spec = false;
  std::vector<std::string> command;
};

// Bytes of "512", "512b", "64k", "64m", "2g" (podman-run(1), --memory).
Result<u64> parse_size(const std::string& text);

}  // namespace gantry
