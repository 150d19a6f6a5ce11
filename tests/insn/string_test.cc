// String instructions: faults in the middle, direction, overlap, address size, interrupts.
#include <vector>

#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

constexpr u64 kPastTwoBytes = kRip + 2;

class StringTest : public testing::Test {
 protected:
  void set(u64 source, u64 destination, u64 count) {
    m[kRsi] = source;
    m[kRdi] = destination;
    m[kRcx] = count;
  }
  void put_text(u64 address, const char* text) {
    for (; *text; text++) m.put(address++, *text);
  }
  std::string text(u64 address, u64 length) {
    return {reinterpret_cast<const char*>(address), length};
  }
  void go_down() { m.cpu.system_flags |= guest::kDF; }
  Machine m;
};

// --- faults
TEST_F(StringTest, WriteFaultInTheMiddleKeepsWhatWasCopied) {
  m.put(kData, u64{0x5a5a5a5a5a5a5a5a});
  set(kData, kReadOnly - 10, 64);
  EXPECT_EQ(m.fault({0xf3, 0xa4}), Vector::kPageFault);  // rep movsb
  EXPECT_EQ(m.cpu.fault.address, kReadOnly);
  EXPECT_EQ(m.cpu.rip, kRip);
  EXPECT_EQ(m[kRcx], 54u);
  EXPECT_EQ(m[kRdi], kReadOnly);
  EXPECT_EQ(m[kRsi], kData + 10);
  EXPECT_EQ(m.get<u64>(kReadOnly - 10), 0x5a5a5a5a5a5a5a5a);
}

TEST_F(StringTest, ReadFaultInTheMiddleKeepsWhatWasCopied) {
  set(kUnmapped - 3, kData, 5);
  EXPECT_EQ(m.fault({0xf3, 0xa4}), Vector::kPageFault);
  EXPECT_EQ(m.cpu.fault.address, kUnmapped);
  EXPECT_EQ(m[kRcx], 2u);
  EXPECT_EQ(m[kRdi], kData + 3);
  EXPECT_EQ(m.get<u8>(kData + 2), m.get<u8>(kUnmapped - 1));
}

TEST_F(StringTest, ElementAcrossTheFaultingPageIsNotStarted) {
  m.put(kData + 8, ~u64{0});
  set(kData, kReadOnly - 12, 3);
  EXPECT_EQ(m.fault({0xf3, 0x48, 0xa5}), Vector::kPageFault);  // rep movsq
  EXPECT_EQ(m[kRcx], 2u);
  EXPECT_EQ(m[kRdi], kReadOnly - 4);
  EXPECT_EQ(m.get<u32>(kReadOnly - 4), 0u);
}

TEST_F(StringTest, FaultBelowWhenGoingDown) {
  go_down();
  set(kData + 64, kData + 2, 5);
  EXPECT_EQ(m.fault({0xf3, 0xa4}), Vector::kPageFault);
  EXPECT_EQ(m.cpu.fault.address, kData - 1);
  EXPECT_EQ(m[kRcx], 2u);
  EXPECT_EQ(m[kRdi], kData - 1);
  EXPECT_EQ(m[kRsi], kData + 61);
}

TEST_F(StringTest, FaultOfAComparisonKeepsTheOldFlags) {
  m.set_flags(kZF | kCF);
  set(0, kUnmapped - 2, 100);
  m[kRax] = 1;
  ASSERT_TRUE(m.get<u8>(kUnmapped - 2) != 1 && m.get<u8>(kUnmapped - 1) != 1);
  EXPECT_EQ(m.fault({0xf2, 0xae}), Vector::kPageFault);  // repne scasb
  EXPECT_EQ(m[kRcx], 98u);
  EXPECT_EQ(m[kRdi], kUnmapped);
  EXPECT_EQ(m.flags(), kZF | kCF);
}

TEST_F(StringTest, KernelAddressIsAPageFaultThere) {
  set(0xffff800000000000, kData, 1);
  EXPECT_EQ(m.fault({0xf3, 0xa4}), Vector::kPageFault);
  EXPECT_EQ(m.cpu.fault.address, 0xffff800000000000u);
}

