// Our handlers on the host: asynchronous signals are stored for the next safepoint, faults of guest
// memory continue at the recovery point of the thread.
#pragma once

#include "runtime/core/process.h"
#include "runtime/core/task.h"
#include "runtime/signals/host_signals.h"

namespace gantry::runtime {

// Reads the dispositions that the process has inherited into process.signals and installs the fault
// handlers. Once, before the first task runs.
void adopt_host_signals(Process& process);

// Installs them again, after something has reset them.
void install_fault_handlers();

// Gives the host the disposition that belongs to a guest's action. 0 or -errno.
int install_action(int signal, const GuestSigaction& action);

// The mask that the host has for a task with this mask.
constexpr u64 host_mask_for(u64 guest_mask) { return guest_mask & ~kFaultSignals; }

// Asks for a safepoint if a fault signal is held that the task's mask no longer blocks.
void request_held(Task& task);

// Sets the task's mask on the host as well; the task is the calling thread's, and none of its
// signals is stored for a safepoint (see change_task_mask() for when one may be).
void set_task_mask(Task& task, u64 mask);

}  // namespace gantry::runtime
