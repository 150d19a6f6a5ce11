// Pure C++ functions: those that have an equivalent in A64, and calls of the others.
#include "emulator/base/check.h"
#include "emulator/jit/aarch64/branch.h"
#include "emulator/jit/aarch64/functions.h"
#include "emulator/jit/aarch64/lowering.h"

namespace gantry::aarch64 {

// Whether each byte of the vector is all ones or zero, as far as can be seen from `depth` steps.
bool Lowering::is_mask(Value v, unsigned depth) const {
  const Inst& i = inst(v);
  if (i.op != Op::kApplyVec) return i.op == Op::kVecZero;
  const Function* function = native_function(unit_, i);
  if (!function || function->masks == Function::Masks::kNo) return false;
  if (function->masks == Function::Masks::kYes) return true;
  return depth > 0 && is_mask(i.arg[0], depth - 1) && is_mask(i.arg[1], depth - 1);
}

void Lowering::lower_apply() {
  const Function* function = native_function(unit_, inst(at_));
  function ? lower_native(*function) : lower_apply_call();
}

void Lowering::lower_native(const Function& function) {
  constexpr X kConstantRegisters[] = {kScratch0, kScratch1, kScratch2};
  const Inst& i = inst(at_);
  Operands o;
  if (is_vector(at_)) {
    o.to = result_vector();
    compute_in_place(o.to);
  } else {
    o.to_integer = result();
  }
  for (unsigned n = 0; n < 3 && i.arg[n] != kNoValue; n++) {
    if (is_vector(i.arg[n])) {
      o.vector[n] = use_vector(i.arg[n]);
      o.is_mask[n] = is_mask(i.arg[n], 2);
    } else if (function.constant == n) {
      o.constant = *constant(i.arg[n]);
    } else {
      o.integer[n] = source(i.arg[n], kConstantRegisters[n]);
    }
  }
  sequence([&](Assembler& a) {
    for (unsigned n = 0; n < 3 && i.arg[n] != kNoValue; n++) {
      bool integer = !is_vector(i.arg[n]) && function.constant != n;
      if (integer) load_constant(a, 8, kConstantRegisters[n], i.arg[n]);
    }
    function.emit(a, o);
  });
}

// --- calls. The function finds its arguments in slots of the frame and leaves its results there.

void Lowering::store_argument(unsigned slot, Value v) {
  Mem mem = {kSp, kCallSlots + 16 * s64{slot}};
  if (is_vector(v)) {
    V from = use_vector(v);
    return sequence([&](Assembler& a) { a.str(16, from, mem); });
  }
  X from = source(v, kScratch0);
  sequence([&](Assembler& a) {
    load_constant(a, 8, kScratch0, v);
    a.str(8, from, mem);
  });
}

void Lowering::load_result(unsigned slot) {
  Mem mem = {kSp, kCallSlots + 16 * s64{slot}};
  bool vector = is_vector(at_);
  u8 to = is_vector(at_) ? result_vector().code : result().code;
  sequence([&](Assembler& a) { vector ? a.ldr(16, V{to}, mem) : a.ldr(8, X{to}, mem); });
}

// BL, then `invoke` and `target` as two literals. Around it, vectors are kept that are used later.
void Lowering::call_helper() {
  u32 kept = kValueVectors & ~free_vectors_;
  auto for_kept = [&](auto access) {
    for (u8 n = 0; n < 16; n++) {
      if (kept >> n & 1) access(V{n}, Mem{kSp, kKeptVectors + 16 * s64{n}});
    }
  };
  sequence([&](Assembler& a) { for_kept([&](V reg, Mem mem) { a.ldr(16, reg, mem); }); });
  const ir::Helper& helper = unit_.helpers[inst(at_).imm];
  auto invoke = reinterpret_cast<u64>(helper.invoke), target = reinterpret_cast<u64>(helper.target);
  const u32 literals[] = {static_cast<u32>(invoke), static_cast<u32>(invoke >> 32),
                          static_cast<u32>(target), static_cast<u32>(target >> 32)};
  out_.prepend_literals(literals, Output::Content::kFunctions);
  out_.prepend_branch(kBranchAndLink, Destination::stub(Stub::kCall));
  sequence([&](Assembler& a) { for_kept([&](V reg, Mem mem) { a.str(16, reg, mem); }); });
}

void Lowering::lower_apply_call() {
  const Inst& i = inst(at_);
  load_result(0);
  call_helper();
  for (unsigned n = 0; n < 3 && i.arg[n] != kNoValue; n++) store_argument(n, i.arg[n]);
}

// kCall with its arguments and results, each where it is. Without users it is left out.
void Lowering::lower_call_part() {
  const Inst& i = inst(at_);
  switch (i.op) {
    case Op::kResultInt:
    case Op::kResultVec:
      if (!is_wanted(at_)) return;
      calls_ = true;
      return load_result(i.aux);
    case Op::kCall:
      stores_arguments_ = calls_;
      calls_ = false;
      if (stores_arguments_) call_helper();
      return;
    default:
      if (stores_arguments_) store_argument(i.aux, i.arg[0]);
  }
}

}  // namespace gantry::aarch64
