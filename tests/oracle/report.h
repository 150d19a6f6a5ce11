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

  // One line for each row.
  void print_rows() const;
  // "seed 1: 1285 rows, 128500 cases, 0 mismatches", after a line for each of the wanted rows that
  // has no case or no semantics.
  void print_summary(const std::vector<bool>& wanted) const;

  const Tally& row(unsigned row) const { return rows_[row]; }
  // Mismatches, and wanted rows without a case or semantics.
  u64 failures(const std::vector<bool>& wanted) const;

 private:
  u64 seed_;
  std::vector<Tally> rows_;
};

// "--replay 1:204:17  0fc8  bswap eax: rax: cpu 1, eval 2"
void print_case(u64 seed, unsigned row, u64 number, const Case& c, const std::string& text);

// All that the case's instruction can see but memory.
void print_state(const char* title, const State& state);

// Whether `wanted` is empty, or the row's number, mnemonic or semantics.
bool is_named(unsigned row, const std::string& wanted);

}  // namespace gantry::oracle
