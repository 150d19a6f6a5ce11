#include "emulator/jit/aarch64/assembler.h"

#include "emulator/base/check.h"

namespace gantry::aarch64 {

void bad_operand() { check_failed(__FILE__, __LINE__, "the operand can be encoded"); }

std::span<u32> Assembler::refuse() const {
  if (!overflowed()) check_failed(__FILE__, __LINE__, "a label is unbound");
  return {};
}

void Assembler::emit64(u64 value) {
  emit(static_cast<u32>(value));
  emit(static_cast<u32>(value >> 32));
}

void Assembler::emit_reference(u32 word, Label& label) {
  if (label.is_bound()) return emit(retarget(word, s64{4} * (label.position_ - position_)));
  Reach reach = reach_of(word);
  s32& newest = label.newest_[static_cast<u8>(reach)];
  u32 back = newest < 0 ? 0 : position_ - newest;
  CHECK(back < 1u << (reach_bits(reach) - 1));
  newest = position_;
  ++unbound_;
  emit(word | back << reach_position(reach));
}

void Assembler::bind(Label& label) {
  CHECK(!label.is_bound());
  label.position_ = position_;
  for (s32 newest : label.newest_) {
    if (newest >= 0) patch_references(newest);
  }
}

// Gives a label's references of one Reach their distance to here.
void Assembler::patch_references(s32 newest) {
  // Part of the list may have had no room, and nobody will run the code.
  if (overflowed()) return;
  s32 at = newest;
  for (;;) {
    u32 word = code_[at];
    Reach reach = reach_of(word);
    u32 back = (word & reach_mask(reach)) >> reach_position(reach);
    code_[at] = retarget(word, s64{4} * (position_ - at));
    --unbound_;
    if (back == 0) return;
    at -= back;
  }
}

void Assembler::mov(unsigned width, X rd, u64 value) {
  u32 destination = fields::Rd(rd).bits;
  if (value <= 0xffff) return movz(width, rd, static_cast<u32>(value));
  for (u32 word : plan_constant(width, value)) emit(word | destination);
}

void Assembler::mov(fields::Sf width, X rd, X rn) {
  if (rd == kSp || rn == kSp) {
    emit(0x11000000 | width.bits | fields::RdSp(rd).bits | fields::RnSp(rn).bits);
  } else {
    emit(0x2a0003e0 | width.bits | fields::Rd(rd).bits | fields::Rm(rn).bits);
  }
}

void Assembler::movi(fields::Vd vd, u64 pattern) {
  auto word = encode_vector_constant(pattern);
  require(word.has_value());
  emit(*word | vd.bits);
}

void Assembler::adrp(fields::Rd rd, s64 distance) {
  s64 pages = distance / 4096;
  require(distance % 4096 == 0 && pages >= -(1 << 20) && pages < 1 << 20);
  u32 field = static_cast<u32>(pages);
  emit(0x90000000 | (field & 3) << 29 | (field >> 2 & 0x7ffff) << 5 | rd.bits);
}

}  // namespace gantry::aarch64
