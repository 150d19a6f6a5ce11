#include "oci/image/source.h"

#include <archive_entry.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include <cerrno>
#include <map>

#include "oci/mount.h"

namespace gantry {
namespace {

constexpr std::size_t kMaxDocumentBytes = 4 * 1024 * 1024;
// Documents of an archive are kept when it is first read, as each look-up reads it again.
constexpr std::size_t kKeptFileBytes = 256 * 1024;
constexpr std::size_t kKeptBytes = 32 * 1024 * 1024;
constexpr std::size_t kMaxMembers = 100'000;

class Directory : public ImageSource {
 public:
  explicit Directory(UniqueFd fd) : fd_(std::move(fd)) {}

  bool has(const std::string& name) const override { return open_path(name).ok(); }

  Result<std::unique_ptr<ByteStream>> open_file(const std::string& name) const override {
    TRY_ASSIGN(UniqueFd path, open_path(name));
    Result<UniqueFd> file = reopen_for_reading(path.get());
    if (!file)
      return make_error(file.error().code, "%s: %s", name.c_str(), file.error().message.c_str());
    return std::unique_ptr<ByteStream>(new FileStream(std::move(*file)));
  }

 private:
  Result<UniqueFd> open_path(const std::string& name) const {
    return open_resolved(fd_.get(), name, O_PATH, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
  }

  UniqueFd fd_;
};

// A member's data; the archive is read anew up to it.
class MemberStream : public ByteStream {
 public:
  static Result<std::unique_ptr<MemberStream>> open(const std::string& path);
  Result<std::size_t> read(char* bytes, std::size_t size) override {
    return archive_->read_data(bytes, size);
  }
  Archive& archive() { return *archive_; }

 private:
  explicit MemberStream(UniqueFd fd) : file_(std::move(fd)) {}

  FileStream file_;
  std::unique_ptr<Archive> archive_;
};

Result<std::unique_ptr<MemberStream>> MemberStream::open(const std::string& path) {
  TRY_ASSIGN(UniqueFd fd, open_at(AT_FDCWD, path, O_RDONLY));
  std::unique_ptr<MemberStream> made(new MemberStream(std::move(fd)));
  TRY_ASSIGN(made->archive_, Archive::open_tar(made->file_, true));
  return made;
}

class ArchiveSource : public ImageSource {
 public:
  explicit ArchiveSource(std::string path) : path_(std::move(path)) {}

  Result<void> read_members();
  bool has(const std::string& name) const override { return members_.count(name) > 0; }
  Result<std::unique_ptr<ByteStream>> open_file(const std::string& name) const override;

 private:
  struct Member {
    std::size_t index = 0;  // in the archive
    std::string link;       // another member's name
    std::string text;       // of small ones that may be documents
  };
  Result<Member> read_member(Archive& archive, archive_entry* entry, std::size_t index);

  std::string path_;
  std::map<std::string, Member> members_;
  std::size_t kept_ = 0;
};

// As text: a name is only ever looked up, never opened.
std::string plain_name(const char* name) { return name ? lexical_path(name).substr(1) : ""; }

Result<ArchiveSource::Member> ArchiveSource::read_member(Archive& archive, archive_entry* entry,
                                                         std::size_t index) {
  Member member;
  member.index = index;
  std::string name = plain_name(archive_entry_pathname(entry));
  if (const char* target = archive_entry_hardlink(entry)) member.link = plain_name(target);
  if (archive_entry_filetype(entry) == AE_IFLNK) {
    // docker save of old: LAYER/layer.tar -> ../OTHER/layer.tar
    std::string folder = name.substr(0, name.rfind('/') + 1);
    const char* target = archive_entry_symlink(entry);
    member.link = plain_name((folder + (target ? target : "")).c_str());
  }
  auto size = static_cast<std::size_t>(archive_entry_size(entry));
  if (size == 0 || size > kKeptFileBytes || kept_ + size > kKeptBytes) return member;
  member.text.resize(size);
  std::size_t used = 0;
  while (used < size) {
    TRY_ASSIGN(std::size_t count, archive.read_data(member.text.data() + used, size - used));
    if (count == 0) return make_error(EINVAL, "`%s` is cut off", name.c_str());
    used += count;
  }
  // Documents are objects or, manifest.json, an array.
  if (member.text[0] != '{' && member.text[0] != '[') member.text.clear();
  kept_ += member.text.size();
  return member;
}

Result<void> ArchiveSource::read_members() {
  TRY_ASSIGN(auto stream, MemberStream::open(path_));
  for (std::size_t index = 0;; index++) {
    TRY_ASSIGN(archive_entry * entry, stream->archive().next());
    if (!entry) return {};
    if (index == kMaxMembers) return make_error(E2BIG, "more than %zu members", kMaxMembers);
    mode_t type = archive_entry_filetype(entry);
    bool is_file = type == AE_IFREG || type == AE_IFLNK || archive_entry_hardlink(entry);
    if (!is_file) continue;
    TRY_ASSIGN(Member member, read_member(stream->archive(), entry, index));
    // Of two with one name the last counts, as with tar.
    members_[plain_name(archive_entry_pathname(entry))] = std::move(member);
  }
}

Result<std::unique_ptr<ByteStream>> ArchiveSource::open_file(const std::string& name) const {
  auto found = members_.find(name);
  for (int links = 0; found != members_.end() && !found->second.link.empty(); links++) {
    if (links == 8) return make_error(ELOOP, "%s: too many links", name.c_str());
    found = members_.find(found->second.link);
  }
  if (found == members_.end()) return make_error(ENOENT, "%s: not in the archive", name.c_str());
  const Member& member = found->second;
  if (!member.text.empty()) return std::unique_ptr<ByteStream>(new TextStream(member.text));
  TRY_ASSIGN(auto stream, MemberStream::open(path_));
  for (std::size_t index = 0; index <= member.index; index++) {
    TRY_ASSIGN(archive_entry * entry, stream->archive().next());
    if (!entry) return make_error(EINVAL, "%s: the archive changed", name.c_str());
  }
  return std::unique_ptr<ByteStream>(std::move(stream));
}

}  // namespace

Result<std::unique_ptr<ImageSource>> ImageSource::open(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) < 0) return make_system_error(errno, "%s", path.c_str());
  if (S_ISDIR(status.st_mode)) {
    TRY_ASSIGN(UniqueFd fd, open_at(AT_FDCWD, path, O_PATH | O_DIRECTORY));
    return std::unique_ptr<ImageSource>(new Directory(std::move(fd)));
  }
  if (!S_ISREG(status.st_mode)) {
    return make_error(EINVAL, "%s is neither a directory nor a file", path.c_str());
  }
  auto source = std::make_unique<ArchiveSource>(path);
  Result<void> read = source->read_members();
  if (!read)
    return make_error(read.error().code, "%s: %s", path.c_str(), read.error().message.c_str());
  return std::unique_ptr<ImageSource>(std::move(source));
}

Result<std::string> ImageSource::read_text(const std::string& name) const {
  TRY_ASSIGN(auto stream, open_file(name));
  Result<std::string> text = read_stream(*stream, kMaxDocumentBytes);
  if (!text)
    return make_error(text.error().code, "%s: %s", name.c_str(), text.error().message.c_str());
  return text;
}

Result<Json> ImageSource::read_json(const std::string& name) const {
  TRY_ASSIGN(std::string text, read_text(name));
  return parse_json(text, name);
}

}  // namespace gantry
