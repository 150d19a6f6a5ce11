// What an installation has changed, and how it was before: the journal in /var/lib/gantry (or, for
// one user, in $XDG_STATE_HOME/gantry).
//
// Changes are made together or not at all. The journal is written before the first of them, with
// the texts that will be replaced; who opens it after a process has died in between takes back
// what that process did.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shim/install/tree.h"

namespace gantry::install {

// A file whose text is kept in the journal's folder, under the name `digest`.
struct Kept {
  std::string digest;
  mode_t mode = 0644;
  uid_t owner = 0;
  gid_t group = 0;
};

// A file that was installed or edited.
struct Entry {
  std::string path;
  std::string part;              // whose it is: an engine's name, "programs" or "binfmt"
  std::string digest;            // of what was installed
  std::optional<Kept> original;  // what was there before
};

struct Change {
  std::string path;
  std::optional<File> file;    // what is to be there; none: nothing
  std::optional<Entry> entry;  // what the journal says of the path from then on; none: nothing
};

class Journal {
 public:
  // Reads the journal in `folder`. With `to_write` it is locked first, and an interrupted change is
  // taken back. `tree` lives longer than the journal.
  static Result<Journal> open(const Tree& tree, const std::string& folder, bool to_write);

  const std::vector<Entry>& entries() const { return state_.entries; }
  const Entry* find(const std::string& path) const;
  // An interrupted change was taken back now.
  bool recovered() const { return recovered_; }
  // An interrupted change waits for someone who opens the journal to write.
  bool interrupted() const { return pending_.has_value(); }

  // The file as it was before the installation.
  Result<std::optional<File>> original_of(const Entry& entry) const;

  // Makes all the changes, or none and gives the reason. Directories that are missing are made;
  // those that were made go when they are empty.
  Result<void> apply(const std::vector<Change>& changes);

 private:
  struct State {
    std::vector<Entry> entries;
    std::vector<std::string> directories;  // made by installations, outermost first
  };
  struct PendingFile {
    std::string path;
    std::optional<Kept> before;
    std::string after;  // a digest; empty: no file
  };
  struct Pending {
    std::vector<PendingFile> files;
    std::vector<std::string> directories;
  };

  Journal(const Tree& tree, std::string folder) : tree_(&tree), folder_(std::move(folder)) {}
  std::string journal_path() const { return folder_ + "/journal.json"; }
  std::string text_path(const std::string& digest) const { return folder_ + "/texts/" + digest; }
  std::vector<std::string> missing_directories(const std::string& path) const;

  Result<void> read();
  Result<void> write() const;
  Result<void> make_folder();
  Result<Kept> keep(const File& file) const;
  Result<File> kept_file(const Kept& kept) const;
  Result<void> prepare(const std::vector<Change>& changes);
  Result<void> make(const std::vector<Change>& changes) const;
  Result<void> finish(const std::vector<Change>& changes);
  Result<void> take_back();
  Result<void> take_back_file(const PendingFile& file) const;
  void tidy();

  const Tree* tree_;
  std::string folder_;
  UniqueFd lock_;
  State state_;
  std::optional<Pending> pending_;
  bool recovered_ = false;
};

}  // namespace gantry::install
