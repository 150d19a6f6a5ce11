// Whether the CPU and Eval agree.
#pragma once

#include <string>

#include "tests/oracle/generator.h"

namespace gantry::oracle {

// Empty when they agree, else what differs: "rax: cpu 1, eval 2; …".
std::string differences(const Case& c, const Outcome& cpu, const Outcome& eval);

}  // namespace gantry::oracle
