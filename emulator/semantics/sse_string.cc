#include "emulator/semantics/sse_string.h"

#include <algorithm>
#include <bit>
#include <type_traits>

#include "emulator/guest/flags.h"

namespace gantry::sem::vec {
namespace {

// Fields of the control byte (SDM vol. 2, section 4.1.1).
enum class Aggregation : u8 { kEqualAny, kRanges, kEqualEach, kEqualOrdered };

bool has_words(u64 control) { return control & 1; }
Aggregation aggregation(u64 control) { return static_cast<Aggregation>(control >> 2 & 3); }
unsigned element_count(u64 control) { return has_words(control) ? 8 : 16; }

constexpr u64 first_bits(u64 count) { return (u64{1} << count) - 1; }

// A bit for each lane of what a comparison gives.
template <typename M>
u64 lane_bits(M mask) {
  using Lane = std::make_signed_t<std::remove_reference_t<decltype(mask[0])>>;
  return sign_mask<Lane>(packed(mask));
}

// A bit for each element of `b`.
template <typename T>
u64 aggregate(V128 a, V128 b, u64 length_a, u64 length_b, Aggregation how) {
  constexpr u64 kAll = first_bits(kLanes<T>);
  auto wanted = simd<T>(a), text = simd<T>(b);
  u64 valid_a = first_bits(length_a), valid_b = first_bits(length_b);
  decltype(text == text) found = {};
  switch (how) {
    case Aggregation::kEqualAny:
      for (u64 k = 0; k < length_a; k++) found |= text == wanted[k];
      return lane_bits(found) & valid_b;
    case Aggregation::kRanges:
      for (u64 k = 0; k + 1 < length_a; k += 2) {
        found |= (text >= wanted[k]) & (text <= wanted[k + 1]);
      }
      return lane_bits(found) & valid_b;
    case Aggregation::kEqualEach:
      // Beyond the end of both, strings are equal.
      return (lane_bits(text == wanted) & valid_a & valid_b) | (kAll & ~valid_a & ~valid_b);
    case Aggregation::kEqualOrdered: {
      // The needle may run off the end of the register, not off the end of the text.
      u64 bits = kAll;
      for (u64 k = 0; k < length_a; k++) {
        bits &= (lane_bits(text == wanted[k]) & valid_b) >> k | ~(kAll >> k);
      }
      return bits;
    }
  }
  return 0;
}

u64 aggregate(V128 a, V128 b, u64 length_a, u64 length_b, u64 control) {
  Aggregation how = aggregation(control);
  switch (control & 3) {
    case 0:
      return aggregate<u8>(a, b, length_a, length_b, how);
    case 1:
      return aggregate<u16>(a, b, length_a, length_b, how);
    case 2:
      return aggregate<s8>(a, b, length_a, length_b, how);
    default:
      return aggregate<s16>(a, b, length_a, length_b, how);
  }
}

// Bits 5:4: as it is, negated, as it is, negated where the second string is valid.
u64 with_polarity(u64 bits, u64 length_b, u64 control) {
  if (!(control & 0x10)) return bits;
  return bits ^ first_bits(control & 0x20 ? length_b : element_count(control));
}

}  // namespace

u64 implicit_length(V128 string, u64 control) {
  u64 ends = has_words(control) ? lane_bits(simd<u16>(string) == u16{0})
                                : lane_bits(simd<u8>(string) == u8{0});
  return static_cast<u64>(std::countr_zero(ends | u64{1} << element_count(control)));
}

u64 explicit_length(u64 length, u64 control) {
  s64 value = static_cast<s64>(length);
  u64 magnitude = value < 0 ? -length : length;
  return std::min<u64>(magnitude, element_count(control));
}

u64 compare_strings(V128 a, V128 b, u64 length_a, u64 length_b, u64 control) {
  unsigned count = element_count(control);
  u64 bits = aggregate(a, b, length_a, length_b, control);
  bits = with_polarity(bits, length_b, control);
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
