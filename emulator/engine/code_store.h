// Translated code in files, from one process to the next that executes the same.
//
// A process adds to a store of its user's, or only reads one that others share with it. The
// directory has a file for each of the guest's programs and libraries that code was translated
// from, and emulator that did it. It is mapped when code of that program or library is looked for
// first, never changed, and replaced by a new one when a process that ends has translated enough
// besides. A unit is used where the guest has the same bytes at the same addresses: those of the
// unit's instructions and all others that its translation depends on.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "emulator/base/result.h"
#include "emulator/engine/guest_os.h"
#include "emulator/jit/backend.h"

namespace gantry::engine {

class BlockCache;

// What a unit was translated from.
struct CodeSources {
  struct Range {
    u64 begin, end;  // code that was read
  };
  struct Constant {
    u64 address, value;  // GuestOs::read_constant()
  };
  std::vector<Range> ranges;
  std::vector<Constant> constants;
  u64 epoch = 0;  // BlockCache::epoch() of when they were read

  void clear(u64 new_epoch) {
    ranges.clear();
    constants.clear();
    epoch = new_epoch;
  }
  // In ascending order, none twice.
  void sort();
};

class CodeStore {
 public:
  // Keeps code in the directory from now on, which is made if it does not exist. EACCES when others
  // than the user may write to it.
  static Result<void> open(const std::string& directory);
  // Uses what others have left in the directory and changes nothing. EACCES unless it is mounted
  // read-only, belongs to the user or to root, and nobody but its owner may write to it; ENOENT
  // when there is none.
  static Result<void> open_read_only(const std::string& directory);
  // nullptr where code is not stored.
  static CodeStore* get() { return the_store_; }

  ~CodeStore();

  // Whether it takes what is translated.
  bool grows() const { return grows_; }

  // Puts the unit that has a block at `rip` in place, if there is one that was translated from what
  // memory holds. False else.
  bool find(BlockCache& blocks, GuestOs& os, u64 rip, std::vector<jit::Entry>& entries);

  // A unit that was translated at `rip`, as jit::compile() stores it.
  void add(GuestOs& os, u64 rip, CodeSources& sources, std::span<const u8> unit);
  // Writes what was added to the files, where it is worth it.
  void save();

  // Around fork(2). What the parent has added it saves itself.
  void lock_for_fork() { mutex_.lock(); }
  void unlock_after_fork(bool is_child);

  // The same for all who use the directory, and known to nobody else. Never 0.
  u64 secret() const { return secret_; }
  // Units that were put in place.
  u64 used_units() const { return used_units_.load(std::memory_order_relaxed); }

 private:
  class File;
  class Directory;
  CodeStore(Directory directory, u64 secret, bool grows);

  File* file_of(GuestOs& os, u64 rip);
  File* locked_file_of(GuestOs& os, u64 rip);
  bool write(const File& file) const;
  void save(File& file);

  static CodeStore* the_store_;

  std::mutex mutex_;
  const std::unique_ptr<const Directory> directory_;
  const u64 secret_;
  const bool grows_;
  pid_t process_;       // whose units are saved
  std::string suffix_;  // of the files of this emulator
  std::vector<std::unique_ptr<File>> files_;
  // Where the files are mapped, in this epoch.
  struct Range {
    u64 start, end;
    File* file;
  };
  std::vector<Range> ranges_;
  u64 epoch_ = 0;
  std::atomic<u64> used_units_{0};
};

}  // namespace gantry::engine
