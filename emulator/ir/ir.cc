#include "emulator/ir/ir.h"

namespace gantry::ir {
namespace {

using enum Type;
constexpr Type Int = kInt, Bool = kBool, Vec = kVec, Flags = kFlags, Void = kVoid, Any = kAny;

template <typename... Types>
constexpr OpInfo make_info(const char* name, Type result, u8 effects, Types... arguments) {
  static_assert(sizeof...(Types) <= kMaxArguments);
  return {name, result, effects, sizeof...(Types), {arguments...}};
}

// Puts the arguments of a row, which stand in parentheses, after the others.
#define GANTRY_UNWRAP(...) __VA_OPT__(, ) __VA_ARGS__
constexpr OpInfo kInfos[] = {
#define OP(name, result, arguments, effects) \
  make_info(#name, result, static_cast<u8>(effects) GANTRY_UNWRAP arguments),
#include "emulator/ir/ops.def"
#undef OP
};
#undef GANTRY_UNWRAP

}  // namespace

const OpInfo& info(Op op) { return kInfos[static_cast<unsigned>(op)]; }
unsigned op_count() { return std::size(kInfos); }

void Unit::clear() {
  insns.clear();
  code.clear();
  helpers.clear();
}

}  // namespace gantry::ir
