// Two SHA256RNDS2 as the four rounds that other hosts do at a time. The first of the two computes
// them all, of which it needs the half; the second finds that it is one, and takes the rest. So the
// state stays in the host's form from one pair to the next.
#include "emulator/ir/emit.h"
#include "emulator/semantics/crypto.h"
#include "emulator/semantics/sse_shuffle_ops.h"

namespace gantry::ir {

namespace vec = sem::vec;

const Inst* Emit::as_call_of(Value v, const void* target) const {
  const Inst& call = unit_.code[v];
  bool is = call.op == Op::kApplyVec && unit_.helpers[call.imm].target == target;
  return is ? &call : nullptr;
}

// A to D and E to H.
std::pair<Emit::Vec, Emit::Vec> Emit::sha256_state(Value abef, Value cdgh) {
  const Inst* lower = as_call(abef, &vec::sha256_lower_words);
  const Inst* upper = as_call(cdgh, &vec::sha256_upper_words);
  if (lower && upper && lower->arg[0] == upper->arg[0] && lower->arg[1] == upper->arg[1]) {
    return {{lower->arg[1]}, {lower->arg[0]}};
  }
  return {call(&vec::sha256_upper_words, Vec{abef}, Vec{cdgh}),
          call(&vec::sha256_lower_words, Vec{abef}, Vec{cdgh})};
}

// Whether the rounds go on where the first two of four have ended, whose ABEF is `first_half`: with
// the two words that these have left, and with what was A, B, E and F before them.
bool Emit::is_second_half(Value cdgh, Value words, const Inst& first_half) const {
  const Inst* abcd = as_call(first_half.arg[1], &vec::sha256_next_abcd);
  const Inst* upper = as_call(words, &vec::shuffle_dwords);
  if (!abcd || !upper || upper->arg[0] != abcd->arg[2]) return false;
  if ((constant(upper->arg[1]).value_or(0) & 15) != 0xe) return false;
  const Inst* before = as_call(abcd->arg[0], &vec::sha256_upper_words);
  if (before) return before->arg[0] == cdgh;
  const Inst* lower = as_call(cdgh, &vec::sha256_lower_words);
  return lower && lower->arg[1] == abcd->arg[0] && lower->arg[0] == abcd->arg[1];
}

Emit::Vec Emit::sha256_rounds(Value cdgh, Value abef, Value words) {
  const Inst* first_half = as_call(abef, &vec::sha256_upper_words);
  if (first_half && is_second_half(cdgh, words, *first_half)) {
    return call(&vec::sha256_lower_words, Vec{first_half->arg[0]}, Vec{first_half->arg[1]});
  }
  auto [abcd, efgh] = sha256_state(abef, cdgh);
  Vec next_abcd = call(&vec::sha256_next_abcd, abcd, efgh, Vec{words});
  Vec next_efgh = call(&vec::sha256_next_efgh, abcd, efgh, Vec{words});
  return call(&vec::sha256_upper_words, next_efgh, next_abcd);
}

std::optional<Emit::Vec> Emit::simplify_call(const void* target, const Value (&arguments)[3]) {
  if (host_.four_sha256_rounds && target == reinterpret_cast<const void*>(&vec::sha256_rounds)) {
    return sha256_rounds(arguments[0], arguments[1], arguments[2]);
  }
  return std::nullopt;
}

}  // namespace gantry::ir
