// The rules of a seccomp profile, looked at by the calls that they name.
#pragma once

#include <set>
#include <string>

#include "oci/json.h"

namespace gantry::test {

// Those that name a call.
Json rules_for(const Json& rules, const std::string& name);

// The calls that rules with this action name, of those without a condition.
std::set<std::string> names_with(const Json& rules, const std::string& action);

}  // namespace gantry::test
