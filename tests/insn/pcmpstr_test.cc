// The string comparisons in all their modes, against the manual's description (SDM vol. 2,
// section 4.1) followed to the letter.
#include <algorithm>
#include <iterator>

#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

// The control byte: format in bits 1:0, aggregation in 3:2, polarity in 5:4, output in 6.
struct Control {
  u8 byte;
  bool words() const { return byte & 1; }
  bool is_signed() const { return byte & 2; }
  unsigned aggregation() const { return byte >> 2 & 3; }
  unsigned polarity() const { return byte >> 4 & 3; }
  bool last_or_expanded() const { return byte & 0x40; }
  unsigned count() const { return words() ? 8 : 16; }
};
enum : unsigned { kEqualAny, kRanges, kEqualEach, kEqualOrdered };
enum : unsigned { kPositive, kNegative, kMaskedPositive, kMaskedNegative };

struct Text {
  V128 value;
  unsigned length = 0;  // elements that are valid
};

int element(const V128& v, Control c, unsigned i) {
  if (c.words()) return c.is_signed() ? v.as<s16>()[i] : v.as<u16>()[i];
  return c.is_signed() ? v.as<s8>()[i] : v.as<u8>()[i];
}

unsigned implicit_length(const V128& v, Control c) {
  unsigned n = 0;
  while (n < c.count() && element(v, c, n) != 0) n++;
  return n;
}

// BoolRes[j, i] of the second text's element j and the first's i, with the override for invalid
// elements (table 4-7).
bool compare(const Text& first, const Text& second, Control c, unsigned j, unsigned i) {
  bool valid_first = i < first.length, valid_second = j < second.length;
  if (!valid_first || !valid_second) {
    if (c.aggregation() == kEqualEach) return !valid_first && !valid_second;
    return c.aggregation() == kEqualOrdered && !valid_first;
  }
  int a = element(first.value, c, i), b = element(second.value, c, j);
  if (c.aggregation() != kRanges) return a == b;
  return i % 2 == 0 ? b >= a : b <= a;
}

bool aggregate(const Text& first, const Text& second, Control c, unsigned j) {
  bool any = false, all = true;
  switch (c.aggregation()) {
    case kEqualAny:
      for (unsigned i = 0; i < c.count(); i++) any |= compare(first, second, c, j, i);
      return any;
    case kRanges:
      for (unsigned i = 0; i < c.count(); i += 2) {
        any |= compare(first, second, c, j, i) && compare(first, second, c, j, i + 1);
      }
      return any;
    case kEqualEach:
      return compare(first, second, c, j, j);
    default:
      for (unsigned i = 0; i + j < c.count(); i++) all &= compare(first, second, c, i + j, i);
      return all;
  }
}

// IntRes2.
unsigned result_bits(const Text& first, const Text& second, Control c) {
  unsigned bits = 0;
  for (unsigned j = 0; j < c.count(); j++) {
    bool bit = aggregate(first, second, c, j);
    if (c.polarity() == kNegative || (c.polarity() == kMaskedNegative && j < second.length)) {
      bit = !bit;
    }
    bits |= static_cast<unsigned>(bit) << j;
  }
  return bits;
}

u64 result_flags(const Text& first, const Text& second, Control c, unsigned bits) {
  return (bits ? kCF : 0) | (second.length < c.count() ? kZF : 0) |
         (first.length < c.count() ? kSF : 0) | (bits & 1 ? kOF : 0);
}

u64 index_output(Control c, unsigned bits) {
  if (bits == 0) return c.count();
  unsigned last = 31 - static_cast<unsigned>(__builtin_clz(bits));
  return c.last_or_expanded() ? last : static_cast<unsigned>(__builtin_ctz(bits));
}

V128 mask_output(Control c, unsigned bits) {
  if (!c.last_or_expanded()) return {bits, 0};
  V128::Lanes<u8> bytes = {};
  for (unsigned k = 0; k < 16; k++) bytes[k] = bits >> (c.words() ? k / 2 : k) & 1 ? 0xff : 0;
  return V128::from(bytes);
}

V128 text(const char (&characters)[17]) {
  V128 v;
  std::memcpy(&v, characters, 16);
  return v;
}

struct Pair {
  V128 first, second;
};

