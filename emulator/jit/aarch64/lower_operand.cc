// Operands: shifts, extensions and products that only their user needs become part of it.
#include <algorithm>
#include <bit>

#include "emulator/base/bits.h"
#include "emulator/jit/aarch64/lowering.h"

namespace gantry::aarch64 {
namespace {

// The number of ones, where these are the low bits and nothing else.
std::optional<unsigned> mask_bits(u64 mask) {
  auto bits = static_cast<unsigned>(std::popcount(mask));
  if (bits == 0 || mask != width_mask(8) >> (64 - bits)) return std::nullopt;
  return bits;
}

bool is_shift(ir::Op op) { return op == ir::Op::kShl || op == ir::Op::kShr || op == ir::Op::kSar; }

Extend extend_of(const ir::Inst& i) {
  bool is_signed = i.op == ir::Op::kSext;
  if (i.width == 1) return is_signed ? kSxtb : kUxtb;
  if (i.width == 2) return is_signed ? kSxth : kUxth;
  return is_signed ? kSxtw : kUxtw;
}

}  // namespace

// How many bytes of the value may be other than zero, as far as that is easy to see.
unsigned Lowering::significant_bytes(Value v) const {
  const Inst& i = inst(v);
  switch (i.op) {
    case Op::kConst:
      return i.imm >> 32 ? 8 : 4;
    case Op::kZext:
    case Op::kLoad:
    case Op::kAdd:
    case Op::kSub:
    case Op::kOr:
    case Op::kXor:
    case Op::kMul:
    case Op::kShl:
      return i.width;
    case Op::kAnd:
      return constant(i.arg[1]).value_or(~u64{0}) >> 32 ? i.width : 4;
    case Op::kShr:
      return std::min<unsigned>(i.width, significant_bytes(i.arg[0]));
    default:
      return 8;
  }
}

std::optional<Lowering::Extension> Lowering::match_extension(Value v, unsigned width) const {
  const Inst& i = inst(v);
  bool extends = (i.op == Op::kZext || i.op == Op::kSext) && i.width < width;
  if (!extends || !is_free_standing(v)) return std::nullopt;
  return Extension{i.arg[0], i.width, extend_of(i)};
}

// A shift by a constant as part of an instruction of `width` bytes, 4 or 8.
std::optional<Lowering::Operand> Lowering::fold_shift(Value v, unsigned width) {
  const Inst& i = inst(v);
  if (!is_shift(i.op) || !is_free_standing(v)) return std::nullopt;
  auto count = constant(i.arg[1]);
  if (!count || *count >= width * 8) return std::nullopt;
  auto amount = static_cast<unsigned>(*count);
  Value from = i.arg[0];
  if (i.op == Op::kShl && i.width >= width) return Operand{use(from, width), kLsl, amount};
  if (i.op == Op::kShr && significant_bytes(from) <= width) {
    return Operand{use(from, width), kLsr, amount};
  }
  bool in_word = i.op == Op::kSar && width == 4 && inst(from).op == Op::kSext;
  bool same = i.op == Op::kSar && i.width == width;
  if (same || in_word) return Operand{use(from, width), kAsr, amount};
  return std::nullopt;
}

// The value as the last operand of an addition of `width` bytes, 4 or 8, when it is more than a
// register there.
std::optional<Lowering::Operand> Lowering::fold_operand(Value v, unsigned width) {
  v = peel(v, width);
  if (auto e = match_extension(v, width)) return Operand{use(e->from, e->width), e->extend, 0};
  const Inst& i = inst(v);
  bool scales = i.op == Op::kShl && i.width >= width && is_free_standing(v);
  u64 scale = scales ? constant(i.arg[1]).value_or(64) : 64;
  if (scale <= 4) {
    if (auto e = match_extension(i.arg[0], width)) {
      return Operand{use(e->from, e->width), e->extend, static_cast<unsigned>(scale)};
    }
  }
  return fold_shift(v, width);
}

// Whether a product is to be part of the addition at hand.
bool Lowering::is_product(Value v, unsigned width) const {
  return inst(v).op == Op::kMul && inst(v).width >= width && is_free_standing(v);
}

// to := left ± a product. False when there is none.
bool Lowering::lower_multiply_add(X to) {
  const Inst& i = inst(at_);
  unsigned w = i.width;
  if (w < 4 || states_[at_].fused != 0) return false;
  Value sum = i.arg[0], product = peel(i.arg[1], w);
  if (i.op == Op::kAdd && !is_product(product, w)) {
    product = peel(i.arg[0], w);
    sum = i.arg[1];
  }
  if (!is_product(product, w) || constant(sum)) return false;
  X x = use(inst(product).arg[0], w), y = use(inst(product).arg[1], w), z = use(sum, w);
  sequence(
      [&](Assembler& a) { i.op == Op::kAdd ? a.madd(w, to, x, y, z) : a.msub(w, to, x, y, z); });
  return true;
}

// to := the low `bits` bits of a shift by a constant. False when the value is no such thing.
bool Lowering::lower_field(X to, Value v, unsigned bits) {
  const Inst& i = inst(v);
  bool right = i.op == Op::kShr;
  if (!is_free_standing(v) || (!right && i.op != Op::kShl)) return false;
  auto count = constant(i.arg[1]);
  if (!right) bits = std::min(bits, i.width * 8u);
  if (!count || *count >= (right ? i.width * 8u : bits)) return false;
  auto shift = static_cast<unsigned>(*count);
  unsigned taken = right ? std::min(bits, 64 - shift) : bits - shift;
  bool in_word = shift + taken <= 32;
  if (right && significant_bytes(i.arg[0]) <= 4 && shift < 32) {
    taken = std::min(taken, 32 - shift);
    in_word = true;
  }
  unsigned w = in_word ? 4 : 8;
  X from = use(i.arg[0], w);
  sequence([&](Assembler& a) {
    right ? a.ubfx(w, to, from, shift, taken) : a.ubfiz(w, to, from, shift, taken);
  });
  return true;
}

// An AND with low ones of a shift.
bool Lowering::lower_masked_field(X to) {
  const Inst& i = inst(at_);
  auto mask = constant(i.arg[1]);
  auto bits = mask ? mask_bits(*mask) : std::nullopt;
  return bits && states_[at_].fused == 0 && lower_field(to, i.arg[0], *bits);
}

// to := a zero-extended value << a constant below 64.
bool Lowering::lower_scaled_field(X to) {
  const Inst& i = inst(at_);
  auto count = constant(i.arg[1]);
  const Inst& from = inst(i.arg[0]);
  if (i.op != Op::kShl || i.width != 8 || !count || !is_free_standing(i.arg[0])) return false;
  auto mask = from.op == Op::kAnd ? constant(from.arg[1]) : std::nullopt;
  auto bits = mask ? mask_bits(*mask) : std::nullopt;
  if (from.op == Op::kZext) bits = from.width * 8u;
  if (!bits || *bits == 64) return false;
  auto shift = static_cast<unsigned>(*count);
  X field = use(from.arg[0], *bits > 32 ? 8 : *bits > 16 ? 4 : *bits > 8 ? 2 : 1);
  sequence([&](Assembler& a) { a.ubfiz(8, to, field, shift, std::min(*bits, 64 - shift)); });
  return true;
}

// The register whose low bits are a variable count of shifts in `width` bytes, which A64 masks.
X Lowering::use_count(Value v, unsigned width) {
  const Inst& i = inst(v);
  bool masked = i.op == Op::kAnd && is_free_standing(v) && constant(i.arg[1]) == width * 8 - 1;
  return masked ? use(i.arg[0], 1) : use(v);
}

// Whether the low `width` bytes of a shift can be computed in 32 bits.
bool Lowering::shifts_in_word(const Inst& i, unsigned width) const {
  auto count = constant(i.arg[1]);
  const Inst& masked = inst(i.arg[1]);
  bool fits = count ? *count < 32 : masked.op == Op::kAnd && constant(masked.arg[1]) == 31;
  if (!fits) return false;
  if (i.op == Op::kShl) return width <= 4;
  if (i.op == Op::kShr) return significant_bytes(i.arg[0]) <= 4;
  return width <= 4 && (i.width == 4 || (i.width == 8 && inst(i.arg[0]).op == Op::kSext));
}

// to := the low `width` bytes of the shift, zero-extended.
void Lowering::lower_shift_to(X to, const Inst& i, unsigned width) {
  unsigned hw = shifts_in_word(i, width) ? 4 : 8;
  auto count = constant(i.arg[1]);
  X from = source(i.arg[0], kScratch0, hw);
  X by = count ? kScratch1 : use_count(i.arg[1], hw);
  bool exact = i.op == Op::kShr && significant_bytes(i.arg[0]) <= width;
  sequence([&](Assembler& a) {
    load_constant(a, 8, kScratch0, i.arg[0]);
    X value = from;
    if (i.op == Op::kSar && i.width < hw) {
      sign_extend(a, kScratch0, from, i.width);
      value = kScratch0;
    }
    if (count) {
      auto n = static_cast<unsigned>(*count);
      if (i.op == Op::kShl) a.lsl(hw, to, value, n);
      if (i.op == Op::kShr) a.lsr(hw, to, value, n);
      if (i.op == Op::kSar) a.asr(hw, to, value, n);
    } else {
      if (i.op == Op::kShl) a.lslv(hw, to, value, by);
      if (i.op == Op::kShr) a.lsrv(hw, to, value, by);
      if (i.op == Op::kSar) a.asrv(hw, to, value, by);
    }
    if (exact) return;
    if (hw == 8 && width == 4) a.mov(4, to, to);
    mask_result(a, to, width);
  });
}

void Lowering::sign_extend(Assembler& a, X to, X from, unsigned width) {
  if (width == 4) return a.sxtw(to, from);
  width == 2 ? a.sxth(8, to, from) : a.sxtb(8, to, from);
}

// A load that only the extension right after it uses, which is all or the beginning of what the
// operation at hand does, becomes one that extends to `to_width` bytes.
bool Lowering::extend_load(Value extension, unsigned to_width) {
  Value load = inst(extension).arg[0];
  const Inst& i = inst(load);
  bool only = i.op == Op::kLoad && i.width == inst(extension).width && is_free_standing(load);
  bool adjacent = load + 1 == extension && (extension == at_ || extension + 1 == at_);
  if (!only || !adjacent || i.width >= to_width || demands_.ordered) return false;
  Place place = states_[at_].place;
  states_[load].place = place;
  states_[at_].place = {};
  bool is_value = place.reg != kNone && place.reg >= 16;
  if (is_value) owner_[place.reg] = load;
  states_[load].fused = static_cast<u8>(to_width);
  return true;
}

}  // namespace gantry::aarch64
