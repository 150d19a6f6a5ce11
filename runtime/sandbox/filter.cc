#include "runtime/sandbox/filter.h"

#include <seccomp.h>

#include <cerrno>
#include <memory>
#include <string_view>

namespace gantry::sandbox {
namespace {

struct Released {
  void operator()(void* context) const { seccomp_release(context); }
};

struct Comparison {
  std::string_view name;
  scmp_compare value;
};
constexpr Comparison kComparisons[] = {{"SCMP_CMP_NE", SCMP_CMP_NE},
                                       {"SCMP_CMP_LT", SCMP_CMP_LT},
                                       {"SCMP_CMP_LE", SCMP_CMP_LE},
                                       {"SCMP_CMP_EQ", SCMP_CMP_EQ},
                                       {"SCMP_CMP_GE", SCMP_CMP_GE},
                                       {"SCMP_CMP_GT", SCMP_CMP_GT},
                                       {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}};

// OCI runtime-spec, config-linux.md, "Seccomp": errnoRet is EPERM unless given.
Result<u32> action_of(const std::string& name, std::optional<unsigned> error) {
  if (name == "SCMP_ACT_ALLOW") return static_cast<u32>(SCMP_ACT_ALLOW);
  if (name == "SCMP_ACT_LOG") return static_cast<u32>(SCMP_ACT_LOG);
  if (name == "SCMP_ACT_ERRNO") return static_cast<u32>(SCMP_ACT_ERRNO(error.value_or(EPERM)));
  if (name == "SCMP_ACT_KILL" || name == "SCMP_ACT_KILL_THREAD") {
    return static_cast<u32>(SCMP_ACT_KILL_THREAD);
  }
  if (name == "SCMP_ACT_KILL_PROCESS") return static_cast<u32>(SCMP_ACT_KILL_PROCESS);
  if (name == "SCMP_ACT_TRAP") return static_cast<u32>(SCMP_ACT_TRAP);
  return make_error(EINVAL, "the seccomp action `%s` is not supported", name.c_str());
}

Result<std::vector<scmp_arg_cmp>> conditions_of(const SeccompRule& rule) {
  std::vector<scmp_arg_cmp> conditions;
  for (const SeccompCondition& condition : rule.conditions) {
    const Comparison* found = nullptr;
    for (const Comparison& row : kComparisons) {
      if (row.name == condition.comparison) found = &row;
    }
    if (!found || condition.index > 5) {
      return make_error(EINVAL, "a seccomp condition with `%s` on argument %u is not supported",
                        condition.comparison.c_str(), condition.index);
    }
    conditions.push_back({condition.index, found->value, condition.value, condition.second});
  }
  return conditions;
}

Error failed(const char* what, int result) {
  return make_system_error(-result, "seccomp: %s", what);
}

Result<void> add_rule(scmp_filter_ctx context, const SeccompRule& rule, u32 default_action) {
  TRY_ASSIGN(u32 action, action_of(rule.action, rule.error));
  // seccomp_rule_add(3) refuses what would change nothing.
  if (action == default_action) return {};
  TRY_ASSIGN(auto conditions, conditions_of(rule));
  for (const std::string& name : rule.names) {
    int number = seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR) continue;  // of another architecture, or newer than libseccomp
    int result = seccomp_rule_add_array(
        context, action, number, static_cast<unsigned>(conditions.size()), conditions.data());
    if (result < 0 && result != -EEXIST) return failed(name.c_str(), result);
  }
  return {};
}

Result<void> add_architectures(scmp_filter_ctx context, const Seccomp& seccomp) {
  constexpr std::string_view kPrefix = "SCMP_ARCH_";
  for (const std::string& name : seccomp.architectures) {
    std::string lower;
    for (char c : name.substr(std::min(kPrefix.size(), name.size()))) {
      lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    u32 architecture = seccomp_arch_resolve_name(lower.c_str());
    int result = architecture ? seccomp_arch_add(context, architecture) : -EINVAL;
    if (result < 0 && result != -EEXIST) return failed(name.c_str(), result);
  }
  return {};
}

}  // namespace

Result<void> load_filter(const Seccomp& seccomp) {
  TRY_ASSIGN(u32 default_action, action_of(seccomp.default_action, seccomp.default_error));
  std::unique_ptr<void, Released> context(seccomp_init(default_action));
  if (!context) return make_error(ENOMEM, "seccomp: no memory");
  // no_new_privs is its own setting.
  seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_NNP, 0);
  TRY(add_architectures(context.get(), seccomp));
  for (const SeccompRule& rule : seccomp.rules) {
    TRY(add_rule(context.get(), rule, default_action));
  }
  if (int result = seccomp_load(context.get()); result < 0) {
    return failed("cannot load the filter", result);
  }
  return {};
}

}  // namespace gantry::sandbox
