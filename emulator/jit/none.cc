// Hosts without a code generator.
#include "emulator/jit/backend.h"

#if !defined(__aarch64__)

#include <cerrno>

namespace gantry::jit {

Result<void> prepare(const Settings&) {
  return make_error(ENOTSUP, "this host has no code generator");
}
Outcome compile(std::span<const Block>, std::span<Entry>, u64, const Outside&, std::vector<u8>*) {
  return Outcome::kImpossible;
}
Outcome install(std::span<const u8>, std::vector<Entry>&, u64) { return Outcome::kImpossible; }
u32 code_demands() { return 0; }
std::string code_origin() { return {}; }
bool has_code_for(const x86::Insn&) { return false; }
std::string list(const Block&, const Dump&) { return {}; }
Exit enter(guest::Cpu&, const void*) { return {}; }
void link(u64, const void*) {}
void publish(std::span<const Entry>) {}
void withdraw(u64) {}
Usage usage() { return {}; }
bool has_code_since(u64) { return false; }
bool reuse_memory(u64, bool (*)(u64)) { return false; }
void lock_for_fork() {}
void unlock_after_fork() {}
void share_memory() {}
void exact_float() {}
void forget() {}
bool repair_return_stack(u64, u64, void*) { return false; }
bool is_translated(u64) { return false; }
bool find_place(u64, Place&) { return false; }
std::string host_instruction(u64) { return {}; }
std::string used_features() { return {}; }
bool allow_misaligned(u64) { return false; }
void restore_guest_state(guest::Cpu&, const void*) {}

}  // namespace gantry::jit

#endif
