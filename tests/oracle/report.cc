#include "tests/oracle/report.h"

#include <algorithm>
#include <cstdio>

#include "emulator/x86/decoder.h"

namespace gantry::oracle {
namespace {

// A row whose cases keep failing is shown this often.
constexpr unsigned kShownPerRow = 3;

std::string bytes_text(const Case& c) {
  std::string text;
  for (unsigned i = 0; i < c.insn.length; i++) {
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

void print_vectors(const char* name, const guest::V128 (&values)[16]) {
  for (unsigned i = 0; i < 16; i++) {
    std::printf("  %s%u=%016lx:%016lx%s", name, i, values[i].hi, values[i].lo,
                i % 4 == 3 ? "\n" : "");
  }
}

}  // namespace

Report::Report(u64 seed) : seed_(seed), rows_(x86::opcodes().size()) {}

void Report::add(unsigned row, u64 number, const Case& c, const std::string& wrong) {
  rows_[row].cases++;
  if (wrong.empty()) return;
  if (rows_[row].mismatches++ < kShownPerRow) print_case(seed_, row, number, c, wrong);
}

void Report::add_answer(const Outcome& cpu) {
  if (cpu.faulted) faults_[cpu.vector % kVectors]++;
}

void Report::print_rows() const {
  for (unsigned row = 0; row < rows_.size(); row++) {
    std::printf("%4u %-20s %-16s %8lu cases %6lu mismatches%s\n", row, x86::row_mnemonic(row),
                x86::row_semantics(row), rows_[row].cases, rows_[row].mismatches,
                x86::row_has_semantics(row) ? "" : " no semantics");
  }
  for (unsigned vector = 0; vector < kVectors; vector++) {
    if (faults_[vector]) std::printf("exception %u: %lu cases\n", vector, faults_[vector]);
  }
}

u64 Report::failures(const std::vector<bool>& wanted) const {
  u64 failures = 0;
  for (unsigned row = 0; row < rows_.size(); row++) {
    bool missing = wanted[row] && (rows_[row].cases == 0 || !x86::row_has_semantics(row));
    failures += rows_[row].mismatches + missing;
  }
  return failures;
}

void Report::print_summary(const std::vector<bool>& wanted) const {
  Tally total;
  for (unsigned row = 0; row < rows_.size(); row++) {
    const Tally& tally = rows_[row];
    total.cases += tally.cases;
    total.mismatches += tally.mismatches;
    bool semantics = x86::row_has_semantics(row);
    if (wanted[row] && (tally.cases == 0 || !semantics || tally.mismatches > kShownPerRow)) {
      std::printf("row %u %s (%s): %lu of %lu cases differ%s\n", row, x86::row_mnemonic(row),
                  x86::row_semantics(row), tally.mismatches, tally.cases,
                  semantics ? "" : ", no semantics");
    }
  }
  auto rows = std::count(wanted.begin(), wanted.end(), true);
  std::printf("seed %lu: %ld rows, %lu cases, %lu mismatches\n", seed_, rows, total.cases,
              total.mismatches);
}

void print_case(u64 seed, unsigned row, u64 number, const Case& c, const std::string& text) {
  std::printf("--replay %lu:%u:%lu  %s  %s: %s\n", seed, row, number, bytes_text(c).c_str(),
              instruction_text(c).c_str(), text.c_str());
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
  print_vectors("xmm", state.fx.xmm);
  print_vectors("ymm_high", state.ymm_high);
}

bool is_named(unsigned row, const std::string& wanted) {
  return wanted.empty() || wanted == x86::row_mnemonic(row) || wanted == x86::row_semantics(row) ||
         wanted == std::to_string(row);
}

}  // namespace gantry::oracle
