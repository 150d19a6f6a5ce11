// The instructions that are not rows of instructions.def.
#include <gtest/gtest.h>

#include <array>

#include "tests/jit_aarch64/llvm/samples.h"

namespace gantry::aarch64 {
namespace {

class Irregular : public testing::Test {
 protected:
  void TearDown() override { listing.compare_with_llvm(); }

  u8 code() { return boundary_below(32); }
  unsigned below(unsigned limit) { return random() % limit; }
  unsigned boundary_below(unsigned limit) {
    unsigned kind = below(6);
    return kind == 0 ? 0 : kind == 1 ? limit - 1 : below(limit);
  }
  // From `low` to `high`, both included, in steps; often an end.
  s64 between(s64 low, s64 high, s64 step = 1) {
    unsigned kind = below(6);
    s64 steps = (high - low) / step;
    return kind == 0   ? low
           : kind == 1 ? low + steps * step
                       : low + s64(random() % (steps + 1)) * step;
  }
  // Registers that differ from each other; number 31 is left out.
  std::array<X, 4> distinct() {
    u8 first = below(31), step = 1 + below(7);
    std::array<X, 4> registers;
    for (u8 i = 0; i < 4; ++i) registers[i] = X{static_cast<u8>((first + i * step) % 31)};
    return registers;
  }
  void expect(const std::string& text) { listing.expect(text); }

