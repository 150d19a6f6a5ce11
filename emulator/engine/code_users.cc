#include "emulator/engine/code_users.h"

#include <sched.h>

#include <algorithm>
#include <span>

namespace gantry::engine {
namespace {

constexpr u32 kMaxUsers = 4096;
CodeUser users[kMaxUsers];
std::atomic<u32> user_limit{0};    // all users are below
std::atomic<u32> interrupters{0};  // threads that are in interrupt_code_users()

std::span<CodeUser> all_users() { return {users, user_limit.load()}; }

}  // namespace

CodeUser* add_code_user(guest::Cpu& cpu) {
  for (u32 n = 0; n < kMaxUsers; n++) {
    guest::Cpu* nobody = nullptr;
    if (!users[n].cpu.compare_exchange_strong(nobody, &cpu)) continue;
    u32 limit = user_limit.load();
    while (limit <= n && !user_limit.compare_exchange_weak(limit, n + 1)) {
    }
    return &users[n];
  }
  return nullptr;
}

void remove_code_user(CodeUser& user) {
  user.epoch.store(0);
  user.cpu.store(nullptr);
  while (interrupters.load() != 0) sched_yield();
}

void keep_code_user(CodeUser* user) {
  interrupters.store(0);
  for (CodeUser& other : all_users()) {
    if (&other == user) continue;
    other.epoch.store(0);
    other.cpu.store(nullptr);
  }
}

void interrupt_code_users() {
  interrupters.fetch_add(1);
  for (CodeUser& user : all_users()) {
    if (guest::Cpu* cpu = user.cpu.load()) cpu->leave_soon();
  }
  interrupters.fetch_sub(1);
}

bool is_older_code_unused(u64 epoch) {
  std::span<CodeUser> all = all_users();
  return std::all_of(all.begin(), all.end(), [&](const CodeUser& user) {
    u64 own = user.epoch.load();
    return own == 0 || own >= epoch;
  });
}

}  // namespace gantry::engine
