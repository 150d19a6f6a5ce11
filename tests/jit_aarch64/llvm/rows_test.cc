// Every row of instructions.def, with random and boundary operands.
#include <gtest/gtest.h>

#include <tuple>

#include "tests/jit_aarch64/llvm/samples.h"

namespace gantry::aarch64 {
namespace {

using namespace fields;

constexpr unsigned kSamples = 32;

template <typename... Fields, typename Emit>
void try_form(Listing& listing, std::mt19937& random, const char* name, Emit emit) {
  for (unsigned number = 0; number < (sizeof...(Fields) ? kSamples : 1); ++number) {
    Instruction instruction(random, name, number);
    std::tuple operands{Sample<Fields>::draw(instruction)...};
    std::apply([&](auto... operand) { emit(listing.a, operand...); }, operands);
    listing.expect(instruction.text());
  }
}

TEST(Rows, AgreeWithLlvm) {
  Listing listing;
  std::mt19937 random(1);
#define TRY(name, ...) \
  try_form<__VA_ARGS__>(listing, random, #name, [](Assembler& a, auto... x) { a.name(x...); });
#define INSN(name, word, ...) TRY(name, __VA_ARGS__)
#define SHIFTED(name, word, ...) TRY(name, Sf, __VA_ARGS__)
#define SHIFTED2 SHIFTED
#define LOGICAL(name, word, rd) TRY(name, Sf, rd, Rn, Bitmask)
#define BITFIELD(name, word) TRY(name, SfN, Rd, Rn, BitNumber, BitNumber)
#define SHIFT_LEFT(name, word, ...) TRY(name, __VA_ARGS__, LeftAmount)
#define SHIFT_RIGHT(name, word, ...) TRY(name, __VA_ARGS__, RightAmount)
#define BY_ELEMENT(name, word, ...)                                                            \
  try_form<__VA_ARGS__, Element>(listing, random, #name,                                       \
                                 [](Assembler& a, Arrangement lanes, V vd, V vn, Element vm) { \
                                   a.name(lanes, vd, vn, vm.vm, vm.index);                     \
                                 });
#include "emulator/jit/aarch64/instructions.def"
#undef TRY
  listing.compare_with_llvm();
}

}  // namespace
}  // namespace gantry::aarch64
