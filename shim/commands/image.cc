// gantry image: what `gantry run --image` has unpacked.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "oci/image/store.h"
#include "runtime/sandbox/identity.h"
#include "shim/commands/command.h"
#include "shim/embedded/run_directory.h"

namespace gantry {
namespace {

struct ImageWords {
  std::string data;  // --data
  std::vector<std::string> prefixes;
};

Result<ImageStore> open_store(const ImageWords& words) {
  TRY_ASSIGN(std::string data, data_directory(words.data));
  return ImageStore::open(data);
}

Result<void> list(const ImageWords& words) {
  TRY_ASSIGN(ImageStore store, open_store(words));
  TRY_ASSIGN(std::vector<StoredImage> images, store.list());
  for (const StoredImage& image : images) {
    std::printf("%.12s  %s\n", image.id.c_str(), image.name.c_str());
  }
  return {};
}

// Its files may belong to any user that containers have.
Result<void> remove(const ImageStore& store, const std::string& prefix) {
  TRY_ASSIGN(StoredImage image, store.find(prefix));
  TRY_ASSIGN(sandbox::Identity identity, sandbox::own_identity());
  auto work = [&]() -> Result<std::string> {
    TRY(store.remove(image));
    return std::string();
  };
  TRY_ASSIGN(std::string nothing, sandbox::run_as_container_root(identity, work));
  return {};
}

Result<void> remove_each(const ImageWords& words) {
  TRY_ASSIGN(ImageStore store, open_store(words));
  for (const std::string& prefix : words.prefixes) TRY(remove(store, prefix));
  return {};
}

}  // namespace

void add_image(CLI::App& app, Invocation& invocation) {
  CLI::App* image = add_command(app, "image", "images that `gantry run` has unpacked");
  image->require_subcommand(1);
  auto words = std::make_shared<ImageWords>();
  image->add_option("--data", words->data, "as of gantry run")->type_name("DIR");
  CLI::App* listing = add_command(*image, "list", "their ids and what they came from");
  listing->callback(
      [&invocation, words] { invocation.action = [words] { return report(list(*words)); }; });
  CLI::App* removal = add_command(*image, "remove", "remove images that no container runs on");
  removal->add_option("ID", words->prefixes, "the start of an id")->required();
  removal->callback([&invocation, words] {
    invocation.action = [words] { return report(remove_each(*words)); };
  });
}

}  // namespace gantry
