#include "runtime/linux/paths.h"

#include "runtime/proc/proc.h"

namespace gantry::runtime {

GuestPath::GuestPath(Task& task, Fd directory, Path path, Follow follow_links)
    : directory_(directory.value), error_(copy_in_string(task, path, text_)) {
  if (!error_ && follow_links == Follow::kYes) follow(task);
}

GuestPath::GuestPath(Task& task, Fd directory, Path path, Flags at_flags)
    : directory_(directory.value), error_(0) {
  // With AT_EMPTY_PATH a null pointer is as good as an empty path (since Linux 6.11).
  if (path || !(at_flags.value & AT_EMPTY_PATH)) error_ = copy_in_string(task, path, text_);
  if (!error_ && !(at_flags.value & AT_SYMLINK_NOFOLLOW)) follow(task);
}

void GuestPath::follow(Task& task) {
  if (!text_.empty()) proc::redirect(task, directory_, text_);
}

}  // namespace gantry::runtime
