#include "shim/text_diff.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "emulator/base/types.h"

namespace gantry {
namespace {

constexpr std::size_t kContext = 3;
// Beyond this product of lengths the middle is shown as replaced as a whole.
constexpr std::size_t kMaxTable = 25'000'000;

using Lines = std::vector<std::string_view>;

struct Change {
  char mark;  // ' ', '-' or '+'
  std::string_view line;
};

Lines split(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Lengths of the longest common subsequence of every pair of suffixes.
class CommonLengths {
 public:
  CommonLengths(const Lines& a, const Lines& b)
      : width_(b.size() + 1), table_((a.size() + 1) * width_) {
    for (std::size_t i = a.size(); i-- > 0;) {
      for (std::size_t j = b.size(); j-- > 0;) {
        u32 best = std::max(at(i + 1, j), at(i, j + 1));
        table_[i * width_ + j] = a[i] == b[j] ? at(i + 1, j + 1) + 1 : best;
      }
    }
  }
  u32 at(std::size_t i, std::size_t j) const { return table_[i * width_ + j]; }

 private:
  std::size_t width_;
  std::vector<u32> table_;
};

void append_all(std::vector<Change>& changes, char mark, const Lines& lines) {
  for (std::string_view line : lines) changes.push_back({mark, line});
}

void compare_middle(std::vector<Change>& changes, const Lines& a, const Lines& b) {
  if (a.size() * b.size() > kMaxTable) {
    append_all(changes, '-', a);
    append_all(changes, '+', b);
    return;
  }
  CommonLengths common(a, b);
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      changes.push_back({' ', a[i++]});
      j++;
    } else if (j == b.size() || (i < a.size() && common.at(i + 1, j) >= common.at(i, j + 1))) {
      changes.push_back({'-', a[i++]});
    } else {
      changes.push_back({'+', b[j++]});
    }
  }
}

std::vector<Change> compare(const Lines& a, const Lines& b) {
  std::size_t start = 0;
  std::size_t shorter = std::min(a.size(), b.size());
  while (start < shorter && a[start] == b[start]) start++;
  std::size_t end = 0;
  while (end < shorter - start && a[a.size() - 1 - end] == b[b.size() - 1 - end]) end++;
  auto part = [](const Lines& lines, std::size_t from, std::size_t to) {
    return Lines(lines.begin() + static_cast<std::ptrdiff_t>(from),
                 lines.begin() + static_cast<std::ptrdiff_t>(to));
  };
  std::vector<Change> changes;
  append_all(changes, ' ', part(a, 0, start));
  compare_middle(changes, part(a, start, a.size() - end), part(b, start, b.size() - end));
  append_all(changes, ' ', part(a, a.size() - end, a.size()));
  return changes;
}

std::vector<bool> near_changes(const std::vector<Change>& changes) {
  std::vector<bool> shown(changes.size());
  for (std::size_t i = 0; i < changes.size(); i++) {
    if (changes[i].mark == ' ') continue;
    std::size_t from = i > kContext ? i - kContext : 0;
    std::size_t to = std::min(i + kContext + 1, changes.size());
    std::fill(shown.begin() + static_cast<std::ptrdiff_t>(from),
              shown.begin() + static_cast<std::ptrdiff_t>(to), true);
  }
  return shown;
}

}  // namespace

std::string unified_diff(const std::string& before, const std::string& after) {
  std::vector<Change> changes = compare(split(before), split(after));
  std::vector<bool> shown = near_changes(changes);
  std::string text;
  std::size_t line = 1;
  for (std::size_t i = 0; i < changes.size(); i++) {
    if (shown[i]) {
      if (i == 0 || !shown[i - 1]) text += "@@ line " + std::to_string(line) + " @@\n";
      text.append(1, changes[i].mark).append(changes[i].line).append("\n");
    }
    line += changes[i].mark != '+';
  }
  return text;
}

}  // namespace gantry
