#include "emulator/base/files.h"

#include <fcntl.h>
#include <unistd.h>

namespace gantry {

std::string read_whole_file(const std::string& path) {
  std::string text;
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  char chunk[16384];
  ssize_t count;
  while ((count = ::read(fd, chunk, sizeof chunk)) > 0) {
    text.append(chunk, static_cast<std::size_t>(count));
  }
  ::close(fd);
  return text;
}

}  // namespace gantry
