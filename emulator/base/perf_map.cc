#include "emulator/base/perf_map.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <string_view>

namespace gantry {
namespace {

std::atomic<int> map_descriptor = -1;

// A line of text that needs no memory of its own.
class Line {
 public:
  Line& operator<<(u64 number) {
    end_ = std::to_chars(end_, text_ + sizeof text_, number, 16).ptr;
    return *this;
  }
  Line& operator<<(std::string_view text) {
    end_ = std::copy(text.begin(), text.end(), end_);
    return *this;
  }
  void write_to(int descriptor) const {
    int saved = errno;
    [[maybe_unused]] ssize_t written =
        write(descriptor, text_, static_cast<std::size_t>(end_ - text_));
    errno = saved;
  }

 private:
  char text_[96];  // three numbers of 16 digits and what is between them
  char* end_ = text_;
};

}  // namespace

void set_perf_map_descriptor(int descriptor) { map_descriptor = descriptor; }
int perf_map_descriptor() { return map_descriptor; }

void add_to_perf_map(const void* code, u64 bytes, u64 rip) {
  int descriptor = map_descriptor.load(std::memory_order_relaxed);
  if (descriptor < 0) [[likely]]
    return;
  Line line;
  line << reinterpret_cast<u64>(code) << " " << bytes << " ";
  if (rip) {
    line << "guest:" << rip << "\n";
  } else {
    line << "gantry\n";
  }
  line.write_to(descriptor);
}

}  // namespace gantry
