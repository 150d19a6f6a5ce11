// Bytes that are read once, from front to back.
#pragma once

#include <archive.h>

#include <cstddef>
#include <memory>
#include <string>

#include "emulator/base/descriptor.h"
#include "emulator/base/types.h"
#include "oci/image/digest.h"

namespace gantry {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // At most `size` bytes; 0 at the end.
  virtual Result<std::size_t> read(char* bytes, std::size_t size) = 0;
  // Passes over at most `size` bytes without reading them; how many, 0 where that is not possible.
  virtual u64 skip(u64) { return 0; }
};

// Everything; fails with EFBIG when that is more than `limit` bytes.
Result<std::string> read_stream(ByteStream& stream, std::size_t limit);

class FileStream : public ByteStream {
 public:
  explicit FileStream(UniqueFd fd) : fd_(std::move(fd)) {}
  Result<std::size_t> read(char* bytes, std::size_t size) override;
  u64 skip(u64 size) override;

 private:
  UniqueFd fd_;
};

class TextStream : public ByteStream {
 public:
  explicit TextStream(std::string text) : rest_(std::move(text)) {}
  Result<std::size_t> read(char* bytes, std::size_t size) override;

 private:
  std::string rest_;
};

// Hands on what it reads, and has its digest.
class HashingStream : public ByteStream {
 public:
  explicit HashingStream(ByteStream& source) : source_(source) {}
  Result<std::size_t> read(char* bytes, std::size_t size) override;

  // Reads to the end; the digits of everything that was ever read.
  Result<std::string> finish();
  u64 size() const { return size_; }

 private:
  ByteStream& source_;
  Sha256 hash_;
  u64 size_ = 0;
};

struct ArchiveFreed {
  void operator()(archive* value) const { archive_read_free(value); }
};

// libarchive(3) over a stream. What the stream fails with is reported in its own words.
class Archive {
 public:
  // A tar archive in the stream, or in what is compressed there if `may_be_compressed`.
  static Result<std::unique_ptr<Archive>> open_tar(ByteStream& source, bool may_be_compressed);
  // What the stream holds, with gzip or zstd taken off; read it with read_data().
  static Result<std::unique_ptr<Archive>> open_compressed(ByteStream& source);

  // The next member; null at the end. Valid until the next call.
  Result<archive_entry*> next();
  // Of the current member.
  Result<std::size_t> read_data(char* bytes, std::size_t size);
  archive* get() { return archive_.get(); }
  Error failure(const char* what) const;

 private:
  explicit Archive(ByteStream& source);
  static Result<std::unique_ptr<Archive>> open(std::unique_ptr<Archive> made);
  static la_ssize_t fill(archive*, void* self, const void** bytes);
  static la_int64_t pass_over(archive*, void* self, la_int64_t size);

  std::unique_ptr<archive, ArchiveFreed> archive_;
  ByteStream& source_;
  std::string buffer_;
  std::string source_error_;
};

class DecompressedStream : public ByteStream {
 public:
  static Result<std::unique_ptr<DecompressedStream>> open(ByteStream& source);
  Result<std::size_t> read(char* bytes, std::size_t size) override;

 private:
  explicit DecompressedStream(std::unique_ptr<Archive> archive) : archive_(std::move(archive)) {}
  std::unique_ptr<Archive> archive_;
};

}  // namespace gantry
