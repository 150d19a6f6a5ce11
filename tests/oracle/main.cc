// Compares every instruction with the CPU that this runs on.
//
//   oracle [--seed N] [--cases N] [--row N|NAME] [--replay SEED:ROW:CASE] [--report] [--forever]
//
// --cases are for each row; NAME is a row's mnemonic or semantics. A mismatch prints one line with
// the --replay that shows it again, and the exit status is 1.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "emulator/x86/decoder.h"
#include "tests/oracle/compare.h"
#include "tests/oracle/emulated.h"
#include "tests/oracle/generator.h"
#include "tests/oracle/native.h"
#include "tests/oracle/pages.h"
#include "tests/oracle/rows.h"

namespace gantry::oracle {
namespace {

bool is_comparable(unsigned row) {
  return x86::row_has_semantics(row) && !is_specified(row) && cpu_has(row);
}

struct Settings {
  u64 seed = 1;
  u64 cases = 200;
  std::string row;
  std::string replay;
  bool report = false;
  bool forever = false;
};

// A row whose cases keep failing is reported this often.
constexpr unsigned kShownPerRow = 3;

struct Tally {
  u64 cases = 0;
  u64 mismatches = 0;
};

std::string bytes_text(const Case& c) {
  std::string text;
  for (unsigned i = 0; i < std::min<unsigned>(c.insn.length, sizeof c.bytes); i++) {
    char byte[4];
    std::snprintf(byte, sizeof byte, "%02x", c.bytes[i]);
    text += byte;
  }
  return text;
}

std::string instruction_text(const Case& c) {
  if (c.refused) return std::string("refused ") + x86::row_mnemonic(c.insn.row);
  return x86::disassemble(c.insn);
}

std::string run_case(const Case& c) {
  static Outcome cpu, eval;
  write_code(c.state.rip, {c.bytes, c.insn.length});
  write_data(c.data);
  run_native(c.state, cpu);
  write_data(c.data);
  run_emulated(c, eval);
  return differences(c, cpu, eval);
}

void print_mismatch(u64 seed, unsigned row, u64 number, const Case& c, const std::string& text) {
  std::printf("--replay %lu:%u:%lu  %s  %s: %s\n", seed, row, number, bytes_text(c).c_str(),
              instruction_text(c).c_str(), text.c_str());
}

void run_row(const Settings& settings, unsigned row, Tally& tally) {
  static Case c;
  for (u64 number = 0; number < settings.cases; number++) {
    if (!generate(settings.seed, row, number, c)) continue;
    tally.cases++;
    std::string text = run_case(c);
    if (text.empty()) continue;
    if (tally.mismatches++ < kShownPerRow) print_mismatch(settings.seed, row, number, c, text);
  }
}

bool is_wanted(const Settings& settings, unsigned row) {
  if (!is_comparable(row)) return false;
  const std::string& wanted = settings.row;
  return wanted.empty() || wanted == x86::row_mnemonic(row) || wanted == x86::row_semantics(row) ||
         wanted == std::to_string(row);
}

void print_report(const std::vector<Tally>& tallies) {
  for (unsigned row = 0; row < tallies.size(); row++) {
    const char* note = !x86::row_has_semantics(row) ? "no semantics"
                       : !is_comparable(row)        ? "not comparable"
                                                    : "";
    std::printf("%4u %-20s %-16s %8lu cases %6lu mismatches %s\n", row, x86::row_mnemonic(row),
                x86::row_semantics(row), tallies[row].cases, tallies[row].mismatches, note);
  }
}

// Returns the number of mismatches.
u64 run_all(const Settings& settings) {
  std::vector<Tally> tallies(x86::opcodes().size());
  Tally total;
  unsigned rows = 0, empty = 0;
  for (unsigned row = 0; row < tallies.size(); row++) {
    if (!is_wanted(settings, row)) continue;
    run_row(settings, row, tallies[row]);
    rows++;
    empty += tallies[row].cases == 0;
    total.cases += tallies[row].cases;
    total.mismatches += tallies[row].mismatches;
    if (tallies[row].mismatches > kShownPerRow) {
      std::printf("row %u %s (%s): %lu of %lu cases differ\n", row, x86::row_mnemonic(row),
                  x86::row_semantics(row), tallies[row].mismatches, tallies[row].cases);
    }
  }
  if (settings.report) print_report(tallies);
  std::printf("seed %lu: %u rows, %u without a case, %lu cases, %lu mismatches\n", settings.seed,
              rows, empty, total.cases, total.mismatches);
  return total.mismatches + empty;
}

void print_state(const char* title, const State& state) {
  std::printf("%s:\n ", title);
  for (unsigned i = 0; i < 16; i++) std::printf(" r%u=%lx", i, state.gpr[i]);
  std::printf("\n  rip=%lx rflags=%lx fs_base=%lx gs_base=%lx mxcsr=%x fcw=%x fsw=%x ftw=%x\n",
              state.rip, state.rflags, state.fs_base, state.gs_base, state.fx.mxcsr,
              state.fx.control, state.fx.status, state.fx.tags);
  for (unsigned i = 0; i < 8; i++) {
    std::printf("  st%u=%04x:%016lx", i, state.fx.st[i].sign_exponent, state.fx.st[i].significand);
  }
  std::printf("\n");
  for (unsigned i = 0; i < 16; i++) {
    std::printf("  xmm%u=%016lx:%016lx%s", i, state.fx.xmm[i].hi, state.fx.xmm[i].lo,
                i % 4 == 3 ? "\n" : "");
  }
  for (unsigned i = 0; i < 16; i++) {
    std::printf("  ymm%u.high=%016lx:%016lx%s", i, state.ymm_high[i].hi, state.ymm_high[i].lo,
                i % 4 == 3 ? "\n" : "");
  }
}

int replay(const std::string& text) {
  static Case c;
  u64 seed = 0, number = 0;
  unsigned row = 0;
  if (std::sscanf(text.c_str(), "%lu:%u:%lu", &seed, &row, &number) != 3 ||
      row >= x86::opcodes().size() || !generate(seed, row, number, c)) {
    std::fprintf(stderr, "oracle: no such case: %s\n", text.c_str());
    return 2;
  }
  print_state("before", c.state);
  std::string difference = run_case(c);
  print_mismatch(seed, row, number, c, difference.empty() ? "agree" : difference);
  return difference.empty() ? 0 : 1;
}

bool parse(int argc, char** argv, Settings& settings) {
  for (int i = 1; i < argc; i++) {
    std::string option = argv[i];
    if (option == "--report") {
      settings.report = true;
    } else if (option == "--forever") {
      settings.forever = true;
    } else if (i + 1 == argc) {
      return false;
    } else if (option == "--seed") {
      settings.seed = std::strtoull(argv[++i], nullptr, 0);
    } else if (option == "--cases") {
      settings.cases = std::strtoull(argv[++i], nullptr, 0);
    } else if (option == "--row") {
      settings.row = argv[++i];
    } else if (option == "--replay") {
      settings.replay = argv[++i];
    } else {
      return false;
    }
  }
  return true;
}

int run(int argc, char** argv) {
  Settings settings;
  if (!parse(argc, argv, settings)) {
    std::fprintf(stderr,
                 "usage: oracle [--seed N] [--cases N] [--row N|NAME] "
                 "[--replay SEED:ROW:CASE] [--report] [--forever]\n");
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  map_data();
  prepare_native();
  if (!settings.replay.empty()) return replay(settings.replay);
  u64 mismatches = run_all(settings);
  while (settings.forever) {
    settings.seed++;
    mismatches += run_all(settings);
  }
  return mismatches == 0 ? 0 : 1;
}

}  // namespace
}  // namespace gantry::oracle

int main(int argc, char** argv) { return gantry::oracle::run(argc, argv); }
