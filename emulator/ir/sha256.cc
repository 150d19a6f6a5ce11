// Two SHA256RNDS2 as the four rounds that other hosts do at a time. The first of the two computes
// them all, of which it needs the half; the second finds that it is one, and takes the rest. So the
// state stays in the host's form from one pair to the next.
#include "emulator/ir/emit.h"
#include "emulator/semantics/crypto.h"
#include "emulator/semantics/sse_shuffle_ops.h"

namespace gantry::ir {

namespace vec = sem::vec;

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

// SHA256MSG2 of a sum to which PALIGNR and PADDD have added W9 to W12, which other hosts do in one.
std::optional<Emit::Vec> Emit::sha256_message(Value sum, Value w12) {
  const Inst* add = as_call(sum, &vec::add<u32>);
  if (!add) return std::nullopt;
  for (unsigned n = 0; n < 2; n++) {
    const Inst* w9 = as_call(add->arg[n], &vec::align_right);
    if (!w9 || w9->arg[0] != w12 || constant(w9->arg[2]) != 4) continue;
    return call(&vec::sha256_next_words, Vec{add->arg[1 - n]}, Vec{w9->arg[1]}, Vec{w12});
  }
  return std::nullopt;
}

std::optional<Emit::Vec> Emit::simplify_sha256(const void* target, const Value (&arguments)[3]) {
  if (target == reinterpret_cast<const void*>(&vec::sha256_rounds)) {
    return sha256_rounds(arguments[0], arguments[1], arguments[2]);
  }
  if (target == reinterpret_cast<const void*>(&vec::sha256_message2)) {
    return sha256_message(arguments[0], arguments[1]);
  }
  return std::nullopt;
}

}  // namespace gantry::ir
