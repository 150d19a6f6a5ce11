#include "tests/oracle/rows.h"

#include <algorithm>
#include <string_view>

#include "emulator/x86/opcode.h"

namespace gantry::oracle {
namespace {

constexpr std::string_view kSpecified[] = {
    "SYSCALL", "CPUID", "RDTSC",   "RDTSCP",  "RDPID",  "RDRAND", "RDSEED",   "XGETBV",
    "RCPPS",   "RCPSS", "RSQRTPS", "RSQRTSS", "VRCPPS", "VRCPSS", "VRSQRTPS", "VRSQRTSS"};
constexpr std::string_view kSse4a[] = {"EXTRQ", "INSERTQ", "MOVNTSS", "MOVNTSD"};

template <std::size_t N>
bool contains(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

bool is_specified(unsigned row) { return contains(kSpecified, x86::row_semantics(row)); }

bool cpu_has(unsigned row) {
  std::string_view name = x86::row_semantics(row);
  bool vex = x86::opcodes()[row].map >= x86::Map::kV0F;
  if (vex && !__builtin_cpu_supports("avx2")) return false;
  return __builtin_cpu_supports("sse4a") || !contains(kSse4a, name);
}

}  // namespace gantry::oracle
