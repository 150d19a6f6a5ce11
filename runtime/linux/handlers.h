// The handlers that the rows of syscalls.def name, a header a family. All are in namespace
// gantry::runtime::sys.
#pragma once

#include "runtime/linux/aio.h"
#include "runtime/linux/descriptors.h"
#include "runtime/linux/directories.h"
#include "runtime/linux/files.h"
#include "runtime/linux/ipc.h"
#include "runtime/linux/memory.h"
#include "runtime/linux/misc.h"
#include "runtime/linux/paths.h"
#include "runtime/linux/poll.h"
#include "runtime/linux/process.h"
#include "runtime/linux/signal.h"
#include "runtime/linux/thread.h"
#include "runtime/linux/time.h"
