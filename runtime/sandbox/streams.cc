#include "runtime/sandbox/streams.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace gantry::sandbox {
namespace {

constexpr std::size_t kReadSize = 64 * 1024;
// poll(2), pipe(7): what a pipe that is ready for writing takes at once.
constexpr std::size_t kWriteSize = 4096;

}  // namespace

pollfd Relay::interest() const {
  if (!pending_.empty()) return {to_.get(), POLLOUT, 0};
  return {from_.get(), POLLIN, 0};
}

void Relay::advance() {
  pending_.empty() ? fill() : drain();
  if (is_done()) to_.reset();
}

void Relay::fill() {
  pending_.resize(kReadSize);
  ssize_t size = ::read(from_.get(), pending_.data(), pending_.size());
  bool again = size < 0 && (errno == EINTR || errno == EAGAIN);
  pending_.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  // EIO is the end of a terminal whose other side is closed.
  if (size <= 0 && !again) from_.reset();
}

void Relay::drain() {
  ssize_t size = ::write(to_.get(), pending_.data(), std::min(pending_.size(), kWriteSize));
  if (size >= 0) {
    pending_.erase(0, static_cast<std::size_t>(size));
  } else if (errno != EINTR && errno != EAGAIN) {
    // Nobody reads any more: the writer gets to know it.
    pending_.clear();
    from_.reset();
  }
}

RawTerminal::RawTerminal(int fd) : fd_(fd) {
  termios now;
  if (::tcgetattr(fd, &now) < 0) return;
  saved_ = now;
  ::cfmakeraw(&now);
  ::tcsetattr(fd, TCSADRAIN, &now);
}

RawTerminal::~RawTerminal() {
  if (saved_) ::tcsetattr(fd_, TCSADRAIN, &*saved_);
}

void copy_window_size(int from, int to) {
  winsize size;
  if (::ioctl(from, TIOCGWINSZ, &size) == 0) ::ioctl(to, TIOCSWINSZ, &size);
}

UniqueFd own_stream(int number) { return UniqueFd(::fcntl(number, F_DUPFD_CLOEXEC, 3)); }

}  // namespace gantry::sandbox
