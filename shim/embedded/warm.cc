#include "shim/embedded/warm.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>

#include "oci/image/tree.h"
#include "runtime/sandbox/identity.h"
#include "shim/code_stores.h"
#include "shim/embedded/run.h"

namespace gantry {
namespace {

// What a container writes to meanwhile.
constexpr std::string_view kWorkPrefix = ".warm-";
constexpr const char* kSecret = "secret";
// The emulator's own limit, and more files than programs have libraries.
constexpr std::size_t kMaxFileBytes = std::size_t{64} << 20;
constexpr std::size_t kMaxFiles = 4096;

Result<std::string> random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (::getrandom(bytes.data(), count, 0) != static_cast<ssize_t>(count)) {
    return make_system_error(errno, "getrandom");
  }
  return bytes;
}

Result<std::string> new_id() {
  TRY_ASSIGN(std::string bytes, random_bytes(8));
  std::string id;
  for (char byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(byte));
    id += digits;
  }
  return id;
}

// What is in a store shows where containers have their code. A low-level runtime that has left its
// rights can still mount a store, by a name that nobody else knows.
Result<void> make_folder(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) return {};
  // Directories that a group may write to would be refused later.
  mode_t usual = ::umask(022);
  std::error_code error;
  std::filesystem::create_directories(path, error);
  ::umask(usual);
  if (error) return make_system_error(error.value(), "cannot create %s", path.c_str());
  if (::chmod(path.c_str(), 0711) < 0) return make_system_error(errno, "chmod");
  return {};
}

// DIGITS-DIGITS: engine/code_store.cc.
bool is_code_file(const std::string& name) {
  return name.size() == 33 && name[16] == '-' &&
         name.find_first_not_of("0123456789abcdef-") == name.npos;
}

// A file of a directory that was somebody else's until now: EINVAL when it is no regular one.
Result<std::string> read_regular(int directory, const std::string& name) {
  TRY_ASSIGN(UniqueFd path, open_at(directory, name, O_PATH | O_NOFOLLOW));
  TRY_ASSIGN(UniqueFd fd, reopen_for_reading(path.get()));
  return read_all(fd.get(), kMaxFileBytes);
}

Result<void> put(int directory, const std::string& name, std::string_view text) {
  return replace_file(directory, name, text, of_caller(0444));
}

Result<std::vector<std::string>> code_files_in(int directory) {
  TRY_ASSIGN(std::vector<std::string> names, names_in(directory));
  std::erase_if(names, [](const std::string& name) { return !is_code_file(name); });
  if (names.size() > kMaxFiles) return make_error(EFBIG, "too many files of stored code");
  return names;
}

// Copies, so that no descriptor, mapping or other name of them is left to whoever wrote them. How
// many there are; what cannot have been the emulator's is left.
Result<std::size_t> copy_code(int from, int to) {
  TRY_ASSIGN(std::vector<std::string> names, code_files_in(from));
  std::size_t count = 0;
  for (const std::string& name : names) {
    Result<std::string> text = read_regular(from, name);
    if (!text) continue;
    TRY(put(to, name, *text));
    count++;
  }
  return count;
}

Result<void> remove_code(int directory) {
  TRY_ASSIGN(std::vector<std::string> names, code_files_in(directory));
  for (const std::string& name : names) {
    if (::unlinkat(directory, name.c_str(), 0) < 0) return make_system_error(errno, "unlink");
  }
  return {};
}

Result<void> make_directory(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) < 0 || ::chmod(path.c_str(), mode) < 0) {
    return make_system_error(errno, "cannot create %s", path.c_str());
  }
  return {};
}

// A directory of the container's users is removed by their root.
Result<void> remove_work(const std::string& folder, const std::string& name) {
  TRY_ASSIGN(sandbox::Identity identity, sandbox::own_identity());
  auto work = [&]() -> Result<std::string> {
    TRY_ASSIGN(UniqueFd directory, open_directory(folder));
    TRY(remove_tree(directory.get(), name));
    return std::string();
  };
  TRY_ASSIGN(std::string nothing, sandbox::run_as_container_root(identity, work));
  return {};
}

class Warming {
 public:
  Warming(const WarmOptions& options, const Config& config) : options_(options), config_(config) {}
  ~Warming() {
    if (!lock_) return;
    Result<void> removed = remove_work(folder_, work_name_);
    if (!removed) std::fprintf(stderr, "gantry: %s\n", removed.error().message.c_str());
  }

  // Before the container starts: the directory that it writes to.
  Result<std::string> begin(const ImageFacts& image);
  // After its end. How many files there are.
  Result<std::size_t> publish();

 private:
  std::string work() const { return folder_ + "/" + work_name_; }
  Result<void> choose_store(const std::string& directory, const ImageFacts& image);
  Result<void> prepare_work();

  const WarmOptions& options_;
  const Config& config_;
  std::string folder_;     // of all stores
  std::string work_name_;  // in it
  UniqueFd lock_;          // as long as the work is somebody's
  SharedStore store_;
  bool is_new_ = false;
  bool is_other_emulator_ = false;  // whose code nobody uses any more
  std::string secret_;
};

