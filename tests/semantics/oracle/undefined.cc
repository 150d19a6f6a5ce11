#include "tests/semantics/oracle/undefined.h"

#include <string_view>

namespace gantry::oracle {
namespace {

struct Undefined {
  std::string_view semantics;
  u64 flags;
};

constexpr Undefined kUndefined[] = {
    {"", 0},
};

}  // namespace

u64 undefined_flags(const Case& c) {
  std::string_view semantics = x86::row_semantics(c.insn.row);
  for (const Undefined& u : kUndefined) {
    if (u.semantics == semantics) return u.flags;
  }
  return 0;
}

}  // namespace gantry::oracle