TEST_F(StringTest, NonCanonicalAddressIsAProtectionFault) {
  set(u64{1} << 47, kData, 1);
  EXPECT_EQ(m.fault({0xf3, 0xa4}), Vector::kGeneralProtection);
  EXPECT_EQ(m[kRcx], 1u);
}

// --- overlap and direction
TEST_F(StringTest, ForwardOverlapRepeatsThePattern) {
  put_text(kData, "abc");
  set(kData, kData + 3, 9);
  m.run({0xf3, 0xa4});
  EXPECT_EQ(text(kData, 12), "abcabcabcabc");
  EXPECT_EQ(m.cpu.rip, kPastTwoBytes);
}

TEST_F(StringTest, GoingDownMovesUpward) {
  put_text(kData, "abcdef");
  go_down();
  set(kData + 5, kData + 7, 6);
  m.run({0xf3, 0xa4});
  EXPECT_EQ(text(kData + 2, 6), "abcdef");
  EXPECT_EQ(m[kRdi], kData + 1);
  EXPECT_EQ(m[kRsi], kData - 1);
}

// What the manual's loop does, an element at a time.
std::vector<u8> moved(std::vector<u8> memory, u64 from, u64 to, u64 count, u64 width, bool down) {
  for (; count != 0; count--) {
    u8 element[8];
    std::memcpy(element, &memory[from], width);
    std::memcpy(&memory[to], element, width);
    from += down ? -width : width;
    to += down ? -width : width;
  }
  return memory;
}

TEST_F(StringTest, OverlapAtAnyDistanceIsElementByElement) {
  constexpr u64 kSize = 256, kMiddle = 128, kCount = 12;
  std::vector<u8> pattern(kSize);
  for (u64 i = 0; i < kSize; i++) pattern[i] = static_cast<u8>(i * 7 + 1);
  for (u64 width : {1, 2, 4, 8}) {
    for (u64 distance = 0; distance < 24; distance++) {
      for (bool down : {false, true}) {
        u64 to = kMiddle + distance - 12;
        std::memcpy(reinterpret_cast<void*>(kData), pattern.data(), kSize);
        m.cpu.system_flags = down ? guest::kIF | 2 | guest::kDF : guest::kIF | 2;
        set(kData + kMiddle, kData + to, kCount);
        if (width == 1) m.run({0xf3, 0xa4});
        if (width == 2) m.run({0x66, 0xf3, 0xa5});
        if (width == 4) m.run({0xf3, 0xa5});
        if (width == 8) m.run({0xf3, 0x48, 0xa5});
        std::vector<u8> expected = moved(pattern, kMiddle, to, kCount, width, down);
        ASSERT_EQ(text(kData, kSize), std::string(expected.begin(), expected.end()))
            << width << " bytes, distance " << distance - 12 << (down ? ", down" : "");
      }
    }
  }
}

TEST_F(StringTest, AcrossPagesMovesEverything) {
  for (u64 i = 0; i < oracle::kDataSize; i += 2) m.put(kData + i, static_cast<u16>(i * 7));
  std::string before = text(kData + 9, 8000);
  set(kData + 9, kData + 1, 8000);
  m.run({0xf3, 0xa4});
  EXPECT_EQ(text(kData + 1, 8000), before);
  EXPECT_EQ(m[kRcx], 0u);
}

TEST_F(StringTest, StoresAtAnOddAddressAcrossPages) {
  m[kRax] = 0xffffffff11223344;
  set(0, kData + 1, 2000);
  m.run({0xf3, 0xab});  // rep stosd
  EXPECT_EQ(m[kRdi], kData + 8001);
  for (u64 i : {0, 1023, 1024, 1999}) EXPECT_EQ(m.get<u32>(kData + 1 + 4 * i), 0x11223344u);
  EXPECT_EQ(m.get<u8>(kData), 0);
  EXPECT_EQ(m.get<u8>(kData + 8001), 0);
}

// --- counts
TEST_F(StringTest, CountOfZeroTouchesNothing) {
  m.set_flags(kCF);
  for (u8 opcode : {0xa4, 0xa6, 0xaa, 0xac, 0xae}) {
    for (u8 prefix : {0xf2, 0xf3}) {
      set(8, 8, 0);
      m.run({prefix, opcode});
      EXPECT_EQ(m[kRdi], 8u);
      EXPECT_EQ(m[kRsi], 8u);
      EXPECT_EQ(m.flags(), kCF);
      EXPECT_EQ(m.cpu.rip, kPastTwoBytes);
    }
  }
}

