// gantry cache: translated code that containers share.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "shim/code_stores.h"
#include "shim/commands/command.h"
#include "shim/commands/run_options.h"
#include "shim/embedded/warm.h"
#include "shim/settings.h"

namespace gantry {
namespace {

using ConfigPath = std::optional<std::string>;

struct CacheWords {
  bool prunes_all = false;
  std::vector<std::string> names;  // remove
};

// What the emulator of today can use.
struct Stores {
  std::string folder;
  SharedStores stores;
  std::string build_id;
};

Result<Stores> open_stores(const ConfigPath& path) {
  TRY_ASSIGN(Config config, read_settings_file(path));
  TRY_ASSIGN(std::string directory, cache_directory(config));
  TRY_ASSIGN(SharedStores stores, SharedStores::open(directory));
  TRY_ASSIGN(Emulator emulator, find_emulator(config));
  return Stores{code_folder(directory), std::move(stores), build_id_of_emulator(emulator.path)};
}

// The size of its files.
double mebibytes_of(const SharedStore& store) {
  std::error_code error;
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(store.path, error)) {
    std::uintmax_t size = entry.file_size(error);
    if (!error) bytes += size;
  }
  return static_cast<double>(bytes) / (1 << 20);
}

std::string called(const SharedStore& store) {
  if (!store.name.empty()) return store.name;
  return store.digests.empty() ? store.id : store.digests[0].substr(0, 19);
}

Result<void> list(const ConfigPath& path) {
  TRY_ASSIGN(Stores found, open_stores(path));
  for (const SharedStore& store : found.stores.all()) {
    std::printf("%-20s %6.1f MiB  %-7s  %s\n", called(store).c_str(), mebibytes_of(store),
                store.build_id == found.build_id ? "current" : "stale", store.source.c_str());
  }
  return {};
}

bool is_called(const SharedStore& store, const std::string& name) {
  if (store.name == name || store.id == name) return true;
  bool starts = false;
  for (const std::string& digest : store.digests) {
    starts |= digest.starts_with(name) || digest.substr(digest.find(':') + 1).starts_with(name);
  }
  return starts && name.size() >= 8;
}

Result<void> remove_each(const ConfigPath& path, const std::vector<std::string>& names) {
  TRY_ASSIGN(Stores found, open_stores(path));
  for (const std::string& name : names) {
    bool any = false;
    for (const SharedStore& store : found.stores.all()) {
      if (!is_called(store, name)) continue;
      any = true;
      TRY(remove_store(found.folder, store.id));
    }
    if (!any) {
      return make_error(ENOENT, "there is no store `%s`; see gantry cache list", name.c_str());
    }
  }
  return {};
}

Result<void> prune(const ConfigPath& path, bool all) {
  TRY_ASSIGN(Stores found, open_stores(path));
  if (!std::filesystem::exists(found.folder)) return {};
  for (const SharedStore& store : found.stores.all()) {
    if (!all && store.build_id == found.build_id) continue;
    std::printf("removing %s\n", called(store).c_str());
    TRY(remove_store(found.folder, store.id));
  }
  return remove_abandoned_stores(found.folder);
}

std::string check_name(const std::string& name) {
  Result<Config> config = parse_config("cache: " + name, "--name");
  bool is_reserved = name == key_type::Cache::kOff || name == key_type::Cache::kImage;
  return config && !is_reserved ? "" : "`" + name + "` is not a name for a store";
}

void add_warm(CLI::App& cache, Invocation& invocation) {
  auto options = std::make_shared<WarmOptions>();
  CLI::App* warming = add_command(
      cache, "warm",
      "run a program and store its translated code: gantry cache warm --image PATH|--rootfs DIR "
      "[OPTIONS] [-- PROGRAM [ARGS…]]");
  warming->add_option("--name", options->name, "a store to name in profiles, not the image's")
      ->type_name("NAME")
      ->check(check_name);
  add_container_options(*warming, options->run);
  warming->preparse_callback([&invocation](std::size_t) { invocation.usage_status = kOwnError; });
  warming->callback([&invocation, options] {
    take_command(options->run, invocation.words);
    invocation.action = [&invocation, options] {
      return run_with_config(invocation.config, [&](const Config& config) {
        return warm_code_store(*options, config);
      });
    };
  });
}

}  // namespace

void add_cache(CLI::App& app, Invocation& invocation) {
  CLI::App* cache = add_command(
      app, "cache",
      "translated code that containers read (key `cache` of configuration and profiles)");
  cache->require_subcommand(1);
  auto words = std::make_shared<CacheWords>();
  CLI::App* listing = add_command(*cache, "list", "stores, their sizes and what they are of");
  listing->callback([&invocation] {
    invocation.action = [&invocation] { return report(list(invocation.config)); };
  });
  add_warm(*cache, invocation);
  CLI::App* removal = add_command(*cache, "remove", "remove stores");
  removal->add_option("STORE", words->names, "a name, or the start of an image's digest")
      ->required();
  removal->callback([&invocation, words] {
    invocation.action = [&invocation, words] {
      return report(remove_each(invocation.config, words->names));
    };
  });
  CLI::App* pruning =
      add_command(*cache, "prune", "remove what other emulators than the installed one stored");
  pruning->add_flag("--all", words->prunes_all, "remove all stores");
  pruning->callback([&invocation, words] {
    invocation.action = [&invocation, words] {
      return report(prune(invocation.config, words->prunes_all));
    };
  });
}

}  // namespace gantry