Result<void> Warming::choose_store(const std::string& directory, const ImageFacts& image) {
  TRY_ASSIGN(Emulator emulator, find_emulator(config_));
  std::string build_id = build_id_of_emulator(emulator.path);
  TRY_ASSIGN(SharedStores stores, SharedStores::open(directory));
  const SharedStore* known = stores.find(options_.name, image.digests);
  is_new_ = !known;
  if (known) {
    store_ = *known;
    is_other_emulator_ = store_.build_id != build_id;
  } else {
    TRY_ASSIGN(store_.id, new_id());
    store_.path = folder_ + "/" + store_.id;
  }
  const RunOptions& run = options_.run;
  store_.name = options_.name;
  store_.digests = options_.name.empty() ? image.digests : std::vector<std::string>();
  store_.source = run.image.empty() ? run.rootfs : run.image;
  store_.build_id = build_id;
  return {};
}

// It begins with what there is: files are replaced as a whole.
Result<void> Warming::prepare_work() {
  TRY_ASSIGN(std::string id, new_id());
  {
    // Nobody may take it for abandoned between its making and its locking.
    TRY_ASSIGN(UniqueFd all, lock_directory(folder_, LOCK_EX));
    work_name_ = std::string(kWorkPrefix) + id;
    TRY(make_directory(work(), 0700));
    TRY_ASSIGN(lock_, lock_directory(work(), LOCK_EX));
  }
  if (is_new_) {
    TRY_ASSIGN(secret_, random_bytes(sizeof(u64)));
  } else {
    TRY_ASSIGN(UniqueFd store, open_directory(store_.path));
    TRY_ASSIGN(secret_, read_regular(store.get(), kSecret));
    if (!is_other_emulator_) TRY(copy_code(store.get(), lock_.get()));
  }
  return put(lock_.get(), kSecret, secret_);
}

Result<std::string> Warming::begin(const ImageFacts& image) {
  if (image.digests.empty() && options_.name.empty()) {
    return make_error(EINVAL, "--rootfs needs --name: there is no image to find the store by");
  }
  TRY_ASSIGN(std::string directory, cache_directory(config_));
  folder_ = code_folder(directory);
  TRY(make_folder(folder_));
  TRY(remove_abandoned_stores(folder_));
  TRY(choose_store(directory, image));
  TRY(prepare_work());
  return work();
}

Result<std::size_t> Warming::publish() {
  TRY_ASSIGN(UniqueFd all, lock_directory(folder_, LOCK_EX));
  if (is_new_) TRY(make_directory(store_.path, 0755));
  // Read as the container's root, who may; written as the caller, who that is.
  TRY_ASSIGN(sandbox::Identity identity, sandbox::own_identity());
  auto work = [&]() -> Result<std::string> {
    TRY_ASSIGN(UniqueFd store, open_directory(store_.path));
    if (is_other_emulator_) TRY(remove_code(store.get()));
    TRY(put(store.get(), kSecret, secret_));
    TRY_ASSIGN(std::size_t count, copy_code(lock_.get(), store.get()));
    return std::to_string(count);
  };
  TRY_ASSIGN(std::string count, sandbox::run_as_container_root(identity, work));
  if (count == "0") {
    if (is_new_) TRY(remove_work(folder_, store_.id));
    return make_error(ENODATA,
                      "nothing was stored: the program is native here, is interpreted (only ARM64 "
                      "hosts translate), or did not come to its end");
  }
  TRY(describe_store(store_));
  return std::stoul(count);
}

}  // namespace

Result<void> remove_store(const std::string& folder, const std::string& id) {
  TRY_ASSIGN(UniqueFd all, lock_directory(folder, LOCK_EX));
  // What has no description is none any more, also when this is interrupted.
  std::string about = description_of(folder + "/" + id);
  if (::unlink(about.c_str()) < 0 && errno != ENOENT) {
    return make_system_error(errno, "cannot remove %s", about.c_str());
  }
  TRY_ASSIGN(UniqueFd directory, open_directory(folder));
  return remove_tree(directory.get(), id);
}

Result<void> remove_abandoned_stores(const std::string& folder) {
  TRY_ASSIGN(UniqueFd all, lock_directory(folder, LOCK_EX));
  TRY_ASSIGN(std::vector<std::string> names, names_in(all.get()));
  for (const std::string& name : names) {
    std::string path = folder + "/" + name;
    bool is_work = name.starts_with(kWorkPrefix) && is_store_id(name.substr(kWorkPrefix.size()));
    if (!is_work && !is_store_id(name)) continue;
    if (!is_work && ::access(description_of(path).c_str(), F_OK) == 0) continue;
    Result<UniqueFd> free = lock_directory(path, LOCK_EX | LOCK_NB);
    if (free || !is_work) TRY(remove_work(folder, name));
  }
  return {};
}

int warm_code_store(const WarmOptions& options, const Config& config) {
  Warming warming(options, config);
  bool began = false;
  int status = run_container(options.run, config, [&](const ImageFacts& image) {
    Result<std::string> directory = warming.begin(image);
    began = directory.ok();
    return directory;
  });
  if (!began) return status;
  Result<std::size_t> count = warming.publish();
  if (!count) {
    std::fprintf(stderr, "gantry: %s\n", count.error().message.c_str());
    return status == 0 ? kOwnError : status;
  }
  std::fprintf(stderr, "gantry: stored the code of %zu programs and libraries\n", *count);
  return status;
}

}  // namespace gantry
