// Accesses to guest memory.
#include "emulator/base/check.h"
#include "emulator/jit/aarch64/branch.h"
#include "emulator/jit/aarch64/lowering.h"

namespace gantry::aarch64 {

// The parts of an address, as far as an instruction's address has room for them.
Lowering::Address Lowering::match_address(Value v) {
  Address address;
  auto add_part = [&](Value part) {
    const Inst& i = inst(part);
    bool free_standing = !is_wanted(part) && home_[part] == kNone;
    auto scale = i.op == Op::kShl ? constant(i.arg[1]) : std::nullopt;
    if (free_standing && i.width == 8 && scale && *scale < 4 && !address.has_index) {
      address.index = use(i.arg[0]);
      address.shift = static_cast<unsigned>(*scale);
      address.has_index = true;
    } else if (address.base.code == 31) {
      address.base = use(part);
    } else {
      address.index = use(part);
      address.has_index = true;
    }
  };
  auto is_sum = [&](Value part) {
    return inst(part).op == Op::kAdd && inst(part).width == 8 && !is_wanted(part) &&
           home_[part] == kNone;
  };
  Value rest = v;
  while (is_sum(rest)) {
    const Inst& i = inst(rest);
    if (auto c = constant(i.arg[1])) {
      address.displacement += static_cast<s64>(*c);
      rest = i.arg[0];
      continue;
    }
    // base + (index << scale + displacement), as the builder makes it
    Value left = i.arg[0], right = i.arg[1];
    if (is_sum(right) && constant(inst(right).arg[1])) {
      address.displacement += static_cast<s64>(*constant(inst(right).arg[1]));
      right = inst(right).arg[0];
    }
    add_part(left);
    add_part(right);
    return address;
  }
  if (auto c = constant(rest)) {
    address.displacement += static_cast<s64>(*c);
  } else {
    add_part(rest);
  }
  return address;
}

// The address as an operand; what has no room in one is added up in the scratch register before.
Mem Lowering::finish_address(Assembler& a, const Address& address, unsigned width) {
  X base = address.base;
  s64 displacement = address.displacement;
  unsigned log = static_cast<unsigned>(std::countr_zero(width));
  if (base.code == 31) {
    a.mov(8, kScratch0, static_cast<u64>(displacement));
    if (!address.has_index) return {kScratch0};
    if (address.shift == 0 || address.shift == log) {
      return {kScratch0, address.index, kUxtx, address.shift};
    }
    a.add(8, kScratch0, kScratch0, {address.index, kLsl, address.shift});
    return {kScratch0};
  }
  if (address.has_index) {
    bool fits = address.shift == 0 || address.shift == log;
    if (displacement == 0 && fits) return {base, address.index, kUxtx, address.shift};
    a.add(8, kScratch0, base, {address.index, kLsl, address.shift});
    base = kScratch0;
  }
  if (Assembler::is_offset_encodable(width, displacement)) return {base, displacement};
  a.mov(8, kScratch1, static_cast<u64>(displacement));
  return {base, kScratch1};
}

// Ordered accesses are instructions of their own (docs/memory-order.md) up to 8 bytes. Larger ones
// have a barrier: loads stay before what follows, and so stores need to stay behind stores alone.
void Lowering::lower_memory() {
  const Inst& i = inst(at_);
  unsigned w = i.width;
  bool loads = i.op == Op::kLoad || i.op == Op::kLoadVec;
  bool stores = i.op == Op::kStore || i.op == Op::kStoreVec;
  bool ordered = demands_.ordered && (loads || stores);
  if (ordered && w <= 8) return loads ? lower_ordered_load(i) : lower_ordered_store(i);
  if (ordered && loads) sequence([](Assembler& a) { a.dmb(kIshld); });
  lower_access(i, w);
  if (ordered && stores) sequence([](Assembler& a) { a.dmb(kIshst); });
}

// The address as an operand of an ordered access, which has no index and at most a short offset.
Mem Lowering::ordered_address(Assembler& a, Address address) {
  s64 offset = 0;
  bool is_short = address.displacement >= -256 && address.displacement < 256;
  if (features().rcpc2 && is_short && address.base.code != 31) {
    std::swap(offset, address.displacement);
  }
  return {sum_address(a, address), offset};
}

void Lowering::lower_ordered_load(const Inst& i) {
  unsigned w = i.width;
  bool vector = i.op == Op::kLoadVec;
  V to_vector = vector ? result_vector() : V{};
  X to = vector ? kScratch2 : result();
  Address address = match_address(i.arg[0]);
  sequence([&](Assembler& a) {
    Mem m = ordered_address(a, address);
    if (features().rcpc2) {
      a.ldapur(w, to, m.base, m.offset);
    } else {
      features().rcpc ? a.ldapr(w, to, m.base) : a.ldar(w, to, m.base);
    }
    if (vector) a.fmov(w == 8 ? 8 : 4, to_vector, to);
  });
}

void Lowering::lower_ordered_store(const Inst& i) {
  unsigned w = i.width;
  bool vector = i.op == Op::kStoreVec;
  auto c = vector ? std::nullopt : constant(i.arg[1]);
  V from_vector = vector ? use_vector(i.arg[1]) : V{};
  X from = c == 0 ? kZr : vector || c ? kScratch2 : use(i.arg[1], w);
  Address address = match_address(i.arg[0]);
  sequence([&](Assembler& a) {
    if (vector) a.fmov(w == 8 ? 8 : 4, from, from_vector);
    if (c && *c != 0) a.mov(w == 8 ? 8 : 4, from, *c);
    Mem m = ordered_address(a, address);
    features().rcpc2 ? a.stlur(w, from, m.base, m.offset) : a.stlr(w, from, m.base);
  });
}

void Lowering::lower_access(const Inst& i, unsigned w) {
  switch (i.op) {
    case Op::kLoad: {
      X to = result();
      Address address = match_address(i.arg[0]);
      return sequence([&](Assembler& a) { a.ldr(w, to, finish_address(a, address, w)); });
    }
    case Op::kStore: {
      auto c = constant(i.arg[1]);
      X from = c ? (*c == 0 ? kZr : kScratch2) : use(i.arg[1], w);
      Address address = match_address(i.arg[0]);
      return sequence([&](Assembler& a) {
        if (c && *c != 0) a.mov(w == 8 ? 8 : 4, kScratch2, *c);
        a.str(w, from, finish_address(a, address, w));
      });
    }
    case Op::kLoadVec: {
      V to = result_vector();
      Address address = match_address(i.arg[0]);
      return sequence([&](Assembler& a) { a.ldr(w, to, finish_address(a, address, w)); });
    }
    case Op::kStoreVec: {
      V from = use_vector(i.arg[1]);
      Address address = match_address(i.arg[0]);
      return sequence([&](Assembler& a) { a.str(w, from, finish_address(a, address, w)); });
    }
    case Op::kFence:
      return sequence([&](Assembler& a) { a.dmb(kIsh); });
    default:
      return lower_flow();
  }
}

// A store to two pages is left to the interpreter, which writes all of it or nothing.
void Lowering::lower_probe() {
  const Inst& i = inst(at_);
  X at = use(i.arg[0]);
  step_if(kTbnz | kScratch0.code | 12 << 19);
  sequence([&](Assembler& a) {
    a.add(8, kScratch0, at, i.width - 1u);
    a.eor(8, kScratch0, kScratch0, at);
  });
}

}  // namespace gantry::aarch64
