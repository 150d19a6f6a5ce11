// What x86 does in several steps, or in others, and hosts in one.
#include "emulator/ir/emit.h"
#include "emulator/semantics/crypto.h"

namespace gantry::ir {

namespace vec = sem::vec;

const Inst* Emit::as_call_of(Value v, const void* target) const {
  const Inst& call = unit_.code[v];
  bool is = call.op == Op::kApplyVec && unit_.helpers[call.imm].target == target;
  return is ? &call : nullptr;
}

// AESENC adds its key at the end. That becomes an operation of its own, and the next round takes
// it, or what else was added to the state, as the key that it adds first.
std::optional<Emit::Vec> Emit::simplify_aes(const void* target, Value state, Value key) {
  constexpr struct {
    V128 (*last)(V128, V128), (*first)(V128, V128);
  } kRounds[] = {
      {&vec::aes_encrypt, &vec::aes_key_encrypt},
      {&vec::aes_encrypt_last, &vec::aes_key_encrypt_last},
      {&vec::aes_decrypt, &vec::aes_key_decrypt},
      {&vec::aes_decrypt_last, &vec::aes_key_decrypt_last},
  };
  for (const auto& round : kRounds) {
    if (target != reinterpret_cast<const void*>(round.last)) continue;
    const Inst* sum = as_call(state, &vec::xor_);
    Vec plain = sum ? Vec{sum->arg[0]} : Vec{state}, first_key = sum ? Vec{sum->arg[1]} : Vec{};
    return call(&vec::xor_, call(round.first, plain, first_key), Vec{key});
  }
  return std::nullopt;
}

std::optional<Emit::Vec> Emit::simplify_call(const void* target, const Value (&arguments)[3]) {
  std::optional<Vec> simple;
  if (host_.aes_key_first) simple = simplify_aes(target, arguments[0], arguments[1]);
  if (!simple && host_.four_sha256_rounds) simple = simplify_sha256(target, arguments);
  return simple;
}

}  // namespace gantry::ir
