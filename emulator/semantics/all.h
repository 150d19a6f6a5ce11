// Every instruction's body. A new family is included here.
#pragma once

#include "emulator/semantics/bit.h"
#include "emulator/semantics/flow.h"
#include "emulator/semantics/integer.h"
#include "emulator/semantics/move.h"
#include "emulator/semantics/shift.h"
#include "emulator/semantics/sse_convert.h"
#include "emulator/semantics/sse_float.h"
#include "emulator/semantics/sse_integer.h"
#include "emulator/semantics/sse_move.h"
#include "emulator/semantics/sse_shuffle.h"
#include "emulator/semantics/sse_state.h"
#include "emulator/semantics/string.h"
#include "emulator/semantics/system.h"
