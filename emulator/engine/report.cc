// What is said of translated code in which something went wrong.
#include <algorithm>

#include "emulator/base/log.h"
#include "emulator/engine/thread.h"
#include "emulator/jit/backend.h"

namespace gantry::engine {
namespace {

using Ulong = unsigned long;

void report_unit(const jit::Place& place, u64 pc) {
  if (place.unit_rip == 0) {
    log_line(Channel::kError, "  in code between guest code and C++, at %#lx + %#lx",
             static_cast<Ulong>(place.begin), static_cast<Ulong>(pc - place.begin));
    return;
  }
  log_line(Channel::kError, "  in the translation of guest code at %#lx: unit %#lx-%#lx + %#lx",
           static_cast<Ulong>(place.unit_rip), static_cast<Ulong>(place.begin),
           static_cast<Ulong>(place.end), static_cast<Ulong>(pc - place.begin));
}

// The instruction, those before it that belong to the same one of the guest, and some after it.
void report_host_code(const jit::Place& place, u64 pc) {
  constexpr u64 kBefore = 8 * 4, kAfter = 3 * 4;
  u64 begin = place.rip ? place.rip_begin : place.begin;
  u64 from = std::max(begin, pc - kBefore), to = std::min(place.end, pc + kAfter);
  for (u64 at = from; at < to; at += 4) {
    log_line(Channel::kError, "  %s %#lx: %08x  %s", at == pc ? ">" : " ", static_cast<Ulong>(at),
             *reinterpret_cast<const u32*>(at), jit::host_instruction(at).c_str());
  }
}

}  // namespace

bool report_translated(Thread& thread, u64 pc, const void* ucontext) {
  jit::Place place;
  if (!jit::find_place(pc, place)) return false;
  report_unit(place, pc);
  if (place.rip) jit::restore_guest_state(thread.cpu, ucontext);
  report_host_code(place, pc);
  return true;
}

}  // namespace gantry::engine
