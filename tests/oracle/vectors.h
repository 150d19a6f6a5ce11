// Recorded answers of a CPU: for each case of each row a fingerprint of what generate() made, and
// the outcome as a difference from it.
#pragma once

#include <string>
#include <vector>

#include "tests/oracle/generator.h"

namespace gantry::oracle {

// Collects answers and writes them, compressed.
class VectorWriter {
 public:
  explicit VectorWriter(u64 seed);

  // Cases of a row, in the order of their numbers, between the two.
  void begin_row(unsigned row);
  void add(u64 number, const Case& c, const Outcome& outcome);
  void end_row();
  // False, with errno set, when the file cannot be written.
  bool write(const std::string& path) const;

 private:
  std::vector<u8> bytes_;
  u64 last_number_ = 0;
};

// Reads them in the order in which they were written.
class VectorReader {
 public:
  // False when the file cannot be read or is not of this format.
  bool open(const std::string& path);

  u64 seed() const { return seed_; }

  // Goes to the next row, after the last case of the one before. False at the end of the file, or
  // when the table has no such row any more.
  bool next_row(unsigned& row);
  // The number of the row's next case; false after the last.
  bool next_case(u64& number);
  // The answer to that case, which generate() has made again. False when it has made another one.
  bool read(const Case& c, Outcome& outcome);
  // Nothing is left to be read, and nothing was missing.
  bool at_end() const { return at_ == bytes_.size() && !truncated_; }

 private:
  u8 byte();
  u64 fixed(unsigned size);
  u64 number();
  void read_difference(u8* image, std::size_t size);

  std::vector<u8> bytes_;
  std::size_t at_ = 0;
  u64 seed_ = 0;
  u64 last_number_ = 0;
  bool truncated_ = false;
};

}  // namespace gantry::oracle
