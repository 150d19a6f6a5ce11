// Addresses: as much of the arithmetic as an access has room for becomes part of it.
#include "emulator/jit/aarch64/lowering.h"

namespace gantry::aarch64 {

// The value as an index: shifted and extended as it is.
void Lowering::match_index(Value v, Address& address) {
  constexpr u64 kTooFar = 4;
  u64 scale = inst(v).op == Op::kShl ? constant(inst(v).arg[1]).value_or(kTooFar) : kTooFar;
  if (is_free_standing(v) && inst(v).width == 8 && scale < kTooFar) {
    address.shift = static_cast<unsigned>(scale);
    v = inst(v).arg[0];
  }
  const Inst& i = inst(v);
  bool extends = (i.op == Op::kZext || i.op == Op::kSext) && i.width == 4;
  if (is_free_standing(v) && extends) {
    address.extend = i.op == Op::kZext ? kUxtw : kSxtw;
    v = i.arg[0];
  }
  address.index = extends ? use(v, 4) : use(v);
  address.has_index = true;
}

// The parts of an address. A constant one has no base.
Lowering::Address Lowering::match_address(Value v) {
  Address address;
  auto is_sum = [&](Value part) {
    return inst(part).op == Op::kAdd && inst(part).width == 8 && is_free_standing(part);
  };
  auto take_constant = [&](Value part) {
    bool difference = inst(part).op == Op::kSub && inst(part).width == 8 && is_free_standing(part);
    if (!is_sum(part) && !difference) return part;
    auto c = constant(inst(part).arg[1]);
    if (!c || is_far_in_register(inst(part).arg[1])) return part;
    address.displacement += static_cast<s64>(difference ? -*c : *c);
    return inst(part).arg[0];
  };
  Value rest = v;
  for (Value before = kNoValue; rest != before;) {
    before = rest;
    rest = take_constant(rest);
  }
  if (is_sum(rest)) {
    // base + (index << scale + displacement), as the builder makes it
    Value left = take_constant(inst(rest).arg[0]), right = take_constant(inst(rest).arg[1]);
    if (inst(left).op == Op::kShl) std::swap(left, right);
    address.base = use(left);
    match_index(right, address);
  } else if (auto c = constant(rest)) {
    address.displacement += static_cast<s64>(*c);
  } else {
    address.base = use(rest);
  }
  return address;
}

// The most frequent ones, found sooner: what a register holds, and that and a displacement.
std::optional<Mem> Lowering::match_simple_address(Value v, unsigned width) {
  auto is_whole = [&](Value part) {
    Op op = inst(part).op;
    return op != Op::kConst && ((op != Op::kAdd && op != Op::kSub) || !is_free_standing(part));
  };
  if (is_whole(v)) return Mem{use(v)};
  const Inst& sum = inst(v);
  if (sum.op != Op::kAdd || sum.width != 8 || !is_whole(sum.arg[0])) return std::nullopt;
  auto displacement = constant(sum.arg[1]);
  if (!displacement) return std::nullopt;
  auto offset = static_cast<s64>(*displacement);
  if (!Assembler::is_offset_encodable(width, offset)) return std::nullopt;
  return Mem{use(sum.arg[0]), offset};
}

// Whether it is a large constant that a guest register holds.
bool Lowering::is_far_in_register(Value v) const {
  auto c = constant(v);
  return c && states_[v].home != kNone && plan_constant(8, *c).count > 2;
}

// The same for an access of `width` bytes, where a displacement that has no room in it and one
// other part are base and index.
Lowering::Address Lowering::match_far_address(Value v, unsigned width) {
  Address address;
  u64 sum = 0;
  Value rest = strip_constants(v, 8, sum);
  bool single = inst(rest).op != Op::kAdd || inst(rest).width != 8 || !is_free_standing(rest);
  if (rest == v || !single || Assembler::is_offset_encodable(width, static_cast<s64>(sum)))
    return match_address(v);
  for (Value part = v; part != rest; part = inst(part).arg[0]) {
    if (is_far_in_register(inst(part).arg[1])) return match_address(v);
  }
  address.far = sum;
  address.base = kScratch1;
  match_index(rest, address);
  return address;
}

// kScratch0 := base + index
void Lowering::add_index(Assembler& a, X base, const Address& address) {
  if (address.extend == kUxtx) {
    a.add(8, kScratch0, base, {address.index, kLsl, address.shift});
  } else {
    a.add(8, kScratch0, base, {address.index, address.extend, address.shift});
  }
}

// The address as an operand. What has no room in it is added up in kScratch0 before; of a constant
// address that is all (load_address()).
Mem Lowering::finish_address(Assembler& a, const Address& address, unsigned width) {
  X base = address.base;
  if (base.code == 31) return {kScratch0};
  s64 displacement = address.displacement;
  if (address.has_index) {
    bool fits = address.shift == 0 || 1u << address.shift == width;
    if (displacement == 0 && fits) return {base, address.index, address.extend, address.shift};
    add_index(a, base, address);
    base = kScratch0;
  }
  if (Assembler::is_offset_encodable(width, displacement)) return {base, displacement};
  a.mov(8, kScratch1, static_cast<u64>(displacement));
  return {base, kScratch1};
}

// Goes before the code that uses finish_address().
void Lowering::load_address(const Address& address) {
  if (address.base.code == 31) load_immediate(kScratch0, static_cast<u64>(address.displacement));
  if (address.far) load_immediate(kScratch1, *address.far);
}

}  // namespace gantry::aarch64
