// Instructions whose result is not the CPU's to say but their specification's: time, random
// numbers, approximations, what depends on the machine, what the CPU may not have.
#pragma once

#include <string>

#include "tests/oracle/generator.h"

namespace gantry::oracle {

// Whether no CPU is asked at all: reference() says what comes of the row's cases.
bool has_reference(unsigned row);
void reference(const Case& c, Outcome& outcome);

// Whether Eval did what the CPU (or reference()) did, or where that is not to be compared, what the
// specification says. Empty when it did, else what differs.
std::string judge(const Case& c, const Outcome& cpu, const Outcome& eval);

}  // namespace gantry::oracle
