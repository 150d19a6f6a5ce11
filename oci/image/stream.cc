#include "oci/image/stream.h"

#include <archive_entry.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>

namespace gantry {
namespace {

constexpr std::size_t kChunk = 128 * 1024;

}  // namespace

Result<std::string> read_stream(ByteStream& stream, std::size_t limit) {
  std::string text;
  for (;;) {
    std::size_t used = text.size();
    text.resize(used + kChunk);
    TRY_ASSIGN(std::size_t size, stream.read(text.data() + used, kChunk));
    text.resize(used + size);
    if (size == 0) return text;
    if (text.size() > limit) return make_error(EFBIG, "larger than %zu bytes", limit);
  }
}

Result<std::size_t> FileStream::read(char* bytes, std::size_t size) {
  ssize_t result;
  do {
    result = ::read(fd_.get(), bytes, size);
  } while (result < 0 && errno == EINTR);
  if (result < 0) return make_system_error(errno, "read");
  return static_cast<std::size_t>(result);
}

u64 FileStream::skip(u64 size) {
  off_t now = ::lseek(fd_.get(), 0, SEEK_CUR);
  Result<struct stat> status = stat_of(fd_.get());
  // Past the end nothing would be missed: a cut-off file must still be found to be one.
  if (now < 0 || !status || static_cast<u64>(status->st_size - now) < size) return 0;
  return ::lseek(fd_.get(), static_cast<off_t>(size), SEEK_CUR) < 0 ? 0 : size;
}

Result<std::size_t> TextStream::read(char* bytes, std::size_t size) {
  std::size_t count = rest_.copy(bytes, size);
  rest_.erase(0, count);
  return count;
}

Result<std::size_t> HashingStream::read(char* bytes, std::size_t size) {
  TRY_ASSIGN(std::size_t count, source_.read(bytes, size));
  hash_.add({bytes, count});
  size_ += count;
  return count;
}

Result<std::string> HashingStream::finish() {
  std::string rest(kChunk, '\0');
  for (;;) {
    TRY_ASSIGN(std::size_t size, read(rest.data(), rest.size()));
    if (size == 0) return hash_.finish();
  }
}

Archive::Archive(ByteStream& source) : archive_(archive_read_new()), source_(source) {
  // Names in an archive are UTF-8 or bytes; libarchive would refuse the former in the C locale.
  std::setlocale(LC_CTYPE, "C.UTF-8");
}

la_ssize_t Archive::fill(archive*, void* self, const void** bytes) {
  auto& own = *static_cast<Archive*>(self);
  own.buffer_.resize(kChunk);
  Result<std::size_t> size = own.source_.read(own.buffer_.data(), own.buffer_.size());
  *bytes = own.buffer_.data();
  if (size) return static_cast<ssize_t>(*size);
  own.source_error_ = size.error().message;
  archive_set_error(own.archive_.get(), EIO, "%s", own.source_error_.c_str());
  return ARCHIVE_FATAL;
}

la_int64_t Archive::pass_over(archive*, void* self, la_int64_t size) {
  return static_cast<la_int64_t>(static_cast<Archive*>(self)->source_.skip(static_cast<u64>(size)));
}

Error Archive::failure(const char* what) const {
  if (!source_error_.empty()) return Error{EIO, source_error_};
  const char* reason = archive_error_string(archive_.get());
  return make_error(EINVAL, "%s: %s", what, reason ? reason : "unknown");
}

Result<std::unique_ptr<Archive>> Archive::open(std::unique_ptr<Archive> made) {
  if (archive_read_open2(made->get(), made.get(), nullptr, fill, pass_over, nullptr) !=
      ARCHIVE_OK) {
    return made->failure("cannot read the archive");
  }
  return made;
}

Result<std::unique_ptr<Archive>> Archive::open_tar(ByteStream& source, bool may_be_compressed) {
  std::unique_ptr<Archive> made(new Archive(source));
  archive_read_support_format_tar(made->get());
  archive_read_support_format_empty(made->get());
  if (may_be_compressed) {
    archive_read_support_filter_gzip(made->get());
    archive_read_support_filter_zstd(made->get());
  }
  return open(std::move(made));
}

Result<std::unique_ptr<Archive>> Archive::open_compressed(ByteStream& source) {
  std::unique_ptr<Archive> made(new Archive(source));
  archive_read_support_format_raw(made->get());
  archive_read_support_format_empty(made->get());
  archive_read_support_filter_gzip(made->get());
  archive_read_support_filter_zstd(made->get());
  return open(std::move(made));
}

Result<archive_entry*> Archive::next() {
  archive_entry* entry = nullptr;
  int result = archive_read_next_header(archive_.get(), &entry);
  if (result == ARCHIVE_EOF) return static_cast<archive_entry*>(nullptr);
  // A warning is about something that could not be represented; what is needed is checked for.
  if (result == ARCHIVE_OK || result == ARCHIVE_WARN) return entry;
  return failure("the archive is damaged");
}

Result<std::size_t> Archive::read_data(char* bytes, std::size_t size) {
  la_ssize_t result = archive_read_data(archive_.get(), bytes, size);
  if (result < 0) return failure("the archive is damaged");
  return static_cast<std::size_t>(result);
}

Result<std::unique_ptr<DecompressedStream>> DecompressedStream::open(ByteStream& source) {
  TRY_ASSIGN(auto archive, Archive::open_compressed(source));
  TRY_ASSIGN(archive_entry * entry, archive->next());
  if (!entry) archive.reset();  // nothing at all
  return std::unique_ptr<DecompressedStream>(new DecompressedStream(std::move(archive)));
}

Result<std::size_t> DecompressedStream::read(char* bytes, std::size_t size) {
  if (!archive_) return std::size_t{0};
  return archive_->read_data(bytes, size);
}

}  // namespace gantry