const Pair kPairs[] = {
    {{}, {}},
    {text("abc\0zzzzzzzzzzzz"), text("xxabcabxabc\0abcd")},
    {text("ab\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), text("zzzzzzzzzzzzzzza")},
    {text("azAZ09\0\0\0\0\0\0\0\0\0\0"), text("The 7 dwarfs!\0ab")},
    {text("0123456789abcdef"), text("fedcba9876543210")},
    {text("0123456789abcdef"), text("0123456789abcdef")},
    {{}, text("0123456789abcdef")},
    {text("0123456789abcdef"), {}},
    // Signed and unsigned orders differ.
    {{0x7f018001ff80017f, 0}, {0x00ff7f80fe810180, 0x1122334455667788}},
    {{0x8001ffff7fff0001, 0xffff8000ffff0001}, {0x7fff8000ffff0001, 0x00010000fffe8001}},
    {{0x0061006100610061, 0x61}, {0x0061006100620061, 0x0061006100610061}},
};

class StringCompare : public testing::TestWithParam<unsigned> {
 protected:
  void set(const V128& first, const V128& second) {
    m.cpu.xmm[1] = first;
    m.cpu.xmm[2] = second;
    m.set_flags(kStatusFlags);
  }

  void expect(const Text& first, const Text& second, Control c, u8 index_opcode, u8 mask_opcode) {
    unsigned bits = result_bits(first, second, c);
    set(first.value, second.value);
    u64 rax = m[kRax], rdx = m[kRdx];
    m[kRcx] = ~u64{0};
    m.run({0x66, 0x0f, 0x3a, index_opcode, 0xca, c.byte});
    EXPECT_EQ(m[kRcx], index_output(c, bits));
    EXPECT_EQ(m.flags(), result_flags(first, second, c, bits));
    m.run({0x66, 0x0f, 0x3a, mask_opcode, 0xca, c.byte});
    EXPECT_EQ(m.cpu.xmm[0], mask_output(c, bits));
    EXPECT_EQ(m.flags(), result_flags(first, second, c, bits));
    EXPECT_EQ(m[kRax], rax);
    EXPECT_EQ(m[kRdx], rdx);
  }
  Machine m;
};

TEST_P(StringCompare, ImplicitLengths) {
  Control c = {static_cast<u8>(GetParam())};
  for (const Pair& p : kPairs) {
    Text first = {p.first, implicit_length(p.first, c)};
    Text second = {p.second, implicit_length(p.second, c)};
    expect(first, second, c, 0x63, 0x62);  // pcmpistri, pcmpistrm
  }
}

TEST_P(StringCompare, ExplicitLengths) {
  constexpr s32 kLengths[][2] = {{0, 0}, {3, 16}, {-3, -5}, {100, INT32_MIN}, {1, -8}, {7, 0}};
  Control c = {static_cast<u8>(GetParam())};
  unsigned k = 0;
  for (const Pair& p : kPairs) {
    const auto& lengths = kLengths[k++ % std::size(kLengths)];
    auto magnitude = [&](s32 length) {
      return static_cast<unsigned>(std::min<s64>(std::abs(s64{length}), c.count()));
    };
    // The upper halves do not count.
    m[kRax] = u64{0x12345678} << 32 | static_cast<u32>(lengths[0]);
    m[kRdx] = u64{0x87654321} << 32 | static_cast<u32>(lengths[1]);
    expect({p.first, magnitude(lengths[0])}, {p.second, magnitude(lengths[1])}, c, 0x61, 0x60);
  }
}

INSTANTIATE_TEST_SUITE_P(Control, StringCompare, testing::Range(0u, 256u));

TEST(StringCompareWide, LengthsAreWholeRegistersUnderRex) {
  Machine m;
  m.cpu.xmm[1] = m.cpu.xmm[2] = text("0123456789abcdef");
  m[kRax] = u64{1} << 32;  // more than sixteen
  m[kRdx] = static_cast<u64>(-2);
  m.run({0x66, 0x48, 0x0f, 0x3a, 0x61, 0xca, 0x48});  // pcmpestri, equal each, last
  EXPECT_EQ(m[kRcx], 1u);
  EXPECT_EQ(m.flags(), kCF | kZF | kOF);
}

TEST(StringCompareMemory, OperandNeedsNoAlignment) {
  Machine m;
  m[kRbx] = kData + 3;
  m.cpu.xmm[1] = {'c', 0};
  m.put(kData + 3, V128{0x636261636261, 0});  // "abcabc"
  m.run({0x66, 0x0f, 0x3a, 0x63, 0x0b, 0x00});
  EXPECT_EQ(m[kRcx], 2u);
  m.run({0x66, 0x0f, 0x3a, 0x63, 0x0b, 0x40});
  EXPECT_EQ(m[kRcx], 5u);
}

}  // namespace
}  // namespace gantry::test
