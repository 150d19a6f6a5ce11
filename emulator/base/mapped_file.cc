#include "emulator/base/mapped_file.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdio>

namespace gantry {
namespace {

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

bool parse_mapping(const char* line, MappingLine& mapping) {
  unsigned major, minor;
  int name = 0;
  if (std::sscanf(line, "%lx-%lx %*s %lx %x:%x %lu %n", &mapping.start, &mapping.end,
                  &mapping.offset, &major, &minor, &mapping.inode, &name) < 6) {
    return false;
  }
  mapping.device = makedev(major, minor);
  mapping.name = line + name;
  return true;
}

bool find_mapped_file(u64 address, MappedFile& found) {
  Lines lines("/proc/self/maps");
  MappingLine mapping;
  for (char line[640]; lines.next(line);) {
    if (!parse_mapping(line, mapping) || address - mapping.start >= mapping.end - mapping.start) {
      continue;
    }
    found = {.start = mapping.start, .offset = mapping.offset};
    std::snprintf(found.name, sizeof found.name, "%s", mapping.name);
    return true;
  }
  return false;
}

}  // namespace gantry
