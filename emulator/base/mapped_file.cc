#include "emulator/base/mapped_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace gantry {
namespace {

bool parse(const char* line, MappedFile& mapping) {
  int name = 0;
  if (std::sscanf(line, "%lx-%lx %*s %lx %*s %*s %n", &mapping.start, &mapping.end, &mapping.offset,
                  &name) < 3) {
    return false;
  }
  std::snprintf(mapping.name, sizeof mapping.name, "%s", line + name);
  return true;
}

// The lines of a file one after another; what does not fit into one is left out.
class Lines {
 public:
  explicit Lines(const char* path) : descriptor_(open(path, O_RDONLY | O_CLOEXEC)) {}
  ~Lines() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  template <std::size_t kSize>
  bool next(char (&line)[kSize]) {
    std::size_t size = 0;
    for (char c; take(c) && c != '\n';) {
      if (size < kSize - 1) line[size++] = c;
    }
    line[size] = 0;
    return size > 0;
  }

 private:
  bool take(char& c) {
    if (at_ == end_) {
      ssize_t got = descriptor_ < 0 ? 0 : read(descriptor_, buffer_, sizeof buffer_);
      if (got <= 0) return false;
      at_ = buffer_;
      end_ = buffer_ + got;
    }
    c = *at_++;
    return true;
  }

  int descriptor_;
  char buffer_[1024];
  const char *at_ = buffer_, *end_ = buffer_;
};

}  // namespace

bool find_mapped_file(u64 address, MappedFile& found) {
  Lines lines("/proc/self/maps");
  for (char line[640]; lines.next(line);) {
    if (parse(line, found) && found.start <= address && address < found.end) return true;
  }
  return false;
}

}  // namespace gantry
