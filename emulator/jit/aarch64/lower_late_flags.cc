// Flags that an indirect jump or a return leaves. Most code that is reached so reads none: where
// the jump finds its target's code at once it is such code (JumpTable::kReadsFlags). Only else they
// are computed, out of line, from the result, which kParity keeps, and the second operand. Accesses
// in between have a note by which the handler of a fault computes them.
#include "emulator/jit/aarch64/lowering.h"

namespace gantry::aarch64 {

using guest::FlagKind;

namespace {

FlagKind flag_kind_of(const ir::Inst& flags) { return static_cast<FlagKind>(flags.aux); }

}  // namespace

// Whether the result and the second operand are enough, and are there at the block's end.
bool Lowering::is_late(const Inst& flags) const {
  if (flags.op != Op::kFlagsOf) return false;
  if (flag_kind_of(flags) == FlagKind::kLogic) return true;
  bool sums = flag_kind_of(flags) == FlagKind::kAdd || flag_kind_of(flags) == FlagKind::kSub;
  return sums && flags.width >= 4 && is_at_hand(flags.arg[1]);
}

// At the block's end. What comes after the flags are set must neither leave the code but by a jump,
// nor need what a note cannot have, the second operand in a register.
void Lowering::find_late_flags() {
  if (held_.flags == kNoValue || demands_.ordered || !is_late(inst(held_.flags))) return;
  const Inst& flags = inst(held_.flags);
  bool may_fault = flag_kind_of(flags) == FlagKind::kLogic || constant(flags.arg[1]);
  for (Value v = at_; v-- > held_.flags;) {
    const Inst& i = inst(v);
    if (i.op == Op::kSetFlags) {
      if (i.arg[0] != held_.flags) return;
      late_flags_ = held_.flags;
      late_set_ = v;
      live_ = kNoFlags;
      return;
    }
    bool accesses =
        i.op == Op::kLoad || i.op == Op::kLoadVec || i.op == Op::kStore || i.op == Op::kStoreVec;
    bool checks_target = i.op == Op::kCheckCanonical && i.arg[0] == inst(at_).arg[0];
    bool ends_block = i.op == Op::kIf || i.op == Op::kElse || i.op == Op::kEndIf;
    u8 effects = ir::info(i.op).effects;
    if (ends_block || (accesses && !may_fault)) return;
    if (!accesses && !checks_target && (effects & ir::kMayFault)) return;
  }
}

void Lowering::keep_late_result() {
  const Inst& flags = inst(late_flags_);
  late_set_ = kNoValue;
  set_parity(flags.arg[2], flags.width);
}

// On an edge, where kScratch0 alone is free. The first operand comes back from the others.
void Lowering::complete_flags() {
  const Inst& flags = inst(late_flags_);
  unsigned w = flags.width;
  if (flag_kind_of(flags) == FlagKind::kLogic) {
    return sequence([&](Assembler& a) {
      if (w < 4) a.lsl(4, kScratch0, kParity, 32 - w * 8);
      a.cmp(w == 8 ? 8 : 4, w < 4 ? kScratch0 : kParity, 0);
      a.mov(8, kAdjust, kZr);
    });
  }
  bool adds = flag_kind_of(flags) == FlagKind::kAdd;
  X rhs = source(flags.arg[1], kScratch0, w);
  sequence([&](Assembler& a) {
    load_constant(a, w, kScratch0, flags.arg[1]);
    adds ? a.sub(w, kAdjust, kParity, rhs) : a.add(w, kAdjust, kParity, rhs);
    adds ? a.cmn(w, kAdjust, rhs) : a.cmp(w, kAdjust, rhs);
    a.eor(8, kAdjust, kAdjust, kParity);
    a.eor(8, kAdjust, kAdjust, rhs);
    if (adds) complement_carry(a);
  });
}

// One for all accesses: it takes the result from kParity.
u32 Lowering::late_flags_note() {
  using Kind = jit::Recovery::Argument::Kind;
  if (late_note_) return *late_note_;
  const Inst& flags = inst(late_flags_);
  jit::Recovery note;
  note.helper = {&jit::recover_flags, nullptr};
  note.arguments[0] = {Kind::kConstant, 0, u64{flags.aux} | u64{flags.width} << 8};
  note.arguments[1] = {Kind::kConstant, 0, constant(flags.arg[1]).value_or(0)};
  note.is_last = true;
  late_note_ = static_cast<u32>(out_.recoveries.size());
  out_.recoveries.push_back(note);
  return *late_note_;
}

// --- branches

bool Lowering::may_fault_since_set(Value flags) const {
  for (Value v = at_; v-- > flags;) {
    const Inst& i = inst(v);
    if (i.op == Op::kSetFlags) return i.arg[0] != flags;
    if (ir::info(i.op).effects & ir::kMayFault) return true;
  }
  return true;
}

namespace {

// Sign and overflow of one or two bytes take more instructions than the rest.
bool is_narrow_compare(const ir::Inst& flags) {
  return flags.op == ir::Op::kFlagsOf && flag_kind_of(flags) == FlagKind::kSub && flags.width < 4;
}

}  // namespace

// Of the flags that only one way reads, those that are computed there: PF and AF, which few read.
u8 Lowering::flags_of_one_way(u8 read_on_one) const {
  Value flags = held_.flags;
  if (read_on_one == kNoFlags || flags == kNoValue) return kNoFlags;
  const Inst& i = inst(flags);
  if (i.op != Op::kFlagsOf && i.op != Op::kFlagsIncDec) return kNoFlags;
  bool all = is_narrow_compare(i) && !constant(i.arg[0]);
  u8 late = read_on_one & (all ? kAllFlags : kFlagP | kFlagA);
  return late == kNoFlags || may_fault_since_set(flags) ? kNoFlags : late;
}

void Lowering::lower_flags_of_way(const Inst& i, u8 needed) {
  if (!is_narrow_compare(i) || constant(i.arg[0])) return lower_parity_and_adjust(i, needed);
  auto c = constant(i.arg[1]);
  X lhs = use(i.arg[0], i.width), rhs = c ? kScratch0 : use(i.arg[1], i.width);
  sequence([&](Assembler& a) {
    load_constant(a, 4, kScratch0, i.arg[1]);
    a.sub(4, kParity, lhs, rhs);
    a.eor(4, kAdjust, kParity, rhs);
    a.eor(4, kAdjust, kAdjust, lhs);
  });
  if (needed & kFlagsNzcv) lower_flags_compare_narrow(i, kFlagsNzcv);
}

}  // namespace gantry::aarch64
