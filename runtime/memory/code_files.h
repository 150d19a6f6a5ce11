// Programs and libraries by what is in them, and an address for each where all processes map it,
// so that translated code can be stored (engine/code_store.h).
#pragma once

#include <vector>

#include "emulator/base/types.h"

namespace gantry::runtime {

class CodeFiles {
 public:
  // Addresses depend on `secret`, which makes them as hard to guess as random ones, and are below
  // `top`, within the last hundredth of the address space.
  void prepare(u64 secret, u64 top);
  bool is_prepared() const { return top_ != 0; }

  // Made of the file's size and first page, where an ELF file has its headers and its build ID; 0
  // for other files.
  u64 id_of(int fd);

  // Below `limit`, as hard to guess, the same for the file in each process; whole pages of 64 KiB,
  // the largest that hosts have.
  u64 offset_of(u64 id, u64 limit) const;
  // Where the file goes.
  u64 place_of(u64 id) const;

 private:
  struct Known {
    u64 device, inode, id;
  };
  std::vector<Known> known_;
  u64 secret_ = 0, top_ = 0;
};

}  // namespace gantry::runtime
