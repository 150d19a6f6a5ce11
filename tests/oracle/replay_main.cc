// Compares every instruction with the recorded answers of a CPU, on any machine.
//
//   replay FILE [--row N|NAME] [--engine interp|ir|jit] [--report]
//     [--without HOST-FEATURES] [--exact-float] [--tso]
//
// A mismatch prints one line, as that of the oracle: on an x86-64 machine the oracle shows the same
// case again. The exit status is 1 after mismatches, 2 when FILE does not fit.
#include <cstdio>
#include <cstring>

#include "tests/oracle/emulated.h"
#include "tests/oracle/pages.h"
#include "tests/oracle/report.h"
#include "tests/oracle/specified.h"
#include "tests/oracle/vectors.h"

namespace gantry::oracle {
namespace {

struct Settings {
  std::string file;
  std::string row;
  std::string engine = "interp";
  jit::Settings translation;
  bool report = false;
};

std::string run_case(const Case& c, const Outcome& cpu) {
  static Outcome eval;
  write_code(c.state.rip, {c.bytes, c.insn.length});
  write_data(c.data);
  run_emulated(c, eval);
  return judge(c, cpu, eval);
}

// False when a case is not the recorded one.
bool run_row(const Settings& settings, unsigned row, VectorReader& reader, Report& report) {
  static Case c;
  static Outcome cpu;
  u64 number;
  bool run = is_named(row, settings.row) && x86::row_has_semantics(row);
  while (reader.next_case(number)) {
    if (!generate(reader.seed(), row, number, c) || !reader.read(c, cpu)) {
      std::fprintf(stderr, "replay: case %lu:%u:%lu (%s) is not the recorded one\n", reader.seed(),
                   row, number, x86::row_mnemonic(row));
      return false;
    }
    if (!run) continue;
    report.add_answer(cpu);
    report.add(row, number, c, run_case(c, cpu));
  }
  return true;
}

bool run_all(const Settings& settings, VectorReader& reader, Report& report) {
  unsigned row;
  while (reader.next_row(row)) {
    if (!run_row(settings, row, reader, report)) return false;
  }
  return reader.at_end();
}

bool parse(int argc, char** argv, Settings& settings) {
  for (int i = 1; i < argc; i++) {
    std::string option = argv[i];
    if (option == "--report") {
      settings.report = true;
    } else if (option == "--engine" && i + 1 < argc) {
      settings.engine = argv[++i];
    } else if (option == "--without" && i + 1 < argc) {
      settings.translation.without_features = argv[++i];
    } else if (option == "--exact-float") {
      settings.translation.exact_float = true;
    } else if (option == "--tso") {
      settings.translation.memory_model = jit::MemoryModel::kTso;
    } else if (option == "--row" && i + 1 < argc) {
      settings.row = argv[++i];
    } else if (settings.file.empty() && !option.starts_with("-")) {
      settings.file = option;
    } else {
      return false;
    }
  }
  return !settings.file.empty() && choose_engine(settings.engine, settings.translation);
}

int run(int argc, char** argv) {
  Settings settings;
  if (!parse(argc, argv, settings)) {
    std::fprintf(stderr,
                 "usage: replay FILE [--row N|NAME] [--engine interp|ir|jit] [--report]\n"
                 "       [--without HOST-FEATURES] [--exact-float] [--tso]\n");
    return 2;
  }
  VectorReader reader;
  if (!reader.open(settings.file)) {
    std::fprintf(stderr, "replay: cannot read %s\n", settings.file.c_str());
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  map_all_pages();
  prepare_emulated();
  Report report(reader.seed());
  if (!run_all(settings, reader, report)) {
    std::fprintf(stderr,
                 "replay: %s does not fit the opcode table or the generator: run ./dev vectors\n",
                 settings.file.c_str());
    return 2;
  }
  std::vector<bool> wanted(x86::opcodes().size());
  for (unsigned row = 0; row < wanted.size(); row++) wanted[row] = is_named(row, settings.row);
  if (settings.report) report.print_rows();
  report.print_summary(wanted);
  return report.failures(wanted) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace gantry::oracle

int main(int argc, char** argv) { return gantry::oracle::run(argc, argv); }