  Listing listing;
  Assembler& a = listing.a;
  std::mt19937 random{7};
};

std::string address_text(const Mem& mem) {
  std::string base = "[" + text_of(8, mem.base);
  std::string offset = format("#%d", static_cast<int>(mem.offset));
  switch (mem.mode) {
    case Mem::Mode::kOffset:
      return base + ", " + offset + "]";
    case Mem::Mode::kPre:
      return base + ", " + offset + "]!";
    case Mem::Mode::kPost:
      return base + "], " + offset;
    case Mem::Mode::kIndex:
      break;
  }
  bool whole = mem.extend == kUxtx || mem.extend == kSxtx;
  std::string text = base + ", " + text_of(whole ? 8 : 4, mem.index);
  if (mem.extend == kUxtx && mem.shift == 0) return text + "]";
  text += std::string(", ") + (mem.extend == kUxtx ? "lsl" : text_of(mem.extend));
  return text + (mem.shift ? format(" #%u]", mem.shift) : "]");
}

TEST_F(Irregular, WideMoves) {
  for (unsigned width : {4, 8}) {
    for (unsigned shift = 0; shift < width * 8; shift += 16) {
      for (u16 value : {0, 1, 0x8000, 0xffff, 0x1234}) {
        X rd{code()};
        std::string operands = " " + text_of(width, rd) + format(", #%u, lsl #%u", value, shift);
        a.movz(width, rd, value, shift);
        expect("movz" + operands);
        a.movn(width, rd, value, shift);
        expect("movn" + operands);
        a.movk(width, rd, value, shift);
        expect("movk" + operands);
      }
    }
  }
}

TEST_F(Irregular, Moves) {
  for (unsigned width : {4, 8}) {
    for (X rd : {X{0}, X{17}, X{30}, kSp, kZr}) {
      for (X rn : {X{0}, X{17}, X{30}, kSp, kZr}) {
        // No instruction reads one and writes the other.
        if ((rd == kSp && rn == kZr) || (rd == kZr && rn == kSp)) continue;
        a.mov(width, rd, rn);
        expect("mov " + text_of(width, rd) + ", " + text_of(width, rn));
      }
    }
    a.tst(width, X{3}, 0xff00);
    expect("tst " + text_of(width, X{3}) + ", #0xff00");
  }
  // Constants of one instruction, as LLVM chooses it for them.
  for (u64 value :
       {u64{0}, u64{1}, u64{0xffff}, u64{0x10000}, ~u64{0}, ~u64{1}, u64{0xff00ff00ff00ff00},
        u64{0x7fffffff}, u64{0xffff'ffff'0000'ffff}, u64{0xaaaaaaaaaaaaaaaa}}) {
    a.mov(8, X{5}, value);
    expect(format("mov x5, #0x%llx", static_cast<unsigned long long>(value)));
  }
  for (u32 value :
       {0u, 0xffffu, 0xffffffffu, 0xffff0000u, 0x7fffffffu, 0x55555555u, 0xfffe1234u ^ 0x10000u}) {
    a.mov(4, X{5}, value);
    expect(format("mov w5, #0x%x", value));
  }
}

TEST_F(Irregular, ShiftsAndBitFields) {
  for (unsigned width : {4, 8}) {
    for (unsigned i = 0; i < 24; ++i) {
      X rd{code()}, rn{code()}, rm{code()};
      unsigned bits = width * 8, lsb = boundary_below(bits), count = 1 + boundary_below(bits - lsb);
      std::string two = " " + text_of(width, rd) + ", " + text_of(width, rn);
      std::string amount = two + format(", #%u", lsb), field = amount + format(", #%u", count);
      a.lsl(width, rd, rn, lsb);
      expect("lsl" + amount);
      a.lsr(width, rd, rn, lsb);
      expect("lsr" + amount);
      a.asr(width, rd, rn, lsb);
      expect("asr" + amount);
      a.ror(width, rd, rn, lsb);
      expect("ror" + amount);
      a.extr(width, rd, rn, rm, lsb);
      expect("extr" + two + ", " + text_of(width, rm) + format(", #%u", lsb));
      a.sbfx(width, rd, rn, lsb, count);
      expect("sbfx" + field);
      a.ubfx(width, rd, rn, lsb, count);
      expect("ubfx" + field);
      a.bfxil(width, rd, rn, lsb, count);
      expect("bfxil" + field);
      a.sbfiz(width, rd, rn, lsb, count);
      expect("sbfiz" + field);
      a.ubfiz(width, rd, rn, lsb, count);
      expect("ubfiz" + field);
      a.bfi(width, rd, rn, lsb, count);
      expect("bfi" + field);
      a.rev(width, rd, rn);
      expect("rev" + two);
    }
  }
}

TEST_F(Irregular, Branches) {
  for (unsigned i = 0; i < 40; ++i) {
    X rt{code()};
    unsigned width = i & 1 ? 8 : 4, bit = boundary_below(64);
    auto condition = static_cast<Condition>(i % 15);
    s64 far = between(-(1 << 27), (1 << 27) - 4, 4), middle = between(-(1 << 20), (1 << 20) - 4, 4);
    s64 near = between(-(1 << 15), (1 << 15) - 4, 4), bytes = between(-(1 << 20), (1 << 20) - 1);
    s64 pages = between(-(s64{1} << 32), (s64{1} << 32) - 4096, 4096);
    auto at = [](s64 distance) { return "#" + std::to_string(distance); };
    a.b(far);
    expect("b " + at(far));
    EXPECT_EQ(encode_branch(far), listing.last_word());
    a.bl(far);
    expect("bl " + at(far));
    a.b(condition, middle);
    expect(std::string("b.") + text_of(condition) + " " + at(middle));
    a.cbz(width, rt, middle);
    expect("cbz " + text_of(width, rt) + ", " + at(middle));
    a.cbnz(width, rt, middle);
    expect("cbnz " + text_of(width, rt) + ", " + at(middle));
    a.tbz(rt, bit, near);
    expect("tbz " + text_of(bit < 32 ? 4 : 8, rt) + format(", #%u, ", bit) + at(near));
    a.tbnz(rt, bit, near);
    expect("tbnz " + text_of(bit < 32 ? 4 : 8, rt) + format(", #%u, ", bit) + at(near));
    a.adr(rt, bytes);
    expect("adr " + text_of(8, rt) + ", " + at(bytes));
    a.adrp(rt, pages);
    expect("adrp " + text_of(8, rt) + ", " + at(pages));
    a.ldr_literal(width, rt, middle);
    expect("ldr " + text_of(width, rt) + ", " + at(middle));
    a.ldrsw_literal(rt, middle);
    expect("ldrsw " + text_of(8, rt) + ", " + at(middle));
    unsigned vector_width = 4 << i % 3;
    a.ldr_literal(vector_width, V{rt.code}, middle);
    expect("ldr " + text_of(vector_width, V{rt.code}) + ", " + at(middle));
  }
  a.ret();
  expect("ret");
}

class Memory : public Irregular {
 protected:
  // Every address mode for an access of `bytes`. A register of the first two may be the base.
  std::vector<Mem> modes(unsigned bytes) {
    auto [x, base, index, other] = distinct();
    if (below(4) == 0) base = kSp;
    if (below(4) == 0) index = kZr;
    std::vector<Mem> list = {
        base,
        {base, between(0, s64{4095} * bytes, bytes)},
        {base, between(-256, -1)},
        Mem::pre(base, between(-256, 255)),
        Mem::post(base, between(-256, 255)),
        {base, index},
    };
    if (bytes > 1) list.push_back({base, between(0, 127) * 2 + 1});
    unsigned scale = std::countr_zero(bytes);
    for (Extend extend : {kUxtw, kUxtx, kSxtw, kSxtx}) {
      list.push_back({base, index, extend});
      list.push_back({base, index, extend, scale});
    }
    return list;
  }
  // LDUR where the scaled form has no room for the offset.
  static std::string name(const char* stem, const char* size, unsigned bytes, const Mem& mem) {
    bool scaled = mem.offset >= 0 && mem.offset % bytes == 0;
    bool unscaled = mem.mode == Mem::Mode::kOffset && !scaled;
    return std::string(stem) + (unscaled ? "ur" : "r") + size + " ";
  }
  // Not the base.
  static u8 data_register(const Mem& mem, u8 wanted) {
    return wanted == (mem.base.code & 31) ? wanted ^ 1 : wanted;
  }
};

TEST_F(Memory, GeneralRegisters) {
  static constexpr const char* kSizes[] = {"b", "h", "", ""};
  for (unsigned i = 0; i < 32; ++i) {
    unsigned bytes = 1 << i % 4, width = bytes == 8 ? 8 : 4;
    for (const Mem& mem : modes(bytes)) {
      X rt{data_register(mem, code())};
      std::string operands = text_of(width, rt) + ", " + address_text(mem);
      a.ldr(bytes, rt, mem);
      expect(name("ld", kSizes[i % 4], bytes, mem) + operands);
      a.str(bytes, rt, mem);
      expect(name("st", kSizes[i % 4], bytes, mem) + operands);
    }
  }
}

TEST_F(Memory, SignExtended) {
  static constexpr const char* kSizes[] = {"sb", "sh", "sw"};
  for (unsigned i = 0; i < 30; ++i) {
    unsigned bytes = 1 << i % 3, width = bytes == 4 || i & 1 ? 8 : 4;
    for (const Mem& mem : modes(bytes)) {
      X rt{data_register(mem, code())};
      a.ldrs(width, bytes, rt, mem);
      expect(name("ld", kSizes[i % 3], bytes, mem) + text_of(width, rt) + ", " + address_text(mem));
    }
  }
}

TEST_F(Memory, VectorRegisters) {
  for (unsigned i = 0; i < 30; ++i) {
    unsigned bytes = 1 << i % 5;
    for (const Mem& mem : modes(bytes)) {
      V vt{code()};
      std::string operands = text_of(bytes, vt) + ", " + address_text(mem);
      a.ldr(bytes, vt, mem);
      expect(name("ld", "", bytes, mem) + operands);
      a.str(bytes, vt, mem);
      expect(name("st", "", bytes, mem) + operands);
    }
  }
}

TEST_F(Memory, Pairs) {
  for (unsigned i = 0; i < 40; ++i) {
    auto [rt, rt2, base, unused] = distinct();
    if (i % 4 == 0) base = kSp;
    if (i % 5 == 0) rt2 = kZr;
    auto mem = [&](unsigned bytes) -> Mem {
      s64 offset = between(-64 * s64{bytes}, 63 * s64{bytes}, bytes);
      unsigned mode = below(3);
      if (mode == 0) return {base, offset};
      return mode == 1 ? Mem::pre(base, offset) : Mem::post(base, offset);
    };
    for (unsigned bytes : {4, 8}) {
      Mem at = mem(bytes);
      std::string operands =
          text_of(bytes, rt) + ", " + text_of(bytes, rt2) + ", " + address_text(at);
      a.ldp(bytes, rt, rt2, at);
      expect("ldp " + operands);
      a.stp(bytes, rt, rt2, at);
      expect("stp " + operands);
    }
    Mem words = mem(4);
    a.ldpsw(rt, rt2, words);
    expect("ldpsw " + text_of(8, rt) + ", " + text_of(8, rt2) + ", " + address_text(words));
    for (unsigned bytes : {4, 8, 16}) {
      Mem at = mem(bytes);
      V vt{rt.code}, vt2{rt2.code};
      std::string operands =
          text_of(bytes, vt) + ", " + text_of(bytes, vt2) + ", " + address_text(at);
      a.ldp(bytes, vt, vt2, at);
      expect("ldp " + operands);
      a.stp(bytes, vt, vt2, at);
      expect("stp " + operands);
    }
  }
}

TEST_F(Memory, OrderedWithOffset) {
  static constexpr const char* kSizes[] = {"b", "h", "", ""};
  for (unsigned i = 0; i < 32; ++i) {
    unsigned bytes = 1 << i % 4, width = bytes == 8 ? 8 : 4;
    X rt{code()};
    Mem mem(i % 5 ? X{static_cast<u8>(below(31))} : kSp, between(-256, 255));
    std::string address = ", " + address_text(mem);
    a.ldapur(bytes, rt, mem.base, mem.offset);
    expect(std::string("ldapur") + kSizes[i % 4] + " " + text_of(width, rt) + address);
    a.stlur(bytes, rt, mem.base, mem.offset);
    expect(std::string("stlur") + kSizes[i % 4] + " " + text_of(width, rt) + address);
    if (bytes == 8) continue;
    for (unsigned to : {4, 8}) {
      if (to <= bytes) continue;
      a.ldapurs(to, bytes, rt, mem.base, mem.offset);
      expect(format("ldapurs%c ", "bhw"[i % 4]) + text_of(to, rt) + address);
    }
  }
}

TEST_F(Memory, LanesAndZeros) {
  for (unsigned bytes : {1, 2, 4, 8}) {
    for (unsigned index = 0; index < 16 / bytes; ++index) {
      V vt{code()};
      X base = index % 3 ? X{static_cast<u8>(below(31))} : kSp;
      std::string operands =
          format(" {v%u.%c}[%u], [", vt.code, "bhsd"[std::countr_zero(bytes)], index) +
          text_of(8, base) + "]";
      a.ld1(bytes, vt, index, base);
      expect("ld1" + operands);
      a.st1(bytes, vt, index, base);
      expect("st1" + operands);
    }
  }
  for (u8 i = 0; i < 8; ++i) {
    auto lanes = static_cast<Arrangement>(i);
    V vt{code()};
    a.ld1r(lanes, vt, X{i});
    expect("ld1r {" + text_of(lanes, vt) + format("}, [x%u]", i));
    a.dc_zva(X{i});
    expect(format("dc zva, x%u", i));
  }
}

TEST_F(Irregular, Lanes) {
  for (unsigned bytes : {1, 2, 4, 8}) {
    char letter = "bhsd"[std::countr_zero(bytes)];
    for (unsigned index = 0; index < 16 / bytes; ++index) {
      V vd{code()}, vn{code()};
      X r{code()};
      unsigned from = boundary_below(16 / bytes);
      std::string to_lane = format("v%u.%c[%u]", vd.code, letter, index);
      std::string from_lane = format("v%u.%c[%u]", vn.code, letter, from);
      std::string general = text_of(bytes == 8 ? 8 : 4, r);
      a.ins(bytes, vd, index, vn, from);
      expect("ins " + to_lane + ", " + from_lane);
      a.ins(bytes, vd, index, r);
      expect("ins " + to_lane + ", " + general);
      a.umov(bytes, r, vn, from);
      expect("umov " + general + ", " + from_lane);
      a.dup(bytes, vd, vn, from);
      expect("dup " + text_of(bytes, vd) + ", " + from_lane);
      for (unsigned width : {4, 8}) {
        if (bytes >= width) continue;
        a.smov(width, bytes, r, vn, from);
        expect("smov " + text_of(width, r) + ", " + from_lane);
      }
    }
  }
  for (Arrangement lanes : {k8B, k16B, k4H, k8H, k2S, k4S, k2D}) {
    V vd{code()}, vn{code()};
    X rn{code()};
    unsigned bytes = lane_bytes(lanes), index = 16 / bytes - 1;
    a.dup(lanes, vd, vn, index);
    expect("dup " + text_of(lanes, vd) +
           format(", v%u.%c[%u]", vn.code, "bhsd"[std::countr_zero(bytes)], index));
    a.dup(lanes, vd, rn);
    expect("dup " + text_of(lanes, vd) + ", " + text_of(bytes == 8 ? 8 : 4, rn));
  }
}

TEST_F(Irregular, BetweenRegisterFiles) {
  for (unsigned width : {2, 4, 8}) {
    V v{code()};
    X r{code()};
    std::string scalar = text_of(width, v), general = text_of(width == 8 ? 8 : 4, r);
    a.fmov(width, r, v);
    expect("fmov " + general + ", " + scalar);
    a.fmov(width, v, r);
    expect("fmov " + scalar + ", " + general);
    for (unsigned from : {2, 4, 8}) {
      if (from == width) continue;
      V vn{code()};
      a.fcvt(width, v, from, vn);
      expect("fcvt " + scalar + ", " + text_of(from, vn));
    }
  }
  a.fmov_high(X{3}, V{4});
  expect("fmov x3, v4.d[1]");
  a.fmov_high(V{4}, X{3});
  expect("fmov v4.d[1], x3");
}

TEST_F(Irregular, VectorConstants) {
  auto llu = [](u64 value) { return static_cast<unsigned long long>(value); };
  for (unsigned i = 0; i < 24; ++i) {
    V vd{code()};
    u64 byte = 1 + boundary_below(254);
    a.movi(vd, byte * 0x0101010101010101);
    expect(format("movi v%u.16b, #%llu", vd.code, llu(byte)));
    for (unsigned shift = 0; shift < 32; shift += 8) {
      u64 lanes = (byte << shift) * 0x1'0000'0001;
      a.movi(vd, lanes);
      expect(format("movi v%u.4s, #%llu, lsl #%u", vd.code, llu(byte), shift));
      a.movi(vd, ~lanes);
      expect(format("mvni v%u.4s, #%llu, lsl #%u", vd.code, llu(byte), shift));
      for (bool full : {false, true}) {
        Arrangement words = full ? k4S : k2S, halves = full ? k8H : k4H;
        std::string constant = format(", #%llu, lsl #%u", llu(byte), shift);
        a.orr(words, vd, byte, shift);
        expect("orr " + text_of(words, vd) + constant);
        a.bic(words, vd, byte, shift);
        expect("bic " + text_of(words, vd) + constant);
        if (shift > 8) continue;
        a.orr(halves, vd, byte, shift);
        expect("orr " + text_of(halves, vd) + constant);
        a.bic(halves, vd, byte, shift);
        expect("bic " + text_of(halves, vd) + constant);
      }
    }
    for (unsigned shift = 0; shift < 16; shift += 8) {
      u64 lanes = (byte << shift) * 0x0001'0001'0001'0001;
      a.movi(vd, lanes);
      expect(format("movi v%u.8h, #%llu, lsl #%u", vd.code, llu(byte), shift));
      a.movi(vd, ~lanes);
      expect(format("mvni v%u.8h, #%llu, lsl #%u", vd.code, llu(byte), shift));
    }
    for (unsigned ones : {8, 16}) {
      u64 lanes = (byte << ones | ((1u << ones) - 1)) * 0x1'0000'0001;
      a.movi(vd, lanes);
      expect(format("movi v%u.4s, #%llu, msl #%u", vd.code, llu(byte), ones));
      a.movi(vd, ~lanes);
      expect(format("mvni v%u.4s, #%llu, msl #%u", vd.code, llu(byte), ones));
    }
  }
  for (u64 pattern : {u64{0xff00ff00ff00ff00} ^ 0xff, u64{0xffffffff}, u64{0xff00000000000000}}) {
    a.movi(V{9}, pattern);
    expect(format("movi v9.2d, #0x%llx", llu(pattern)));
  }
  for (double value : {1.0, -2.5, 0.1875, 31.0, -0.1328125}) {
    a.movi(V{9}, std::bit_cast<u64>(value));
    expect(format("fmov v9.2d, #%.12f", value));
    a.movi(V{9}, std::bit_cast<u32>(static_cast<float>(value)) * u64{0x1'0000'0001});
    expect(format("fmov v9.4s, #%.12f", value));
  }
}

TEST_F(Irregular, TablesAndMoves) {
  for (Arrangement lanes : {k8B, k16B}) {
    for (unsigned i = 0; i < 20; ++i) {
      V vd{code()}, vn{code()}, vm{code()};
      unsigned count = 1 + i % 4, index = boundary_below(is_full(lanes) ? 16 : 8);
      std::string table;
      for (unsigned j = 0; j < count; ++j) {
        table += (j ? ", " : "{") + text_of(k16B, V{static_cast<u8>((vn.code + j) % 32)});
      }
      std::string operands = " " + text_of(lanes, vd) + ", " + table + "}, " + text_of(lanes, vm);
      a.tbl(lanes, vd, vn, count, vm);
      expect("tbl" + operands);
      a.tbx(lanes, vd, vn, count, vm);
      expect("tbx" + operands);
      a.ext(lanes, vd, vn, vm, index);
      expect("ext " + text_of(lanes, vd) + ", " + text_of(lanes, vn) + ", " + text_of(lanes, vm) +
             format(", #%u", index));
      a.mov(lanes, vd, vn);
      expect("mov " + text_of(lanes, vd) + ", " + text_of(lanes, vn));
    }
  }
}

}  // namespace
}  // namespace gantry::aarch64
