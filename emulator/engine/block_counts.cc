#include "emulator/engine/block_counts.h"

#include <mutex>
#include <string>
#include <unordered_map>

#include "emulator/base/log.h"

namespace gantry::engine {
namespace {

struct Counts {
  std::mutex mutex;
  std::unordered_map<std::string, std::atomic<u64>> of_code;
};

// Threads may still execute blocks when the process ends.
Counts& counts() {
  static auto* counts = new Counts;
  return *counts;
}

std::string hex(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (char c : bytes) {
    auto byte = static_cast<u8>(c);
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

}  // namespace

std::atomic<u64>& count_of(const Block& block) {
  std::string code(reinterpret_cast<const char*>(block.rip), block.end - block.rip);
  std::lock_guard lock(counts().mutex);
  return counts().of_code[code];
}

void log_block_counts() {
  std::string text;
  std::lock_guard lock(counts().mutex);
  for (const auto& [code, count] : counts().of_code) {
    if (count != 0) text += "count " + std::to_string(count) + " " + hex(code) + "\n";
  }
  log_text(text);
}

void lock_block_counts() { counts().mutex.lock(); }

void unlock_block_counts(bool is_child) {
  if (is_child) {
    for (auto& [code, count] : counts().of_code) count = 0;
  }
  counts().mutex.unlock();
}

}  // namespace gantry::engine
