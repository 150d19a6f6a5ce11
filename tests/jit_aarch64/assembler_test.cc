// Labels, patching, the end of the buffer, and operands that are refused. What the instructions
// look like is tested in llvm/.
#include "emulator/jit/aarch64/assembler.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace gantry::aarch64 {
namespace {

constexpr X kX0{0}, kX1{1}, kX2{2};
constexpr V kV0{0}, kV1{1}, kV2{2};

// The word that one call emits.
template <typename Emit>
u32 word_of(Emit emit) {
  u32 word[1] = {};
  Assembler a(word);
  emit(a);
  EXPECT_EQ(a.position(), 1);
  return word[0];
}

// The instructions that take a label, with a label or a distance.
using Reference = std::function<void(Assembler&, Target)>;
const std::vector<Reference>& references() {
  static const std::vector<Reference> list = {
      [](Assembler& a, Target t) { a.b(t); },
      [](Assembler& a, Target t) { a.bl(t); },
      [](Assembler& a, Target t) { a.b(kLe, t); },
      [](Assembler& a, Target t) { a.cbz(8, X{30}, t); },
      [](Assembler& a, Target t) { a.cbnz(4, X{1}, t); },
      [](Assembler& a, Target t) { a.tbz(X{2}, 63, t); },
      [](Assembler& a, Target t) { a.tbnz(X{30}, 31, t); },
      [](Assembler& a, Target t) { a.adr(X{4}, t); },
      [](Assembler& a, Target t) { a.ldr_literal(8, X{5}, t); },
      [](Assembler& a, Target t) { a.ldr_literal(16, V{31}, t); },
      [](Assembler& a, Target t) { a.ldrsw_literal(X{6}, t); },
  };
  return list;
}

u32 word_with_distance(const Reference& reference, s64 distance) {
  return word_of([&](Assembler& a) { reference(a, distance); });
}

TEST(Labels, ForwardAndBackward) {
  std::vector<u32> code(1000);
  Assembler a(code);
  Label label;
  std::vector<s32> at;
  auto refer_to_label = [&] {
    for (const Reference& reference : references()) {
      at.push_back(a.position());
      reference(a, label);
      for (unsigned i = 0; i < at.size() % 3; ++i) a.nop();
    }
  };
  refer_to_label();
  refer_to_label();
  EXPECT_FALSE(label.is_bound());
  a.bind(label);
  EXPECT_TRUE(label.is_bound());
  refer_to_label();
  ASSERT_EQ(a.finish().size(), static_cast<size_t>(a.position()));
  for (size_t i = 0; i < at.size(); ++i) {
    s64 distance = s64{4} * (label.position() - at[i]);
    EXPECT_EQ(code[at[i]], word_with_distance(references()[i % references().size()], distance))
        << i;
  }
}

TEST(Labels, ReferenceToItself) {
  Label label;
  u32 code[1];
  Assembler a(code);
  a.bind(label);
  a.b(label);
  EXPECT_EQ(code[0], 0x14000000u);
}

TEST(Labels, SeveralAtOnce) {
  u32 code[6];
  Assembler a(code);
  Label first, second;
  a.b(first);
  a.b(second);
  a.cbz(8, kX0, first);
  a.bind(second);
  a.b(first);
  a.bind(first);
  a.b(second);
  EXPECT_EQ(code[0], encode_branch(16));
  EXPECT_EQ(code[1], encode_branch(8));
  EXPECT_EQ(code[2], word_of([](Assembler& a) { a.cbz(8, kX0, 8); }));
  EXPECT_EQ(code[3], encode_branch(4));
  EXPECT_EQ(code[4], encode_branch(-4));
}

// A test-and-branch, far away from a branch to the same label, is not linked to it.
TEST(Labels, ReachesHaveListsOfTheirOwn) {
  std::vector<u32> code(40000);
  Assembler a(code);
  Label label;
  a.b(label);
  while (a.position() < 30000) a.nop();
  a.tbz(kX0, 0, label);
  a.nop();
  a.bind(label);
  EXPECT_EQ(code[0], encode_branch(4 * 30002));
  EXPECT_EQ(code[30000], word_of([](Assembler& a) { a.tbz(kX0, 0, 8); }));
}

TEST(Labels, FurthestForward) {
  std::vector<u32> code(1 << 14);
  Assembler a(code);
  Label label;
  a.tbz(kX0, 0, label);
  while (a.position() < (1 << 13) - 1) a.nop();
  a.bind(label);
  EXPECT_EQ(code[0], word_of([](Assembler& a) { a.tbz(kX0, 0, (1 << 15) - 4); }));
}

TEST(LabelsDeathTest, TooFar) {
  std::vector<u32> code(1 << 14);
  Assembler a(code);
  Label label, other;
  a.tbz(kX0, 0, label);
  a.bind(other);
  while (a.position() < 1 << 13) a.nop();
  EXPECT_DEATH(a.bind(label), "can be encoded");
  EXPECT_DEATH(a.tbz(kX0, 0, label), "CHECK failed");
  a.nop();
  a.tbz(kX0, 0, other);
  EXPECT_EQ(code[(1 << 13) + 1], word_of([](Assembler& a) { a.tbz(kX0, 0, -(1 << 15)); }));
  EXPECT_DEATH(a.tbz(kX0, 0, other), "can be encoded");
}

TEST(LabelsDeathTest, Misuse) {
  u32 code[2];
  Assembler a(code);
  Label label;
  a.b(label);
  EXPECT_DEATH(a.finish(), "unbound");
  a.bind(label);
  EXPECT_DEATH(a.bind(label), "is_bound");
  EXPECT_EQ(a.finish().size(), 1u);
}

TEST(Patching, RetargetKeepsTheRest) {
  for (const Reference& reference : references()) {
    u32 word = word_with_distance(reference, 32);
    for (s64 distance : {s64{0}, s64{4}, s64{-4}, s64{0x7ffc}, s64{-0x8000}}) {
      EXPECT_EQ(retarget(word, distance), word_with_distance(reference, distance));
      EXPECT_EQ(retarget(retarget(word, distance), 32), word);
    }
  }
  u32 adr = word_of([](Assembler& a) { a.adr(kX1, 3); });
  EXPECT_EQ(retarget(adr, -2), word_of([](Assembler& a) { a.adr(kX1, -2); }));
}

TEST(Patching, Ranges) {
  EXPECT_TRUE(is_branch_in_range((1 << 27) - 4));
  EXPECT_FALSE(is_branch_in_range(1 << 27));
  EXPECT_TRUE(is_branch_in_range(-(1 << 27)));
  EXPECT_FALSE(is_branch_in_range(-(1 << 27) - 4));
  EXPECT_FALSE(is_branch_in_range(2));
  u32 cbz = word_of([](Assembler& a) { a.cbz(8, kX0, 0); });
  EXPECT_TRUE(is_in_reach(cbz, (1 << 20) - 4));
  EXPECT_FALSE(is_in_reach(cbz, 1 << 20));
  u32 tbz = word_of([](Assembler& a) { a.tbz(kX0, 1, 0); });
  EXPECT_TRUE(is_in_reach(tbz, -(1 << 15)));
  EXPECT_FALSE(is_in_reach(tbz, 1 << 15));
  u32 adr = word_of([](Assembler& a) { a.adr(kX0, 0); });
  EXPECT_TRUE(is_in_reach(adr, (1 << 20) - 1));
}

TEST(Buffer, CountsWhatHasNoRoom) {
  u32 code[4] = {1, 1, 1, 1};
  Assembler a(std::span<u32>(code, 2));
  Label label, unused;
  a.b(label);
  a.nop();
  EXPECT_FALSE(a.overflowed());
  a.cbz(8, kX0, label);
  a.b(label);
  a.bind(label);
  a.b(label);
  a.b(unused);
  EXPECT_TRUE(a.overflowed());
  EXPECT_EQ(a.position(), 6);
  EXPECT_TRUE(a.finish().empty());
  EXPECT_EQ(code[2], 1u);
  EXPECT_EQ(code[3], 1u);
}

TEST(Buffer, Literals) {
  u32 code[4];
  Assembler a(code);
  Label literal;
  a.ldr_literal(8, kX0, literal);
  a.ret();
  a.bind(literal);
  a.emit64(0x0123456789abcdef);
  EXPECT_EQ(a.finish().size(), 4u);
  EXPECT_EQ(code[0], 0x58000040u);
  EXPECT_EQ(code[2], 0x89abcdefu);
  EXPECT_EQ(code[3], 0x01234567u);
}

TEST(Constants, AreRegistersOfTheirWidth) {
  u32 code[8];
  Assembler a(code);
  a.mov(8, kX1, 0x1234'5678'9abc'def0);
  EXPECT_EQ(a.position(), 4);
  for (u32 word : a.finish()) EXPECT_EQ(word & 0x8000001f, 0x80000001);
  a.mov(4, kX2, 0xffff'ffff'0001'0002);
  EXPECT_EQ(a.position(), 6);
  EXPECT_EQ(code[5] & 0x8000001f, 2u);
}

TEST(Offsets, WhatIsEncodable) {
  for (unsigned bytes : {1, 2, 4, 8, 16}) {
    s64 last = s64{4095} * bytes;
    for (s64 offset : {s64{-256}, s64{-1}, s64{0}, s64{255}, last}) {
      EXPECT_TRUE(Assembler::is_offset_encodable(bytes, offset)) << bytes << ' ' << offset;
    }
    for (s64 offset : {s64{-257}, last + 1, last + bytes, s64{1} << 40}) {
      EXPECT_FALSE(Assembler::is_offset_encodable(bytes, offset)) << bytes << ' ' << offset;
    }
    EXPECT_EQ(Assembler::is_offset_encodable(bytes, 257), bytes == 1);
    EXPECT_TRUE(Assembler::is_pair_offset_encodable(bytes, s64{-64} * bytes));
    EXPECT_TRUE(Assembler::is_pair_offset_encodable(bytes, s64{63} * bytes));
    EXPECT_FALSE(Assembler::is_pair_offset_encodable(bytes, s64{-65} * bytes));
    EXPECT_FALSE(Assembler::is_pair_offset_encodable(bytes, s64{64} * bytes));
    EXPECT_EQ(Assembler::is_pair_offset_encodable(bytes, 1), bytes == 1);
  }
}

using Call = void (*)(Assembler&);

TEST(RefusedDeathTest, Operands) {
  const Call calls[] = {
      [](Assembler& a) { a.add(2, kX0, kX1, kX2); },
      [](Assembler& a) { a.add(8, kX0, kX1, kSp); },
      [](Assembler& a) { a.add(8, kZr, kX1, 1); },
      [](Assembler& a) { a.add(8, kX0, kX1, 4097); },
      [](Assembler& a) { a.add(8, kX0, kX1, {kX2, kRor, 1}); },
      [](Assembler& a) { a.add(4, kX0, kX1, {kX2, kLsl, 32}); },
      [](Assembler& a) { a.add(8, kX0, kX1, {kX2, kUxtw, 5}); },
      [](Assembler& a) { a.and_(8, kX0, kX1, 5); },
      [](Assembler& a) { a.lsl(4, kX0, kX1, 32); },
      [](Assembler& a) { a.ubfx(8, kX0, kX1, 60, 5); },
      [](Assembler& a) { a.ubfx(8, kX0, kX1, 4, 0); },
      [](Assembler& a) { a.movk(8, kX0, 0x10000); },
      [](Assembler& a) { a.movz(4, kX0, 1, 32); },
      [](Assembler& a) { a.orr(k8H, kV0, 1, 16); },
      [](Assembler& a) { a.bfi(8, kX0, kX1, 60, 5); },
      [](Assembler& a) { a.bfi(8, kX0, kX1, 4, 0); },
      [](Assembler& a) { a.cset(8, kX0, kAl); },
      [](Assembler& a) { a.ldr(8, kX0, {kX1, 32768}); },
      [](Assembler& a) { a.ldr(8, kX0, {kX1, -257}); },
      [](Assembler& a) { a.ldr(8, kX0, {kX1, 257}); },
      [](Assembler& a) { a.ldr(8, kX0, {kX1, kX2, kUxtx, 2}); },
      [](Assembler& a) { a.ldr(8, kX0, {kX1, kX2, kUxtb}); },
      [](Assembler& a) { a.ldr(8, kX0, {kZr}); },
      [](Assembler& a) { a.ldr(16, kX0, {kX1}); },
      [](Assembler& a) { a.str(8, kX0, Mem::pre(kX0, -8)); },
      [](Assembler& a) { a.ldp(8, kX0, kX0, {kX1}); },
      [](Assembler& a) { a.ldp(8, kX0, kX1, {kX2, 4}); },
      [](Assembler& a) { a.ldp(8, kX0, kX1, {kX2, 512}); },
      [](Assembler& a) { a.ldadd(16, kRelaxed, kX0, kX1, kX2); },
      [](Assembler& a) { a.casp(8, kRelaxed, kX1, kX0, kX2); },
      [](Assembler& a) { a.fadd(16, kV0, kV1, kV2); },
      [](Assembler& a) { a.fmov(8, kV0, 0.0); },
      [](Assembler& a) { a.mul(k2D, kV0, kV1, kV2); },
      [](Assembler& a) { a.fadd(k8H, kV0, kV1, kV2); },
      [](Assembler& a) { a.shl(k8H, kV0, kV1, 16); },
      [](Assembler& a) { a.sshr(k8H, kV0, kV1, 0); },
      [](Assembler& a) { a.mul(k8H, kV0, kV1, V{16}, 0); },
      [](Assembler& a) { a.mul(k8H, kV0, kV1, kV2, 8); },
      [](Assembler& a) { a.umov(4, kX0, kV0, 4); },
      [](Assembler& a) { a.tbl(k16B, kV0, kV1, 5, kV2); },
      [](Assembler& a) { a.movi(kV0, 0x123456789); },
      [](Assembler& a) { a.b(2); },
      [](Assembler& a) { a.b(1 << 27); },
      [](Assembler& a) { a.adrp(kX0, 4); },
      [](Assembler& a) { a.tbz(kX0, 64, 0); },
  };
  for (const Call& call : calls) {
    EXPECT_DEATH(
        {
          u32 code[4];
          Assembler a(code);
          call(a);
        },
        "can be encoded")
        << &call - calls;
  }
}

}  // namespace
}  // namespace gantry::aarch64