TEST_F(StringTest, RepneBeforeAMoveIsRep) {
  put_text(kData, "abc");
  set(kData, kData + 16, 3);
  m.run({0xf2, 0xa4});
  EXPECT_EQ(text(kData + 16, 3), "abc");
}

TEST_F(StringTest, RepeatedLoadGivesTheLastElement) {
  put_text(kData, "abcd");
  m[kRax] = 0x1100;
  set(kData, 0, 4);
  m.run({0xf3, 0xac});  // rep lodsb
  EXPECT_EQ(m[kRax], 0x1100u + 'd');
  EXPECT_EQ(m[kRsi], kData + 4);
}

TEST_F(StringTest, InterruptLeavesRipAtTheInstruction) {
  m.cpu.interrupt = 1;
  set(0, kData, 100);
  m.step({0xf3, 0xaa});
  EXPECT_EQ(m.cpu.rip, kRip);
  EXPECT_GT(m[kRcx], 0u);
}

// --- address size
TEST_F(StringTest, NarrowAddressesIgnoreAndClearTheUpperHalves) {
  constexpr u64 kUpper = u64{0xdead} << 32;
  put_text(kData, "abc");
  set(kUpper | kData, kUpper | (kData + 8), kUpper | 3);
  m.run({0x67, 0xf3, 0xa4});
  EXPECT_EQ(text(kData + 8, 3), "abc");
  EXPECT_EQ(m[kRsi], kData + 3);
  EXPECT_EQ(m[kRdi], kData + 11);
  EXPECT_EQ(m[kRcx], 0u);
}

TEST_F(StringTest, NarrowAddressesWrap) {
  m.put<u8>(kData, 7);
  go_down();
  set(kData, 0, 2);
  m[kRsi] = u64{1} << 32 | kData;
  m.run({0x67, 0xac});  // lodsb [esi]
  EXPECT_EQ(m[kRax], 7u);
  EXPECT_EQ(m[kRsi], kData - 1);
  m.cpu.system_flags &= ~u64{guest::kDF};
  set(0xffffffff, kData, 1);
  EXPECT_EQ(m.fault({0x67, 0xac}), Vector::kPageFault);
  EXPECT_EQ(m.cpu.fault.address, 0xffffffffu);
}

TEST_F(StringTest, NarrowCountOfZeroIgnoresTheUpperHalf) {
  set(8, 8, u64{5} << 32);
  m.run({0x67, 0xf3, 0xaa});
  EXPECT_EQ(m[kRdi], 8u);
}

// --- comparisons
TEST_F(StringTest, ScanStopsAfterTheMatch) {
  put_text(kData, "hello");
  set(0, kData, ~u64{0});
  m.run({0xf2, 0xae});  // repne scasb
  EXPECT_EQ(~m[kRcx] - 1, 5u);
  EXPECT_TRUE(m.cpu.flags.zf());
}

TEST_F(StringTest, ComparisonStopsAfterTheDifference) {
  put_text(kData, "abcx");
  put_text(kData + 64, "abcy");
  set(kData, kData + 64, 100);
  m.run({0xf3, 0xa6});  // repe cmpsb: [rsi] - [rdi]
  EXPECT_EQ(m[kRcx], 96u);
  EXPECT_EQ(m[kRsi], kData + 4);
  EXPECT_EQ(m.flags() & (kCF | kZF), kCF);
}

TEST_F(StringTest, ComparisonToTheEndLeavesEqual) {
  set(kData, kData + 64, 4);
  m.run({0xf3, 0xa7});  // repe cmpsd
  EXPECT_EQ(m[kRcx], 0u);
  EXPECT_TRUE(m.cpu.flags.zf());
}

TEST_F(StringTest, SegmentOverrideMovesTheSourceOnly) {
  m.cpu.gs_base = kData;
  m.put<u8>(kData + 0x10, 9);
  set(0x10, kData + 0x20, 1);
  m.run({0x65, 0xa4});  // movsb [rdi], gs:[rsi]
  EXPECT_EQ(m.get<u8>(kData + 0x20), 9);
}

}  // namespace
}  // namespace gantry::test
