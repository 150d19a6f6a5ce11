#include "shim/runtime_log.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>

#include "emulator/base/descriptor.h"
#include "emulator/base/format.h"
#include "oci/json.h"

namespace gantry {
namespace {

// RFC 3339 in UTC, as logrus writes it.
std::string timestamp() {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm parts;
  ::gmtime_r(&now.tv_sec, &parts);
  char text[32];
  ::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

// crun takes file:PATH, journald:NAME and syslog:NAME as well.
std::string log_path(const std::string& value) {
  if (value.starts_with("journald:") || value.starts_with("syslog:")) return "";
  if (value.starts_with("file:")) return value.substr(5);
  return value == "/dev/stderr" ? "" : value;
}

}  // namespace

std::string quoted(const std::string& text) {
  std::string inner;
  for (char c : text) {
    if (c == '"' || c == '\\') inner += '\\';
    inner += c;
  }
  return "\"" + printable(inner) + "\"";
}

RuntimeLog::RuntimeLog(const FlagList& flags)
    : path_(log_path(flags.value_of("log"))),
      json_(flags.value_of("log-format") == "json"),
      debug_(flags.find("debug") || flags.value_of("log-level") == "debug") {}

std::string RuntimeLog::format(const char* level, const std::string& message) const {
  if (!json_) {
    return "time=\"" + timestamp() + "\" level=" + level + " msg=" + quoted(message) + "\n";
  }
  Json line = {{"level", level}, {"msg", message}, {"time", timestamp()}};
  // The message may quote a name of the image that is not UTF-8.
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void RuntimeLog::write(const std::string& line) const {
  UniqueFd file;
  if (!path_.empty()) {
    file = UniqueFd(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  }
  [[maybe_unused]] auto written = write_all(file ? file.get() : STDERR_FILENO, line);
}

void RuntimeLog::error(const std::string& message) const {
  write(format("error", message));
  if (path_.empty()) return;
  [[maybe_unused]] auto written = write_all(STDERR_FILENO, message + "\n");
}

void RuntimeLog::debug(const std::string& message) const {
  if (debug_) write(format("debug", message));
}

}  // namespace gantry
