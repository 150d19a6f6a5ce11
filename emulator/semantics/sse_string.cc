#include "emulator/semantics/sse_string.h"

#include <algorithm>

#include "emulator/guest/flags.h"

namespace gantry::sem::vec {
namespace {

// Fields of the control byte (SDM vol. 2, section 4.1.1).
enum class Aggregation : u8 { kEqualAny, kRanges, kEqualEach, kEqualOrdered };

bool has_words(u64 control) { return control & 1; }
bool is_signed(u64 control) { return control & 2; }
Aggregation aggregation(u64 control) { return static_cast<Aggregation>(control >> 2 & 3); }
unsigned element_count(u64 control) { return has_words(control) ? 8 : 16; }

// A string as numbers, whatever its elements are.
struct Elements {
  s32 value[16];
  unsigned length;
  bool valid(unsigned k) const { return k < length; }
};

Elements elements(V128 string, u64 length, u64 control) {
  Elements result = {};
  result.length = static_cast<unsigned>(length);
  for (unsigned k = 0; k < element_count(control); ++k) {
    if (has_words(control)) {
      u16 word = string.as<u16>()[k];
      result.value[k] = is_signed(control) ? static_cast<s16>(word) : word;
    } else {
      u8 byte = string.as<u8>()[k];
      result.value[k] = is_signed(control) ? static_cast<s8>(byte) : byte;
    }
  }
  return result;
}

bool equal_any(const Elements& set, const Elements& text, unsigned at) {
  if (!text.valid(at)) return false;
  return std::find(set.value, set.value + set.length, text.value[at]) != set.value + set.length;
}

bool in_ranges(const Elements& ranges, const Elements& text, unsigned at) {
  if (!text.valid(at)) return false;
  for (unsigned k = 0; k + 1 < ranges.length; k += 2) {
    if (ranges.value[k] <= text.value[at] && text.value[at] <= ranges.value[k + 1]) return true;
  }
  return false;
}

// Beyond the end of both, strings are equal.
bool equal_each(const Elements& a, const Elements& b, unsigned at) {
  return a.valid(at) && b.valid(at) ? a.value[at] == b.value[at] : a.valid(at) == b.valid(at);
}

// The needle may run off the end of the register, not off the end of the text.
bool equal_ordered(const Elements& needle, const Elements& text, unsigned at, unsigned count) {
  for (unsigned k = 0; k < needle.length && at + k < count; ++k) {
    if (!text.valid(at + k) || needle.value[k] != text.value[at + k]) return false;
  }
  return true;
}

bool aggregate(const Elements& a, const Elements& b, unsigned at, u64 control) {
  switch (aggregation(control)) {
    case Aggregation::kEqualAny:
      return equal_any(a, b, at);
    case Aggregation::kRanges:
      return in_ranges(a, b, at);
    case Aggregation::kEqualEach:
      return equal_each(a, b, at);
    case Aggregation::kEqualOrdered:
      return equal_ordered(a, b, at, element_count(control));
  }
  return false;
}

// Bits 5:4: as it is, negated, as it is, negated where the second string is valid.
u64 with_polarity(u64 bits, unsigned length_b, u64 control) {
  u64 all = (u64{1} << element_count(control)) - 1;
  if (!(control & 0x10)) return bits;
  return bits ^ (control & 0x20 ? (u64{1} << length_b) - 1 : all);
}

}  // namespace

u64 implicit_length(V128 string, u64 control) {
  Elements all = elements(string, 0, control);
  unsigned count = element_count(control);
  return static_cast<u64>(std::find(all.value, all.value + count, 0) - all.value);
}

u64 explicit_length(u64 length, u64 control) {
  s64 value = static_cast<s64>(length);
  u64 magnitude = value < 0 ? -length : length;
  return std::min<u64>(magnitude, element_count(control));
}

u64 compare_strings(V128 a, V128 b, u64 length_a, u64 length_b, u64 control) {
  unsigned count = element_count(control);
  Elements first = elements(a, length_a, control);
  Elements second = elements(b, length_b, control);
  u64 bits = 0;
  for (unsigned k = 0; k < count; ++k)
    bits |= static_cast<u64>(aggregate(first, second, k, control)) << k;
  bits = with_polarity(bits, second.length, control);
  u64 flags = (bits != 0 ? guest::kCF : 0) | (length_b < count ? guest::kZF : 0) |
              (length_a < count ? guest::kSF : 0) | (bits & 1 ? guest::kOF : 0);
  return flags << kStringFlagsShift | bits;
}

// Bit 6: the last set bit instead of the first.
u64 string_index(u64 result, u64 control) {
  u32 bits = static_cast<u32>(result);
  if (bits == 0) return element_count(control);
  return static_cast<u64>(control & 0x40 ? 31 - std::countl_zero(bits) : std::countr_zero(bits));
}

// Bit 6: a mask of whole elements instead of bits.
V128 string_mask(u64 result, u64 control) {
  if (!(control & 0x40)) return {static_cast<u32>(result), 0};
  if (has_words(control))
    return generate<u16>([&](unsigned k) { return result >> k & 1 ? 0xffff : 0; });
  return generate<u8>([&](unsigned k) { return result >> k & 1 ? 0xff : 0; });
}

}  // namespace gantry::sem::vec
