#include "shim/install/journal.h"

#include <algorithm>
#include <cerrno>
#include <set>

#include "oci/json.h"

namespace gantry::install {
namespace {

constexpr int kFormat = 1;

Json to_json(const Kept& kept) {
  return {
      {"digest", kept.digest}, {"mode", kept.mode}, {"owner", kept.owner}, {"group", kept.group}};
}

Json to_json(const std::optional<Kept>& kept) { return kept ? to_json(*kept) : Json(); }

std::optional<Kept> kept_from(const Json& value) {
  if (value.is_null()) return std::nullopt;
  return Kept{value.at("digest"), value.at("mode"), value.at("owner"), value.at("group")};
}

// A file that was there, with its kept text, as `digest` of nothing is no file.
bool is_there(const std::optional<File>& file, const std::string& digest) {
  return file ? digest_of(file->text) == digest : digest.empty();
}

}  // namespace

Result<Journal> Journal::open(const Tree& tree, const std::string& folder, bool to_write) {
  Journal journal(tree, folder);
  if (to_write && tree.is_directory(folder)) {
    TRY_ASSIGN(journal.lock_, tree.lock(folder));
  }
  try {
    TRY(journal.read());
  } catch (const Json::exception& error) {
    return make_error(EINVAL, "%s is damaged: %s", journal.journal_path().c_str(), error.what());
  }
  if (to_write && journal.pending_) {
    TRY(journal.take_back());
    journal.recovered_ = true;
  }
  return journal;
}

const Entry* Journal::find(const std::string& path) const {
  for (const Entry& entry : state_.entries) {
    if (entry.path == path) return &entry;
  }
  return nullptr;
}

Result<std::optional<File>> Journal::original_of(const Entry& entry) const {
  if (!entry.original) return std::optional<File>();
  TRY_ASSIGN(File file, kept_file(*entry.original));
  return std::optional<File>(std::move(file));
}

Result<void> Journal::apply(const std::vector<Change>& changes) {
  if (changes.empty()) {
    if (state_.entries.empty()) tidy();
    return {};
  }
  TRY(make_folder());
  Result<void> done = prepare(changes);
  if (!done) {
    // Nothing was changed yet, and the journal is the old one.
    pending_.reset();
    tidy();
    return done;
  }
  done = make(changes);
  if (done) return finish(changes);
  Result<void> back = take_back();
  if (back) return done;
  return make_error(done.error().code, "%s; and what was done before could not be taken back: %s",
                    done.error().message.c_str(), back.error().message.c_str());
}

Result<void> Journal::read() {
  TRY_ASSIGN(std::optional<File> file, tree_->read(journal_path()));
  if (!file) return {};
  TRY_ASSIGN(Json document, parse_json(file->text, journal_path()));
  if (document.at("format") != kFormat) {
    return make_error(EINVAL, "%s was written by a later version of gantry: use that one",
                      journal_path().c_str());
  }
  for (const Json& value : document.at("files")) {
    state_.entries.push_back(
        {value.at("path"), value.at("part"), value.at("digest"), kept_from(value.at("original"))});
  }
  state_.directories = document.at("directories");
  if (!document.contains("pending")) return {};
  const Json& pending = document.at("pending");
  pending_.emplace();
  pending_->directories = pending.at("directories");
  for (const Json& value : pending.at("files")) {
    pending_->files.push_back({value.at("path"), kept_from(value.at("before")), value.at("after")});
  }
  return {};
}

Result<void> Journal::write() const {
  Json files = Json::array();
  for (const Entry& entry : state_.entries) {
    files.push_back({{"path", entry.path},
                     {"part", entry.part},
                     {"digest", entry.digest},
                     {"original", to_json(entry.original)}});
  }
  Json document = {{"format", kFormat}, {"files", files}, {"directories", state_.directories}};
  if (pending_) {
    Json pending = Json::array();
    for (const PendingFile& file : pending_->files) {
      pending.push_back(
          {{"path", file.path}, {"before", to_json(file.before)}, {"after", file.after}});
    }
    document["pending"] = {{"directories", pending_->directories}, {"files", pending}};
  }
  File file;
  file.text = document.dump(2) + "\n";
  file.owner = ::geteuid();
  file.group = ::getegid();
  return tree_->replace(journal_path(), file);
}

std::vector<std::string> Journal::missing_directories(const std::string& path) const {
  std::vector<std::string> missing;
  for (std::string directory = parent_path(path);
       directory != "/" && !tree_->is_directory(directory); directory = parent_path(directory)) {
    missing.insert(missing.begin(), directory);
  }
  return missing;
}

Result<void> Journal::make_folder() {
  if (lock_) return {};
  for (const std::string& directory : missing_directories(text_path(""))) {
    TRY(tree_->make_directory(directory));
    state_.directories.push_back(directory);
  }
  TRY_ASSIGN(lock_, tree_->lock(folder_));
  return {};
}

Result<Kept> Journal::keep(const File& file) const {
  Kept kept{digest_of(file.text), file.mode, file.owner, file.group};
  TRY(tree_->make_directory(parent_path(text_path(kept.digest))));
  // Not for everyone: a file of an engine may hold what its mode protects.
  File text{file.text, 0600, ::geteuid(), ::getegid()};
  if (!tree_->exists(text_path(kept.digest))) TRY(tree_->replace(text_path(kept.digest), text));
  return kept;
}

Result<File> Journal::kept_file(const Kept& kept) const {
  TRY_ASSIGN(std::optional<File> text, tree_->read(text_path(kept.digest)));
  if (!text || digest_of(text->text) != kept.digest) {
    return make_error(EIO, "%s is missing or damaged", text_path(kept.digest).c_str());
  }
  return File{std::move(text->text), kept.mode, kept.owner, kept.group};
}

// From here on someone else could take back what make() does.
Result<void> Journal::prepare(const std::vector<Change>& changes) {
  Pending pending;
  std::set<std::string> known;
  for (const Change& change : changes) {
    TRY_ASSIGN(std::optional<File> current, tree_->read(change.path));
    PendingFile file{change.path, std::nullopt, change.file ? digest_of(change.file->text) : ""};
    if (current) {
      TRY_ASSIGN(file.before, keep(*current));
    }
    pending.files.push_back(std::move(file));
    for (const std::string& directory : missing_directories(change.path)) {
      if (change.file && known.insert(directory).second) pending.directories.push_back(directory);
    }
  }
  pending_ = std::move(pending);
  return write();
}

Result<void> Journal::make(const std::vector<Change>& changes) const {
  for (const std::string& directory : pending_->directories) TRY(tree_->make_directory(directory));
  for (const Change& change : changes) {
    if (change.file) TRY(tree_->stage(change.path, *change.file));
  }
  for (const Change& change : changes) {
    TRY(change.file ? tree_->commit(change.path) : tree_->remove(change.path));
  }
  return {};
}

Result<void> Journal::finish(const std::vector<Change>& changes) {
  State before = state_;
  for (const Change& change : changes) {
    std::erase_if(state_.entries, [&](const Entry& entry) { return entry.path == change.path; });
    if (change.entry) state_.entries.push_back(*change.entry);
  }
  std::optional<Pending> pending = std::exchange(pending_, std::nullopt);
  auto& directories = state_.directories;
  directories.insert(directories.end(), pending->directories.begin(), pending->directories.end());
  Result<void> written = write();
  if (!written) {
    state_ = before;
    pending_ = pending;
    Result<void> back = take_back();
    return back ? written.error() : back.error();
  }
  tidy();
  return {};
}

Result<void> Journal::take_back_file(const PendingFile& file) const {
  tree_->unstage(file.path);
  TRY_ASSIGN(std::optional<File> current, tree_->read(file.path));
  // Not reached yet, or changed by someone else since.
  if (!is_there(current, file.after)) return {};
  if (is_there(current, file.before ? file.before->digest : "")) return {};
  if (!file.before) return tree_->remove(file.path);
  TRY_ASSIGN(File before, kept_file(*file.before));
  return tree_->replace(file.path, before);
}

Result<void> Journal::take_back() {
  const std::vector<PendingFile>& files = pending_->files;
  for (auto file = files.rbegin(); file != files.rend(); ++file) TRY(take_back_file(*file));
  auto& directories = state_.directories;
  directories.insert(directories.end(), pending_->directories.begin(), pending_->directories.end());
  pending_.reset();
  // Where there was no journal before, none needs to be written, which a full disk would forbid.
  if (!state_.entries.empty()) TRY(write());
  tidy();
  return {};
}

// Removes directories and kept texts that nothing needs, and the journal with its last entry.
void Journal::tidy() {
  std::set<std::string> needed;
  for (const Entry& entry : state_.entries) {
    if (entry.original) needed.insert(entry.original->digest);
  }
  for (const std::string& name : tree_->list(folder_ + "/texts")) {
    if (!needed.count(name)) [[maybe_unused]]
      auto gone = tree_->remove(text_path(name));
  }
  if (state_.entries.empty()) {
    [[maybe_unused]] auto gone = tree_->remove(journal_path());
    tree_->unstage(journal_path());
  }
  auto& directories = state_.directories;
  for (auto path = directories.rbegin(); path != directories.rend(); ++path) {
    tree_->remove_directory(*path);
  }
  if (state_.entries.empty()) {
    // Made by a process that died before it wrote a journal.
    tree_->remove_directory(folder_ + "/texts");
    tree_->remove_directory(folder_);
    lock_.reset();
  }
}

}  // namespace gantry::install
