#include "shim/embedded/run.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "emulator/base/descriptor.h"
#include "emulator/base/files.h"
#include "oci/image/tree.h"
#include "runtime/sandbox/sandbox.h"
#include "shim/embedded/root.h"
#include "shim/embedded/sandbox_plan.h"
#include "shim/embedded/spec.h"
#include "shim/image_facts.h"
#include "shim/tuning.h"

namespace gantry {
namespace {

constexpr int kCannotExecute = 126, kNotFound = 127;

int complain(int status, const std::string& message) {
  std::fprintf(stderr, "gantry: %s\n", message.c_str());
  return status;
}

// Of the errors of finding the program; see find_program().
int status_of(const Error& error) {
  switch (error.code) {
    case ENOENT:
    case ENOTDIR:
      return kNotFound;
    case EACCES:
    case ENOEXEC:
    case ELOOP:
    case EXDEV:
      return kCannotExecute;
    default:
      return kOwnError;
  }
}

Result<void> write_new_file(const std::string& path, const std::string& text) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd) return make_system_error(errno, "cannot create %s", path.c_str());
  ::fchmod(fd.get(), 0644);
  return write_all(fd.get(), text);
}

// What the container sees as /etc/hosts and so on.
Result<void> write_network_files(const RunOptions& options, const std::string& files) {
  if (::mkdir(files.c_str(), 0755) < 0) return make_system_error(errno, "mkdir");
  const std::string& name = options.host_name;
  TRY(write_new_file(files + "/hostname", name + "\n"));
  TRY(write_new_file(
      files + "/hosts",
      "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t" + name +
          "\n"));
  if (options.network == "none") return {};
  return write_new_file(files + "/resolv.conf", read_whole_file("/etc/resolv.conf"));
}

// By which profiles are chosen.
ImageFacts facts_of(const ContainerRoot& root) {
  ImageFacts facts;
  if (root.digests.empty()) return facts;
  facts.digests = root.digests;
  facts.named = profile_named_by(root.config);
  return facts;
}

class Run {
 public:
  Run(RunOptions& options, const Config& config, const OpenCodeStore& open_code_store)
      : options_(options), config_(config), open_code_store_(open_code_store) {}

  int operator()();

 private:
  Result<void> prepare();
  Result<void> store_code();
  Result<void> give_store_to(u32 user);
  Result<Container> plan();
  int start(const Container& container);

  RunOptions& options_;
  const Config& config_;
  const OpenCodeStore& open_code_store_;
  std::string code_store_;  // that is written to; empty: none
  Emulator emulator_;
  sandbox::Identity identity_;
  std::optional<RunDirectory> directory_;
  ContainerRoot root_;
  ImageConfig image_;
};

Result<void> Run::prepare() {
  TRY_ASSIGN(emulator_, find_emulator(config_));
  TRY_ASSIGN(identity_, sandbox::own_identity());
  TRY_ASSIGN(std::string data, data_directory(options_.data));
  TRY_ASSIGN(RunDirectory directory, RunDirectory::make(data, identity_));
  directory_.emplace(std::move(directory));
  if (options_.host_name.empty()) options_.host_name = directory_->name();
  TRY(write_network_files(options_, directory_->path() + "/etc"));
  TRY_ASSIGN(root_, prepare_root(options_, identity_, data, *directory_));
  TRY_ASSIGN(image_, read_image_config(root_.config));
  apply_profiles(emulator_, config_, [this] { return facts_of(root_); });
  return open_code_store_ ? store_code() : Result<void>();
}

// In place of what the programs' profiles would have them read.
Result<void> Run::store_code() {
  TRY_ASSIGN(code_store_, open_code_store_(facts_of(root_)));
  emulator_.find_settings = [usual = emulator_.find_settings, this](
                                const GuestView& view,
                                const Program& program) -> Result<LaunchSettings> {
    TRY_ASSIGN(LaunchSettings settings, usual(view, program));
    settings.code_store = {code_store_, true};
    return settings;
  };
  return {};
}

// Who starts with what is there and adds to it.
Result<void> Run::give_store_to(u32 user) {
  if (code_store_.empty()) return {};
  auto work = [&]() -> Result<std::string> {
    TRY_ASSIGN(UniqueFd store, open_directory(code_store_));
    TRY_ASSIGN(std::vector<std::string> names, names_in(store.get()));
    for (const std::string& name : names) {
      if (::fchownat(store.get(), name.c_str(), user, 0, AT_SYMLINK_NOFOLLOW) < 0) {
        return make_system_error(errno, "chown of %s", name.c_str());
      }
    }
    if (::fchown(store.get(), user, 0) < 0) return make_system_error(errno, "chown");
    return std::string();
  };
  TRY_ASSIGN(std::string nothing, sandbox::run_as_container_root(identity_, work));
  return {};
}

// Files of the container may be such as only its root can read.
Result<Container> Run::plan() {
  SpecInputs inputs = {options_, image_, identity_, root_.root.lower, directory_->path() + "/etc"};
  auto work = [&]() -> Result<std::string> {
    TRY_ASSIGN(Container container, make_container(inputs, emulator_));
    return to_text(Json{{"spec", container.spec}, {"program", container.program}});
  };
  TRY_ASSIGN(std::string text, sandbox::run_as_container_root(identity_, work));
  TRY_ASSIGN(Json both, parse_json(text, "the container's document"));
  return Container{both["spec"], both["program"]};
}

int Run::start(const Container& container) {
  Result<sandbox::Plan> plan = plan_sandbox(container.spec);
  if (!plan) return complain(kOwnError, plan.error().message);
  plan->identity = identity_;
  bool is_read_only = plan->root.is_read_only;
  plan->root = root_.root;
  plan->root.is_read_only = is_read_only;
  plan->process.program = container.program;
  plan->process.has_input = options_.has_input;
  plan->process.makes_directory = true;
  Result<void> given = give_store_to(plan->process.user);
  if (!given) return complain(kOwnError, given.error().message);
  Result<sandbox::Ended> ended = sandbox::run(*plan);
  if (!ended) return complain(kOwnError, ended.error().message);
  if (!ended->complaint.empty()) return complain(ended->status, ended->complaint);
  return ended->status;
}

int Run::operator()() {
  Result<void> ready = prepare();
  if (!ready) return complain(kOwnError, ready.error().message);
  Result<Container> container = plan();
  if (!container) return complain(status_of(container.error()), container.error().message);
  if (options_.shows_spec) {
    std::printf("%s\n", container->spec.dump(2).c_str());
    return 0;
  }
  return start(*container);
}

}  // namespace

int run_container(RunOptions options, const Config& config) {
  return run_container(std::move(options), config, {});
}

int run_container(RunOptions options, const Config& config, const OpenCodeStore& open_code_store) {
  return Run(options, config, open_code_store)();
}

}  // namespace gantry
