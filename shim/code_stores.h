// Translated code that containers share (docs/stored-code.md): DIRECTORY/code/ID holds what
// gantry-x64 stores (emulator/engine/code_store.h) and about.json, which says what it is for.
// `gantry cache` makes stores and removes them; containers only read them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "emulator/base/descriptor.h"
#include "emulator/base/result.h"
#include "emulator/base/types.h"
#include "profiles/config.h"
#include "profiles/select.h"

namespace gantry {

struct SharedStore {
  std::string id;    // its directory's name, which tells nothing
  std::string path;  // its directory
  // Of about.json:
  std::string name;                  // as the key `cache` has it; may be empty
  std::vector<std::string> digests;  // of the image that it is for; may be empty
  std::string source;                // what it was made from, for people
  std::string build_id;              // of the emulator that made it
};

// The configured directory, else the usual one of the host's root or of another user, by its real
// path.
Result<std::string> cache_directory(const Config& config);

class SharedStores {
 public:
  // The stores in a directory as cache_directory() gives it. EACCES, with what to do about it, when
  // somebody else than root and the caller could change what lies there; none where there is no
  // such directory.
  static Result<SharedStores> open(const std::string& directory);

  const std::vector<SharedStore>& all() const { return stores_; }
  // With this name, unless it is empty, or for an image with one of these digests. Null: none.
  const SharedStore* find(const std::string& name, const std::vector<std::string>& digests) const;

 private:
  std::vector<SharedStore> stores_;
};

// DIRECTORY/code.
std::string code_folder(const std::string& directory);
// Whether a name in it is that of a store, sixteen hexadecimal digits: others are not ours.
bool is_store_id(std::string_view name);
// The path of about.json in the store at `store`.
std::string description_of(const std::string& store);
// Writes about.json, by which the store comes to exist.
Result<void> describe_store(const SharedStore& store);
// The build ID of the emulator at `path`; empty when it has none.
std::string build_id_of_emulator(const std::string& path);

// The store that a value of the key `cache` names for the image.
struct StoreChoice {
  std::string path;    // empty: none
  std::string remark;  // which, or why there is none; empty when none was asked for
};
StoreChoice choose_code_store(const Config& config, const std::string& cache,
                              const ImageFacts& image);

}  // namespace gantry
