#include "shim/install/install.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "shim/install/binfmt.h"
#include "shim/low_level.h"
#include "shim/settings.h"
#include "shim/text_diff.h"
#include "shim/version.h"

namespace gantry::install {
namespace {

constexpr const char* kPackagedRuntime = "/usr/bin/gantry-runtime";

bool is_as_installed(const std::optional<File>& current, const Entry* entry) {
  return entry && current && digest_of(current->text) == entry->digest;
}

// Collects the changes of one installation.
class Installation {
 public:
  Installation(const Options& options, const Tree& tree, const Places& places,
               const Journal& journal)
      : options_(options), tree_(tree), places_(places), journal_(journal) {}

  Result<void> add_programs();
  Result<void> add_engine(const Engine& engine);
  Result<void> add_binfmt();
  Result<void> drop_old_versions();

  const std::vector<Change>& changes() const { return changes_; }
  Report take_report() { return std::move(report_); }

 private:
  bool is_in_place(const std::string& source) const;
  Result<void> add_program(const std::string& source, const std::string& path);
  Result<void> add_file(const std::string& part, const Wanted& wanted, mode_t mode);
  Result<std::optional<File>> original(const std::string& path) const;
  Result<std::string> original_text(const std::string& path) const;
  Target target() const;

  const Options& options_;
  const Tree& tree_;
  const Places& places_;
  const Journal& journal_;
  std::string runtime_;
  std::vector<Change> changes_;
  Report report_;
};

Result<std::string> read_program(const std::string& path) {
  TRY_ASSIGN(UniqueFd fd, open_at(AT_FDCWD, path, O_RDONLY));
  return read_all(fd.get(), std::size_t{1} << 30);
}

// Programs that a package, or whoever unpacked them, has put in place and looks after.
bool Installation::is_in_place(const std::string& source) const {
  std::string emulator =
      parent_path(source) + "/libexec/gantry/" + gantry_version() + "/gantry-x64";
  return options_.place.is_this_machine() && ::access(emulator.c_str(), F_OK) == 0 &&
         !journal_.find(source + "/gantry-runtime");
}

Result<void> Installation::add_program(const std::string& source, const std::string& path) {
  TRY_ASSIGN(std::string text, read_program(source));
  return add_file(kProgramsPart, {path, std::move(text), true}, 0755);
}

Result<void> Installation::add_programs() {
  std::string source = own_directory();
  bool is_packaged = !options_.place.rootless && tree_.exists(kPackagedRuntime) &&
                     !journal_.find(kPackagedRuntime);
  if (is_packaged) {
    runtime_ = kPackagedRuntime;
    if (tree_.exists(places_.emulator()) && !journal_.find(places_.emulator())) return {};
  } else if (is_in_place(source)) {
    runtime_ = source + "/gantry-runtime";
    return {};
  } else {
    runtime_ = places_.bin + "/gantry-runtime";
    TRY(add_program(source + "/gantry", places_.bin + "/gantry"));
    TRY(add_program(source + "/gantry-runtime", runtime_));
  }
  std::string emulator = source + "/gantry-x64";
  if (::access(emulator.c_str(), F_OK) == 0) return add_program(emulator, places_.emulator());
  if (tree_.exists(places_.emulator())) return {};
  return make_error(ENOENT, "gantry-x64 is neither in %s nor at %s", source.c_str(),
                    places_.emulator().c_str());
}

Result<std::optional<File>> Installation::original(const std::string& path) const {
  TRY_ASSIGN(std::optional<File> current, tree_.read(path));
  const Entry* entry = journal_.find(path);
  return is_as_installed(current, entry) ? journal_.original_of(*entry)
                                         : Result<std::optional<File>>(std::move(current));
}

Result<std::string> Installation::original_text(const std::string& path) const {
  TRY_ASSIGN(std::optional<File> file, original(path));
  return file ? file->text : std::string();
}

Result<void> Installation::add_file(const std::string& part, const Wanted& wanted, mode_t mode) {
  TRY_ASSIGN(std::optional<File> current, tree_.read(wanted.path));
  TRY_ASSIGN(std::optional<Change> change, change_for(journal_, part, wanted, current, mode));
  if (!change) {
    report_.steps.push_back({Step::kUnchanged, part, wanted.path, ""});
    return {};
  }
  report_.steps.push_back({current ? Step::kEdit : Step::kCreate, part, wanted.path, ""});
  bool is_text = part != kProgramsPart;
  if (options_.dry_run && is_text) {
    report_.differences.push_back("--- " + wanted.path + "\n" +
                                  unified_diff(current ? current->text : "", wanted.text));
  }
  changes_.push_back(std::move(*change));
  return {};
}

// "containerd github.com/containerd/containerd/v2 2.1.9": the first word that starts with a digit.
std::string containerd_version() {
  std::string path = find_host_program("containerd");
  if (path.empty()) return "";
  Result<Output> output = run_program(path, {"--version"});
  if (!output || output->status != 0) return "";
  std::string text = " " + output->text;
  for (std::size_t at = text.find(' '); at != std::string::npos; at = text.find(' ', at + 1)) {
    std::size_t digit = text.find_first_not_of('v', at + 1);
    if (digit != std::string::npos && std::isdigit(static_cast<unsigned char>(text[digit]))) {
      return text.substr(digit, text.find_first_of(" \n", digit) - digit);
    }
  }
  return "";
}

Target Installation::target() const {
  Target target;
  target.tree = &tree_;
  target.rootless = options_.place.rootless;
  target.as_default = options_.as_default;
  target.config_home = places_.config_home;
  target.runtime = runtime_;
  // The containerd of another machine's tree cannot be run here.
  if (options_.place.is_this_machine()) target.version_of_containerd = containerd_version();
  return target;
}

Result<void> Installation::add_engine(const Engine& engine) {
  auto read = [this](const std::string& path) { return original_text(path); };
  TRY_ASSIGN(std::vector<Wanted> files, engine.plan(target(), read));
  for (const Wanted& wanted : files) TRY(add_file(engine.name, wanted, 0644));
  // What an earlier installation with other options wrote, and this one does not ask for.
  for (const Entry& entry : journal_.entries()) {
    auto is_it = [&](const Wanted& wanted) { return wanted.path == entry.path; };
    if (entry.part != engine.name || std::any_of(files.begin(), files.end(), is_it)) continue;
    TRY_ASSIGN(std::optional<File> current, tree_.read(entry.path));
    if (!is_as_installed(current, &entry)) continue;
    TRY_ASSIGN(std::optional<File> before, journal_.original_of(entry));
    report_.steps.push_back({before ? Step::kRestore : Step::kRemove, engine.name, entry.path, ""});
    changes_.push_back({entry.path, std::move(before), std::nullopt});
  }
  report_.engines.push_back(engine.name);
  return {};
}

bool is_emulator(const Entry& entry) {
  return entry.part == kProgramsPart && base_name(entry.path) == "gantry-x64";
}

std::string reason_of_use(const std::vector<int>& users) {
  std::string reason = "in use by containers, processes";
  for (std::size_t i = 0; i < users.size() && i < 5; i++) {
    reason += (i ? ", " : " ") + std::to_string(users[i]);
  }
  return users.size() > 5 ? reason + ", …" : reason;
}

// Empty for other files than emulators.
std::vector<int> users_of_entry(const Tree& tree, const Entry& entry) {
  std::optional<struct stat> status =
      is_emulator(entry) ? tree.status_of(entry.path) : std::nullopt;
  return status ? users_of(*status) : std::vector<int>();
}

// The file names an emulator, which may be another one now.
Result<void> Installation::add_binfmt() {
  if (!journal_.find(kBinfmtFile)) return {};
  return add_file(kBinfmtPart, {kBinfmtFile, binfmt_text(places_.emulator()), true}, 0644);
}

Result<void> Installation::drop_old_versions() {
  for (const Entry& entry : journal_.entries()) {
    if (!is_emulator(entry) || entry.path == places_.emulator()) continue;
    std::vector<int> users = users_of_entry(tree_, entry);
    if (!users.empty()) {
      report_.steps.push_back({Step::kKept, entry.part, entry.path, reason_of_use(users)});
      continue;
    }
    report_.steps.push_back({Step::kRemove, entry.part, entry.path, ""});
    changes_.push_back({entry.path, std::nullopt, std::nullopt});
  }
  return {};
}

Result<std::vector<const Engine*>> choose_engines(const Options& options, const Tree& tree) {
  std::vector<const Engine*> chosen;
  bool all = options.engines.empty();
  for (const std::string& name : options.engines) {
    all = all || name == "all";
    if (name == "all") continue;
    const Engine* engine = find_engine(name);
    if (!engine) return make_error(EINVAL, "there is no engine `%s`", name.c_str());
    chosen.push_back(engine);
  }
  for (const Engine& engine : engines()) {
    bool is_chosen = std::find(chosen.begin(), chosen.end(), &engine) != chosen.end();
    // CRI-O has nothing for one user.
    bool fits = !options.place.rootless || std::string(engine.name) != "crio";
    if (all && !is_chosen && fits && is_present(engine, tree)) chosen.push_back(&engine);
  }
  return chosen;
}

// How a file goes back to what it was, or why it does not.
Result<void> add_removal(const Options& options, const Tree& tree, const Journal& journal,
                         const Entry& entry, Report& report, std::vector<Change>& changes) {
  TRY_ASSIGN(std::optional<File> current, tree.read(entry.path));
  TRY_ASSIGN(std::optional<File> before, journal.original_of(entry));
  auto keep = [&](const std::string& reason) {
    report.steps.push_back({Step::kKept, entry.part, entry.path, reason});
  };
  bool is_restored = current && before && current->text == before->text;
  if (!current || is_restored) {
    // Someone else has done it.
    changes.push_back({entry.path, std::move(current), std::nullopt});
    return {};
  }
  if (!is_as_installed(current, &entry)) {
    keep("changed since it was installed; take gantry's lines out of it, or remove it");
    return {};
  }
  std::vector<int> users;
  if (!options.force) users = users_of_entry(tree, entry);
  if (!users.empty()) {
    keep(reason_of_use(users));
    return {};
  }
  report.steps.push_back({before ? Step::kRestore : Step::kRemove, entry.part, entry.path, ""});
  changes.push_back({entry.path, std::move(before), std::nullopt});
  return {};
}

bool is_selected(const Options& options, const std::string& part) {
  const auto& names = options.engines;
  auto has = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  return names.empty() || has("all") || has(part.c_str());
}

}  // namespace

Result<std::optional<Change>> change_for(const Journal& journal, const std::string& part,
                                         const Wanted& wanted, const std::optional<File>& current,
                                         mode_t mode) {
  const Entry* entry = journal.find(wanted.path);
  bool is_there = current ? current->text == wanted.text : wanted.text.empty();
  if (is_there) return std::optional<Change>();
  if (wanted.drop_in && current && !is_as_installed(current, entry)) {
    return make_error(
        EEXIST, "%s %s; move it away, then install again", wanted.path.c_str(),
        entry ? "was changed since it was installed" : "is there and was not installed by gantry");
  }
  Entry next{wanted.path, part, digest_of(wanted.text), std::nullopt};
  if (is_as_installed(current, entry)) {
    next.original = entry->original;
  } else if (current) {
    next.original = Kept{digest_of(current->text), current->mode, current->owner, current->group};
  }
  File file{wanted.text, mode, ::geteuid(), ::getegid()};
  if (current) file = {wanted.text, current->mode, current->owner, current->group};
  return std::optional(Change{wanted.path, std::move(file), std::move(next)});
}

bool Report::has_kept() const {
  return std::any_of(steps.begin(), steps.end(),
                     [](const Step& step) { return step.kind == Step::kKept; });
}

bool Report::changes_default_of(const std::string& engine) const {
  return std::any_of(steps.begin(), steps.end(), [&](const Step& step) {
    bool changes = step.kind != Step::kUnchanged && step.kind != Step::kKept;
    return changes && step.part == engine && step.path.find("/systemd/") != std::string::npos;
  });
}

Result<Report> install(const Options& options) {
  TRY_ASSIGN(Places places, find_places(options.place, !options.dry_run));
  TRY_ASSIGN(Tree tree, Tree::open(options.place.root));
  TRY_ASSIGN(Journal journal, Journal::open(tree, places.journal, !options.dry_run));
  TRY_ASSIGN(auto chosen, choose_engines(options, tree));
  Installation installation(options, tree, places, journal);
  TRY(installation.add_programs());
  for (const Engine* engine : chosen) TRY(installation.add_engine(*engine));
  TRY(installation.add_binfmt());
  TRY(installation.drop_old_versions());
  if (!options.dry_run) TRY(journal.apply(installation.changes()));
  Report report = installation.take_report();
  report.recovered = journal.recovered();
  return report;
}

Result<Report> uninstall(const Options& options) {
  TRY_ASSIGN(Places places, find_places(options.place, !options.dry_run));
  TRY_ASSIGN(Tree tree, Tree::open(options.place.root));
  TRY_ASSIGN(Journal journal, Journal::open(tree, places.journal, !options.dry_run));
  Report report;
  report.recovered = journal.recovered();
  std::vector<Change> changes;
  const auto& entries = journal.entries();
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (!is_selected(options, entry->part)) continue;
    TRY(add_removal(options, tree, journal, *entry, report, changes));
    bool is_known = std::find(report.engines.begin(), report.engines.end(), entry->part) !=
                    report.engines.end();
    if (!is_known && find_engine(entry->part)) report.engines.push_back(entry->part);
  }
  if (!options.dry_run) TRY(journal.apply(changes));
  return report;
}

Result<Status> status(const PlaceOptions& place) {
  TRY_ASSIGN(Places places, find_places(place, false));
  TRY_ASSIGN(Tree tree, Tree::open(place.root));
  TRY_ASSIGN(Journal journal, Journal::open(tree, places.journal, false));
  Status status;
  status.interrupted = journal.interrupted();
  for (const Entry& entry : journal.entries()) {
    TRY_ASSIGN(std::optional<File> current, tree.read(entry.path));
    Condition condition = !current                           ? Condition::kMissing
                          : is_as_installed(current, &entry) ? Condition::kAsInstalled
                                                             : Condition::kChanged;
    status.files.push_back({entry.part, entry.path, condition});
  }
  for (const Engine& engine : engines()) {
    if (is_present(engine, tree)) status.present_engines.push_back(engine.name);
  }
  return status;
}

}  // namespace gantry::install
