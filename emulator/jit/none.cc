// Hosts without a code generator.
#include "emulator/jit/backend.h"

#if !defined(__aarch64__)

#include <cerrno>

namespace gantry::jit {

Result<void> prepare(const Settings&) {
  return make_error(ENOTSUP, "this host has no code generator");
}
bool compile(std::span<const Block>, std::span<Entry>) { return false; }
Exit enter(guest::Cpu&, const void*) { return {}; }
void link(u64, const void*) {}
const void* find(u64) { return nullptr; }
bool publish(u64, const void*) { return false; }
void share_memory() {}
void forget() {}
bool is_translated(u64) { return false; }
bool allow_misaligned(u64) { return false; }
void restore_guest_state(guest::Cpu&, const void*) {}

}  // namespace gantry::jit

#endif
