// Vector registers that only faults see (kOweXmm) are not computed. What they are computed from
// stays in registers up to the last access that may fault, where notes say what to do with it.
#include <algorithm>

#include "emulator/jit/aarch64/lowering.h"

namespace gantry::aarch64 {

// In a register, or a constant.
bool Lowering::is_at_hand(Value v) const {
  return v == kNoValue || constant(v) || states_[v].place.reg != kNone ||
         states_[v].home != kNone || inst(v).op == Op::kVecZero;
}

// What is not at hand is computed, too, if that takes nothing else, or kept for this.
jit::Recovery::Argument Lowering::recovery_argument(Value v, bool nested, u32 first) {
  using Kind = jit::Recovery::Argument::Kind;
  if (v == kNoValue) return {};
  if (auto c = constant(v)) return {Kind::kConstant, 0, *c};
  const Inst& i = inst(v);
  bool recomputes = !nested && !is_at_hand(v) && i.op == Op::kApplyVec &&
                    std::all_of(i.arg, i.arg + 3, [&](Value arg) { return is_at_hand(arg); });
  if (recomputes) return {Kind::kResult, add_recovery(v, jit::Recovery::kNone, true, first)};
  return {Kind::kVector, use_vector(v).code};
}

// Returns its number, counted from `first`.
u8 Lowering::add_recovery(Value v, u8 xmm, bool nested, u32 first) {
  const Inst& i = inst(v);
  jit::Recovery call;
  call.helper = unit_.helpers[i.imm];
  call.xmm = xmm;
  for (unsigned n = 0; n < 3; n++) call.arguments[n] = recovery_argument(i.arg[n], nested, first);
  out_.recoveries.push_back(call);
  return static_cast<u8>(out_.recoveries.size() - 1 - first);
}

// For the access at hand; the number of the first.
std::optional<u32> Lowering::add_recoveries() {
  bool flags = late_set_ != kNoValue;
  u32 note = flags ? late_flags_note() : 0;
  auto first = static_cast<u32>(out_.recoveries.size());
  for (const ir::Owed& owed : unit_.owed) {
    const Inst& set = inst(owed.at);
    if (owed.at < at_ && at_ < owed.until) add_recovery(set.arg[0], set.aux, false, first);
  }
  auto count = static_cast<u32>(out_.recoveries.size()) - first;
  if (count == 0) return flags ? std::optional(note) : std::nullopt;
  if (flags) {
    jit::Recovery copy = out_.recoveries[note];
    out_.recoveries.push_back(copy);
    count++;
  }
  if (count > jit::kMaxRecoveries) failed_ = true;
  out_.recoveries.back().is_last = true;
  return first;
}

}  // namespace gantry::aarch64
