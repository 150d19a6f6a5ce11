// What a host signal handler reads from and changes in the interrupted context. The only file of
// the personality, with host_context.cc and interruptible_*.S, that names host registers.
#pragma once

#include <signal.h>
#include <ucontext.h>

#include "emulator/base/types.h"

namespace gantry::runtime {

u64 program_counter(const ucontext_t& context);
void set_program_counter(ucontext_t& context, u64 address);

// The mask that the thread has again when the handler returns.
u64 context_mask(const ucontext_t& context);
void set_context_mask(ucontext_t& context, u64 mask);

// Whether the host refused an address that it cannot have, in place of a page fault. An access that
// begins below guest::kAddressLimit and reaches beyond it is not found out before.
bool is_bad_address(const ucontext_t& context, const siginfo_t& info);

// The page-fault error code (guest::kFault…) of the host's fault in `context`.
u32 fault_error(const ucontext_t& context, const siginfo_t& info);

}  // namespace gantry::runtime
