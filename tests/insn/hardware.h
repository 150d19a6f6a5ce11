// The host's CPU, as a second opinion on what an instruction does.
#pragma once

#include <string>

#include "tests/oracle/generator.h"

namespace gantry::test {

// Once, before all else: the handlers of signals, and on x86-64 what it takes to run cases.
void prepare_hardware();

// Executes the case on the CPU. False, and nothing done, where the host is another machine, or its
// CPU does not have the instruction or has an answer of its own.
bool run_on_hardware(const oracle::Case& c);

// How `outcome` differs from what run_on_hardware() came to; empty when it does not.
std::string differences_from_hardware(const oracle::Case& c, const oracle::Outcome& outcome);

}  // namespace gantry::test
