#include "tests/oracle/vectors.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

namespace gantry::oracle {
namespace {

constexpr u64 kMagic = 0x3130'636576'796e61;  // "anyvec01"

// State and memory are one row of bytes, in Case and in Outcome.
constexpr std::size_t kImageSize = sizeof(State) + kDataSize;
static_assert(std::has_unique_object_representations_v<State>);
static_assert(offsetof(Case, data) == offsetof(Case, state) + sizeof(State));

// --- writing

void put_fixed(std::vector<u8>& to, u64 value, unsigned size) {
  for (unsigned i = 0; i < size; i++) to.push_back(static_cast<u8>(value >> 8 * i));
}

// Seven bits a byte, the lowest first, all but the last byte with bit 7 set.
void put_number(std::vector<u8>& to, u64 value) {
  for (; value >= 0x80; value >>= 7) to.push_back(static_cast<u8>(value | 0x80));
  to.push_back(static_cast<u8>(value));
}

// Runs of changed bytes: how many to skip, how many follow, and they. An empty run ends them.
void put_difference(std::vector<u8>& to, const u8* before, const u8* after, std::size_t size) {
  std::size_t end = 0;
  while (true) {
    std::size_t begin = end;
    while (begin < size && before[begin] == after[begin]) begin++;
    if (begin == size) break;
    std::size_t skipped = begin - end;
    end = begin;
    while (end < size && before[end] != after[end]) end++;
    put_number(to, skipped);
    put_number(to, end - begin);
    to.insert(to.end(), after + begin, after + end);
  }
  put_number(to, 0);
  put_number(to, 0);
}

// Four sums side by side, as one would wait for each product. `size` is a multiple of 8.
u64 digest(u64 seed, const void* data, std::size_t size) {
  constexpr u64 kFactor = 0x9e3779b97f4a7c15;
  u64 sums[4] = {seed, 1, 2, 3};
  const auto* bytes = static_cast<const u8*>(data);
  for (std::size_t i = 0; i < size / 8; i++) {
    u64 word;
    std::memcpy(&word, bytes + 8 * i, sizeof word);
    sums[i % 4] = sums[i % 4] * kFactor + word;
  }
  u64 result = 0;
  for (u64 sum : sums) result = (result ^ sum ^ sum >> 32) * kFactor;
  return result ^ result >> 32;
}

u32 fingerprint(const Case& c) {
  u64 result = digest(c.insn.length, c.bytes, sizeof c.bytes);
  result = digest(result, &c.state, sizeof c.state);
  return static_cast<u32>(digest(result, c.data, sizeof c.data));
}

}  // namespace

VectorWriter::VectorWriter(u64 seed) {
  put_fixed(bytes_, kMagic, 8);
  put_fixed(bytes_, seed, 8);
}

void VectorWriter::begin_row(unsigned row) {
  put_fixed(bytes_, row_key(row), 8);
  last_number_ = 0;
}

void VectorWriter::add(u64 number, const Case& c, const Outcome& outcome) {
  // Numbers are told as the distance from the one before, and zero ends a row.
  put_number(bytes_, number + 1 - last_number_);
  last_number_ = number + 1;
  put_fixed(bytes_, fingerprint(c), 4);
  put_number(bytes_, outcome.faulted ? outcome.vector + 1 : 0);
  if (outcome.faulted) {
    put_number(bytes_, outcome.error);
    put_number(bytes_, outcome.address);
  }
  put_difference(bytes_, reinterpret_cast<const u8*>(&c.state),
                 reinterpret_cast<const u8*>(&outcome.state), kImageSize);
}

void VectorWriter::end_row() { put_number(bytes_, 0); }

bool VectorWriter::write(const std::string& path) const {
  gzFile file = gzopen(path.c_str(), "wb9");
  if (!file) return false;
  auto size = static_cast<unsigned>(bytes_.size());
  bool written = gzwrite(file, bytes_.data(), size) == static_cast<int>(size);
  return gzclose(file) == Z_OK && written;
}

bool VectorReader::open(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (!file) return false;
  u8 buffer[1 << 16];
  int count;
  while ((count = gzread(file, buffer, sizeof buffer)) > 0) {
    bytes_.insert(bytes_.end(), buffer, buffer + count);
  }
  if (gzclose(file) != Z_OK || count < 0) return false;
  bool known = fixed(8) == kMagic;
  seed_ = fixed(8);
  return known && !truncated_;
}

bool VectorReader::next_row(unsigned& row) {
  if (at_ == bytes_.size()) return false;
  u64 key = fixed(8);
  last_number_ = 0;
  for (row = 0; row < x86::opcodes().size(); row++) {
    if (row_key(row) == key) return true;
  }
  return false;
}

bool VectorReader::next_case(u64& number_out) {
  u64 distance = number();
  if (distance == 0) return false;
  last_number_ += distance;
  number_out = last_number_ - 1;
  return true;
}

bool VectorReader::read(const Case& c, Outcome& outcome) {
  if (fixed(4) != fingerprint(c)) return false;
  outcome.clear();
  u64 fault = number();
  outcome.faulted = fault != 0;
  if (outcome.faulted) {
    outcome.vector = static_cast<u32>(fault - 1);
    outcome.error = static_cast<u32>(number());
    outcome.address = number();
  }
  std::memcpy(static_cast<void*>(&outcome), &c.state, kImageSize);
  read_difference(reinterpret_cast<u8*>(&outcome), kImageSize);
  return !truncated_;
}

void VectorReader::read_difference(u8* image, std::size_t size) {
  std::size_t position = 0;
  while (!truncated_) {
    u64 skipped = number(), count = number();
    if (count == 0) return;
    position += skipped;
    if (position + count > size || at_ + count > bytes_.size()) {
      truncated_ = true;
      return;
    }
    std::memcpy(image + position, bytes_.data() + at_, count);
    position += count;
    at_ += count;
  }
}

u8 VectorReader::byte() {
  if (at_ < bytes_.size()) return bytes_[at_++];
  truncated_ = true;
  return 0;
}

u64 VectorReader::fixed(unsigned size) {
  u64 value = 0;
  for (unsigned i = 0; i < size; i++) value |= static_cast<u64>(byte()) << 8 * i;
  return value;
}

u64 VectorReader::number() {
  u64 value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    u8 next = byte();
    value |= static_cast<u64>(next & 0x7f) << shift;
    if (!(next & 0x80)) break;
  }
  return value;
}

}  // namespace gantry::oracle
