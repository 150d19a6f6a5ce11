// The decoder against Zydis. GANTRY_ZYDIS_STRINGS=N compares N strings instead of the default, and
// GANTRY_ZYDIS_SEED=N other ones.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "tests/x86/zydis/oracle.h"

namespace gantry::x86 {
namespace {

constexpr u64 kDefaultStrings = 10'000'000;
constexpr u64 kCells = 4 * 256 * 16 + 3 * 256 * 16;

u64 setting(const char* name, u64 otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 0) : otherwise;
}

// Half of the strings go over every cell, as far as its 256 ModRM bytes allow.
TEST(Zydis, AgreesOnEveryString) {
  Oracle oracle;
  ByteStrings strings(setting("GANTRY_ZYDIS_SEED", 1));
  auto visit = [&](const ByteString& string) { oracle.compare(string); };
  u64 wanted = setting("GANTRY_ZYDIS_STRINGS", kDefaultStrings);
  u64 modrms = std::min<u64>(wanted / 2 / kCells, 256);
  strings.every_cell(static_cast<unsigned>(modrms), visit);
  u64 rest = wanted > oracle.compared() ? wanted - oracle.compared() : 0;
  strings.structured(rest - rest / 5, visit);
  strings.uniform(rest / 5, visit);
  std::cout << oracle.compared() << " strings compared, " << oracle.accepted()
            << " accepted by both; listed differences:\n"
            << oracle.explained_report();
  EXPECT_TRUE(oracle.clean()) << oracle.report();
}

}  // namespace
}  // namespace gantry::x86
