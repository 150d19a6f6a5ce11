// The files of a machine, below `/` or below the DIR of --root, as an installation changes them.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

#include "emulator/base/descriptor.h"
#include "emulator/base/result.h"

namespace gantry::install {

struct File {
  std::string text;
  mode_t mode = 0644;
  uid_t owner = 0;
  gid_t group = 0;
};

// Every path is absolute and as the machine itself will see it: links are resolved inside of the
// root (openat2(2), RESOLVE_IN_ROOT), so that an absolute link of another machine's tree does not
// lead to this one's files.
class Tree {
 public:
  // Fails unless `root` is a directory.
  static Result<Tree> open(const std::string& root);

  const std::string& root() const { return root_; }

  // None when there is no such file. Anything but a regular file is an error, a link too: what it
  // leads to is another's.
  Result<std::optional<File>> read(const std::string& path) const;
  bool exists(const std::string& path) const { return status_of(path).has_value(); }
  // An O_PATH descriptor of it, links followed.
  Result<UniqueFd> find(const std::string& path) const;
  // Links followed; none when there is no such file.
  std::optional<struct stat> status_of(const std::string& path) const;
  bool is_directory(const std::string& path) const;
  // Names in a directory, sorted; empty when there is none.
  std::vector<std::string> list(const std::string& directory) const;

  // A change in two steps, so that all that can fail for want of space or of rights is done before
  // the first file changes: stage() writes and syncs a hidden file beside `path`, commit() renames.
  Result<void> stage(const std::string& path, const File& file) const;
  Result<void> commit(const std::string& path) const;
  void unstage(const std::string& path) const;
  // Both; readers see the old file or the new one.
  Result<void> replace(const std::string& path, const File& file) const;
  Result<void> remove(const std::string& path) const;

  // Mode 755; it is no error when the directory exists.
  Result<void> make_directory(const std::string& path) const;
  // Only when it is empty.
  void remove_directory(const std::string& path) const;

  // Exclusive while the descriptor lives (flock(2)); `directory` has to exist.
  Result<UniqueFd> lock(const std::string& directory) const;

 private:
  Result<UniqueFd> parent_of(const std::string& path) const;

  std::string root_;
  UniqueFd fd_;
};

// "/a/b" of "/a/b/c"; "/" of "/a".
std::string parent_path(const std::string& path);
std::string base_name(const std::string& path);

// Tells texts apart that were changed by accident or on purpose, not by malice: FNV-1a, 64 bits,
// and the length.
std::string digest_of(const std::string& text);

}  // namespace gantry::install
