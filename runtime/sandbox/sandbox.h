// `gantry run`: a container without an engine. The caller says what the container looks like, in
// the terms of the OCI runtime-spec; this folder makes the namespaces, mounts and limits, is the
// container's PID 1, and passes on input, output and signals (docs/sandbox.md).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emulator/base/result.h"
#include "emulator/base/types.h"
#include "runtime/sandbox/identity.h"

namespace gantry::sandbox {

// A file system of the container. `destination` has no symbolic link in it; what is missing of it
// is created.
struct Mount {
  std::string destination;
  std::string type;  // of fsopen(2); empty for a bind mount
  std::string source;
  std::vector<std::string> options;  // as in mounts[].options of config.json
};

// The root file system: `lower` as it is, or an overlay of `upper` over it (overlayfs.rst; `work`
// lies beside `upper`).
struct Root {
  std::string lower;
  std::string upper;  // empty: `lower` itself is written to
  std::string work;
  std::string target;  // an existing directory to mount on
  bool is_read_only = false;
};

struct Limit {
  std::string name;  // RLIMIT_NOFILE
  u64 soft = 0;
  u64 hard = 0;
};

// By name, CAP_CHOWN (capabilities(7)).
struct Capabilities {
  std::vector<std::string> bounding, effective, permitted, inheritable, ambient;
};

struct SeccompCondition {
  unsigned index = 0;
  std::string comparison;  // SCMP_CMP_EQ
  u64 value = 0;
  u64 second = 0;
};

struct SeccompRule {
  std::vector<std::string> names;
  std::string action;  // SCMP_ACT_ALLOW
  std::optional<unsigned> error;
  std::vector<SeccompCondition> conditions;
};

struct Seccomp {
  std::string default_action;
  std::optional<unsigned> default_error;
  std::vector<std::string> architectures;  // SCMP_ARCH_X86_64
  std::vector<SeccompRule> rules;
};

struct Process {
  std::string program;  // for execve(2)
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::string directory = "/";
  bool makes_directory = false;  // where it is missing
  u32 user = 0;
  u32 group = 0;
  std::vector<u32> groups;
  std::vector<Limit> limits;
  Capabilities capabilities;
  bool no_new_privileges = false;
  bool has_terminal = false;
  bool has_input = false;  // else standard input is /dev/null
  std::optional<Seccomp> seccomp;
};

// cgroups(7), version 2.
struct Resources {
  std::optional<u64> memory;  // bytes
  std::optional<u64> processes;

  bool any() const { return memory || processes; }
};

struct Plan {
  Identity identity;
  Root root;
  std::vector<Mount> mounts;
  std::vector<std::string> masked_paths;
  std::vector<std::string> read_only_paths;
  std::string host_name;
  bool has_own_network = true;
  Process process;
  Resources resources;
};

// How the container ended: its program's exit status, 128 + n after signal n. `complaint` is set,
// and the status 126 or 127, when the program could not be executed.
struct Ended {
  int status = 0;
  std::string complaint;
};

// Runs the container to its end. Errors are those of making it.
Result<Ended> run(const Plan& plan);

}  // namespace gantry::sandbox
