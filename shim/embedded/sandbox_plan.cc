#include "shim/embedded/sandbox_plan.h"

#include <cerrno>

namespace gantry {
namespace {

using sandbox::Plan;
using sandbox::Process;
using sandbox::Seccomp;
using sandbox::SeccompRule;

// The document is our own making (spec.cc), so values have the types that were put there.
std::vector<std::string> strings(const Json& object, const char* key) {
  const Json* list = member(object, key);
  return list ? list->get<std::vector<std::string>>() : std::vector<std::string>();
}

sandbox::Capabilities capabilities_of(const Json& value) {
  return {strings(value, "bounding"), strings(value, "effective"), strings(value, "permitted"),
          strings(value, "inheritable"), strings(value, "ambient")};
}

std::optional<unsigned> number(const Json& object, const char* key) {
  const Json* value = member(object, key);
  return value ? std::optional(value->get<unsigned>()) : std::nullopt;
}

SeccompRule rule_of(const Json& value) {
  SeccompRule rule;
  rule.names = strings(value, "names");
  rule.action = value["action"];
  rule.error = number(value, "errnoRet");
  const Json* conditions = member(value, "args");
  for (const Json& condition : conditions ? *conditions : Json::array()) {
    rule.conditions.push_back({condition["index"], condition["op"], condition["value"],
                               condition.value("valueTwo", u64{0})});
  }
  return rule;
}

std::optional<Seccomp> seccomp_of(const Json& section) {
  const Json* value = member(section, "seccomp");
  if (!value) return {};
  Seccomp seccomp;
  seccomp.default_action = (*value)["defaultAction"];
  seccomp.default_error = number(*value, "defaultErrnoRet");
  seccomp.architectures = strings(*value, "architectures");
  for (const Json& rule : (*value)["syscalls"]) seccomp.rules.push_back(rule_of(rule));
  return seccomp;
}

Process process_of(const Json& value) {
  Process process;
  process.arguments = strings(value, "args");
  process.environment = strings(value, "env");
  process.directory = value["cwd"];
  process.user = value["user"]["uid"];
  process.group = value["user"]["gid"];
  process.groups = value["user"]["additionalGids"].get<std::vector<u32>>();
  for (const Json& limit : value["rlimits"]) {
    process.limits.push_back({limit["type"], limit["soft"], limit["hard"]});
  }
  process.capabilities = capabilities_of(value["capabilities"]);
  process.no_new_privileges = value["noNewPrivileges"];
  process.has_terminal = value["terminal"];
  return process;
}

bool has_namespace(const Json& section, const char* type) {
  for (const Json& value : section["namespaces"]) {
    if (value["type"] == type) return true;
  }
  return false;
}

Plan plan_of(const Json& spec) {
  Plan plan;
  for (const Json& mount : spec["mounts"]) {
    plan.mounts.push_back(
        {mount["destination"], mount["type"], mount["source"], strings(mount, "options")});
  }
  const Json& section = spec["linux"];
  plan.masked_paths = strings(section, "maskedPaths");
  plan.read_only_paths = strings(section, "readonlyPaths");
  plan.host_name = spec["hostname"];
  plan.has_own_network = has_namespace(section, "network");
  plan.root.is_read_only = spec["root"]["readonly"];
  plan.process = process_of(spec["process"]);
  plan.process.seccomp = seccomp_of(section);
  const Json& resources = section["resources"];
  if (auto* memory = member(resources, "memory")) plan.resources.memory = (*memory)["limit"];
  if (auto* pids = member(resources, "pids")) plan.resources.processes = (*pids)["limit"];
  return plan;
}

}  // namespace

Result<Plan> plan_sandbox(const Json& spec) {
  try {
    return plan_of(spec);
  } catch (const Json::exception& error) {
    return make_error(EINVAL, "the container's document: %s", error.what());
  }
}

}  // namespace gantry
