// The log of an OCI runtime, in runc's formats: logrus text, or one JSON object a line.
#pragma once

#include <string>

#include "shim/command_line.h"

namespace gantry {

class RuntimeLog {
 public:
  // From --log, --log-format, --debug and --log-level. A log file that cannot be opened is no
  // reason to fail: lines then go to standard error.
  explicit RuntimeLog(const FlagList& global_flags);

  // Always written; also to standard error when the log is a file, as runc does.
  void error(const std::string& message) const;
  // Written only when debugging is asked for: podman reads the whole log as one JSON error.
  void debug(const std::string& message) const;

 private:
  std::string format(const char* level, const std::string& message) const;
  void write(const std::string& line) const;

  std::string path_;  // empty for standard error
  bool json_ = false;
  bool debug_ = false;
};

// As Go's %q for what log lines hold.
std::string quoted(const std::string& text);

}  // namespace gantry
