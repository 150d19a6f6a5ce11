// Compares every instruction with the CPU that this runs on.
//
//   oracle [--seed N] [--cases N] [--row N|NAME] [--engine interp|ir] [--replay SEED:ROW:CASE]
//          [--report] [--forever]
//   oracle --record FILE [--seed N] [--cases N]
//
// --cases are for each row; NAME is a row's mnemonic or semantics. A mismatch prints one line with
// the --replay that shows it again, and the exit status is 1. --forever goes from seed to seed.
// --record writes the CPU's answers for tests/oracle/replay_main.cc.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/oracle/emulated.h"
#include "tests/oracle/machine.h"
#include "tests/oracle/native.h"
#include "tests/oracle/pages.h"
#include "tests/oracle/report.h"
#include "tests/oracle/specified.h"
#include "tests/oracle/vectors.h"

namespace gantry::oracle {
namespace {

struct Settings {
  u64 seed = 1;
  u64 cases = 0;  // 0: the default
  std::string row;
  std::string replay;
  std::string record;
  bool report = false;
  bool forever = false;
};

constexpr u64 kCases = 200;
constexpr u64 kRecordedCases = 100;

void answer(const Case& c, Outcome& outcome) {
  if (has_reference(c.insn.row)) return reference(c, outcome);
  write_data(c.data);
  run_native(c, outcome);
}

std::string run_case(const Case& c, Report& report) {
  static Outcome cpu, eval;
  answer(c, cpu);
  report.add_answer(cpu);
  write_data(c.data);
  run_emulated(c, eval);
  adopt_pointers(cpu.state, eval.state);
  return judge(c, cpu, eval);
}

// False when this CPU may answer none of the cases as an Intel one does.
bool run_row(const Settings& settings, unsigned row, Report& report) {
  static Case c;
  bool ran = is_intel();
  for (u64 number = 0; number < settings.cases; number++) {
    if (!generate(settings.seed, row, number, c)) continue;
    if (!is_comparable(c)) continue;
    report.add(row, number, c, run_case(c, report));
    ran = true;
  }
  return ran;
}

// Returns the number of failures.
u64 run_all(const Settings& settings) {
  Report report(settings.seed);
  std::vector<bool> wanted(x86::opcodes().size());
  unsigned skipped = 0;
  for (unsigned row = 0; row < wanted.size(); row++) {
    if (!is_named(row, settings.row)) continue;
    wanted[row] = cpu_has(row) || has_reference(row);
    if (wanted[row] && x86::row_has_semantics(row)) wanted[row] = run_row(settings, row, report);
    skipped += !wanted[row];
  }
  if (settings.report) report.print_rows();
  if (skipped)
    std::printf("skipped %u rows: this CPU does not have them, or not as Intel's\n", skipped);
  report.print_summary(wanted);
  return report.failures(wanted);
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
  Report report(seed);
  std::string wrong = run_case(c, report);
  print_case(seed, row, number, c, wrong.empty() ? "agree" : wrong);
  return wrong.empty() ? 0 : 1;
}

void record_row(const Settings& settings, unsigned row, VectorWriter& writer) {
  static Case c;
  static Outcome cpu;
  constexpr u64 kAttemptsPerCase = 20;
  writer.begin_row(row);
  u64 recorded = 0;
  for (u64 number = 0; recorded < settings.cases && number < settings.cases * kAttemptsPerCase;
       number++) {
    if (!generate(settings.seed, row, number, c)) continue;
    answer(c, cpu);
    writer.add(number, c, cpu);
    recorded++;
  }
  writer.end_row();
}

int record(const Settings& settings) {
  if (!is_intel() || !has_ymm()) {
    std::fprintf(stderr, "oracle: an Intel CPU with AVX2 must give the answers\n");
    return 2;
  }
  VectorWriter writer(settings.seed);
  for (unsigned row = 0; row < x86::opcodes().size(); row++) record_row(settings, row, writer);
  if (writer.write(settings.record)) return 0;
  std::fprintf(stderr, "oracle: %s: %s\n", settings.record.c_str(), std::strerror(errno));
  return 2;
}

bool parse_value(const std::string& option, const char* value, Settings& settings) {
  if (option == "--engine") return choose_engine(value);
  if (option == "--seed") {
    settings.seed = std::strtoull(value, nullptr, 0);
  } else if (option == "--cases") {
    settings.cases = std::strtoull(value, nullptr, 0);
  } else if (option == "--row") {
    settings.row = value;
  } else if (option == "--replay") {
    settings.replay = value;
  } else if (option == "--record") {
    settings.record = value;
  } else {
    return false;
  }
  return true;
}

bool parse(int argc, char** argv, Settings& settings) {
  for (int i = 1; i < argc; i++) {
    std::string option = argv[i];
    if (option == "--report") {
      settings.report = true;
    } else if (option == "--forever") {
      settings.forever = true;
    } else if (i + 1 == argc || !parse_value(option, argv[++i], settings)) {
      return false;
    }
  }
  if (settings.cases == 0) settings.cases = settings.record.empty() ? kCases : kRecordedCases;
  return true;
}

int run(int argc, char** argv) {
  Settings settings;
  if (!parse(argc, argv, settings)) {
    std::fprintf(stderr,
                 "usage: oracle [--seed N] [--cases N] [--row N|NAME] [--engine interp|ir] "
                 "[--replay SEED:ROW:CASE] [--report] [--forever]\n"
                 "       oracle --record FILE [--seed N] [--cases N]\n");
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  map_all_pages();
  prepare_native();
  if (!settings.replay.empty()) return replay(settings.replay);
  if (!settings.record.empty()) return record(settings);
  u64 failures = run_all(settings);
  while (settings.forever) {
    settings.seed++;
    failures += run_all(settings);
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace gantry::oracle

int main(int argc, char** argv) { return gantry::oracle::run(argc, argv); }
