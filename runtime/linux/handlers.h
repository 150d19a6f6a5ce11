// The handlers that the rows of syscalls.def name, a header a family. All are in namespace
// gantry::runtime::sys.
#pragma once

// Families that are being written join when their header is there.
#if __has_include("runtime/linux/memory.h")
#include "runtime/linux/memory.h"
#endif
#if __has_include("runtime/linux/signal.h")
#include "runtime/linux/signal.h"
#endif
#if __has_include("runtime/linux/process.h")
#include "runtime/linux/process.h"
#endif
#if __has_include("runtime/linux/thread.h")
#include "runtime/linux/thread.h"
#endif
#if __has_include("runtime/linux/futex.h")
#include "runtime/linux/futex.h"
#endif
