#include "tests/oci/support/seccomp_rules.h"

#include <algorithm>

namespace gantry::test {

Json rules_for(const Json& rules, const std::string& name) {
  Json found = Json::array();
  for (const Json& value : rules) {
    const Json& names = value["names"];
    if (std::find(names.begin(), names.end(), name) != names.end()) found.push_back(value);
  }
  return found;
}

std::set<std::string> names_with(const Json& rules, const std::string& action) {
  std::set<std::string> names;
  for (const Json& rule : rules) {
    if (rule["action"] != action || !rule.value("args", Json::array()).empty()) continue;
    for (const Json& name : rule["names"]) names.insert(name);
  }
  return names;
}

}  // namespace gantry::test
