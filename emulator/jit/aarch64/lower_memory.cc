// Accesses to guest memory.
#include "emulator/base/check.h"
#include "emulator/jit/aarch64/branch.h"
#include "emulator/jit/aarch64/lowering.h"

namespace gantry::aarch64 {

// Ordered accesses are instructions of their own (docs/memory-order.md) up to 8 bytes. Larger ones
// have a barrier: loads stay before what follows, and so stores need to stay behind stores alone.
void Lowering::lower_memory() {
  bool owes = !unit_.owed.empty() || late_set_ != kNoValue;
  auto recovery = owes ? add_recoveries() : std::nullopt;
  lower_access_in_order();
  if (recovery) out_.mark(insn_->rip, recovery);
}

void Lowering::lower_access_in_order() {
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
    Mem m = ordered_address(a, address);
    features().rcpc2 ? a.stlur(w, from, m.base, m.offset) : a.stlr(w, from, m.base);
  });
  if (c && *c != 0) load_immediate(from, *c);
}

void Lowering::lower_access(const Inst& i, unsigned w) {
  if (i.op == Op::kFence) return sequence([&](Assembler& a) { a.dmb(kIsh); });
  if (i.op != Op::kLoad && i.op != Op::kLoadVec && i.op != Op::kStore && i.op != Op::kStoreVec) {
    return lower_flow();
  }
  auto access = [&](auto emit) {
    if (auto simple = match_simple_address(i.arg[0], w)) {
      return sequence([&](Assembler& a) { emit(a, *simple); });
    }
    Address address = match_far_address(i.arg[0], w);
    sequence([&](Assembler& a) { emit(a, finish_address(a, address, w)); });
    load_address(address);
  };
  if (i.op == Op::kLoad) {
    unsigned extended = states_[at_].fused;  // see extend_load()
    X to = result();
    return access([&](Assembler& a, const Mem& mem) {
      extended != 0 ? a.ldrs(extended, w, to, mem) : a.ldr(w, to, mem);
    });
  }
  if (i.op == Op::kLoadVec) {
    V to = result_vector();
    return access([&](Assembler& a, const Mem& mem) { a.ldr(w, to, mem); });
  }
  if (i.op == Op::kStoreVec) {
    V from = use_vector(i.arg[1]);
    return access([&](Assembler& a, const Mem& mem) { a.str(w, from, mem); });
  }
  if (insn_->is_near_call() && demands_.predicts_returns) return store_return_address();
  auto c = constant(i.arg[1]);
  X from = c ? (*c == 0 ? kZr : kScratch2) : use(i.arg[1], w);
  access([&](Assembler& a, const Mem& mem) { a.str(w, from, mem); });
  if (from == kScratch2) load_immediate(kScratch2, *c);
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
