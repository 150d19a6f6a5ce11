// Rows that are found by the C++ function that they are about, their `target`.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

namespace gantry::aarch64 {

template <typename F>
const void* address(F* function) {
  return reinterpret_cast<const void*>(function);
}

template <typename Row>
class FunctionTable {
 public:
  explicit FunctionTable(std::span<const Row> rows) : rows_(rows.begin(), rows.end()) {
    std::sort(rows_.begin(), rows_.end(),
              [](const Row& x, const Row& y) { return x.target < y.target; });
  }

  // nullptr when there is none.
  const Row* find(const void* target) const {
    auto found = std::lower_bound(rows_.begin(), rows_.end(), target,
                                  [](const Row& row, const void* t) { return row.target < t; });
    return found != rows_.end() && found->target == target ? &*found : nullptr;
  }

 private:
  std::vector<Row> rows_;  // by target
};

}  // namespace gantry::aarch64
