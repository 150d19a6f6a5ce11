// System V semaphores: semctl(2). The other System V calls are passed on.
#pragma once

#include "runtime/core/task.h"

namespace gantry::runtime::sys {

s64 semctl(Task& task, int id, int number, int command, Address argument);

}  // namespace gantry::runtime::sys
