// Counts, and the lines that tell of cases.
#pragma once

#include <string>
#include <vector>

#include "tests/oracle/generator.h"

namespace gantry::oracle {

struct Tally {
  u64 cases = 0;
  u64 mismatches = 0;
};

class Report {
 public:
  explicit Report(u64 seed);

  // One case and what is wrong with it, or an empty text. The first few of a row are printed, each
  // with the arguments that show it again.
  void add(unsigned row, u64 number, const Case& c, const std::string& wrong);

  // The CPU's answer to a case, for the statistics.
  void add_answer(const Outcome& cpu);

  // One line for each row, and how often each exception occurred.
  void print_rows() const;
  // "seed 1: 1285 rows, 128500 cases, 0 mismatches", after a line for each of the wanted rows that
  // has no case or no semantics.
  void print_summary(const std::vector<bool>& wanted) const;

  // Mismatches, and wanted rows without a case or semantics.
  u64 failures(const std::vector<bool>& wanted) const;

 private:
  static constexpr unsigned kVectors = 32;

  u64 seed_;
  std::vector<Tally> rows_;
  u64 faults_[kVectors] = {};
};

// "--replay 1:204:17  0fc8  bswap eax: rax: cpu 1, eval 2"
void print_case(u64 seed, unsigned row, u64 number, const Case& c, const std::string& text);

// All that the case's instruction can see but memory.
void print_state(const char* title, const State& state);

// Whether `wanted` is empty, or the row's number, mnemonic or semantics.
bool is_named(unsigned row, const std::string& wanted);

}  // namespace gantry::oracle
