// OCI runtime-spec, config-linux.md, "Seccomp". The low-level runtime resolves names for this
// machine and skips those that it does not have, so a profile that permits `open` to an amd64
// image permits nothing at all on arm64 unless `openat` is added.
//
// Only rules that permit are extended. A rule that refuses `chmod` is no boundary (fchmodat does
// the same), and one that names a call explicitly is never weakened: what the profile's author
// refused by name stays refused, though the emulator may then fail.

#include <elf.h>
#include <seccomp.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "emulator/base/log.h"
#include "oci/edits/edits.h"
#include "oci/edits/seccomp_tables.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

namespace gantry {
namespace {

using Names = std::set<std::string>;

bool permits(const std::string* action) {
  return action && (*action == "SCMP_ACT_ALLOW" || *action == "SCMP_ACT_LOG");
}

bool is_conditional(const Json& rule) {
  const Json* args = member(rule, "args");
  return args && args->is_array() && !args->empty();
}

std::vector<std::string> names_of(const Json& rule) {
  auto names = string_list(member(rule, "names"), "names");
  return names ? std::move(*names) : std::vector<std::string>();
}

// What the profile says, by name.
struct Summary {
  Names permitted;    // without a condition
  Names conditional;  // permitted under conditions only
  Names refused;      // by a rule of their own

  // Nothing is said of it, so the default action applies.
  bool is_silent_on(const std::string& name) const {
    return !permitted.count(name) && !refused.count(name);
  }
};

Summary summarize(const Json& rules) {
  Summary summary;
  for (const Json& rule : rules) {
    bool permitting = permits(string_member(rule, "action"));
    Names& names = !permitting            ? summary.refused
                   : is_conditional(rule) ? summary.conditional
                                          : summary.permitted;
    for (std::string& name : names_of(rule)) names.insert(std::move(name));
  }
  return summary;
}

Json rule_without_namespaces(const Json& action) {
  Json condition = {
      {"index", 0}, {"value", kNamespaceFlags}, {"valueTwo", 0}, {"op", "SCMP_CMP_MASKED_EQ"}};
  return {{"names", Json::array({"clone"})},
          {"action", action},
          {"args", Json::array({std::move(condition)})}};
}

class Extender {
 public:
  explicit Extender(Json& rules) : rules_(rules), summary_(summarize(rules)) {}

  void add_equivalents();
  void add_needs();

 private:
  void extend_rule(Json& rule);
  void extend_conditional(const Json& rule, const Equivalent& row);
  void permit_clone(const Json& action);
  void append(Json rule) { added_.push_back(std::move(rule)); }
  void flush();

  Json& rules_;
  Summary summary_;
  std::vector<Json> added_;
};

void Extender::permit_clone(const Json& action) {
  if (!summary_.is_silent_on("clone") || !summary_.conditional.insert("clone").second) return;
  append(rule_without_namespaces(action));
}

// A condition moves along with its arguments; where it cannot, the call stays refused rather than
// being permitted without the condition.
void Extender::extend_conditional(const Json& rule, const Equivalent& row) {
  if (row.shift == kNoShift) return;
  for (const char* name : row.native) {
    if (!name || !summary_.is_silent_on(name)) continue;
    Json moved = rule;
    moved["names"] = Json::array({name});
    for (Json& condition : moved["args"]) {
      Json* index = member(condition, "index");
      if (index && index->is_number_unsigned()) *index = index->get<unsigned>() + row.shift;
    }
    summary_.conditional.insert(name);
    append(std::move(moved));
  }
}

void Extender::extend_rule(Json& rule) {
  bool conditional = is_conditional(rule);
  for (const std::string& name : names_of(rule)) {
    const Equivalent* row = find_equivalent(name.c_str());
    if (!row) continue;
    if (conditional) {
      extend_conditional(rule, *row);
      continue;
    }
    for (const char* native : row->native) {
      if (!native) continue;
      if (std::string_view(native) == "clone") {
        permit_clone(rule["action"]);
      } else if (summary_.is_silent_on(native)) {
        summary_.permitted.insert(native);
        rule["names"].push_back(native);
      }
    }
  }
}

void Extender::flush() {
  for (Json& rule : added_) rules_.push_back(std::move(rule));
  added_.clear();
}

void Extender::add_equivalents() {
  for (Json& rule : rules_) {
    if (permits(string_member(rule, "action"))) extend_rule(rule);
  }
  flush();
}

void Extender::add_needs() {
  Json names = Json::array();
  for (const Need& need : seccomp_needs()) {
    if (summary_.refused.count(need.name)) {
      LOG(kOci, "the seccomp profile refuses %s, which the emulator needs: %s", need.name,
          need.reason);
    } else if (std::string_view(need.name) == "clone") {
      permit_clone("SCMP_ACT_ALLOW");
    } else if (!summary_.permitted.count(need.name)) {
      names.push_back(need.name);
    }
  }
  if (!names.empty()) append({{"names", std::move(names)}, {"action", "SCMP_ACT_ALLOW"}});
  flush();
}

// clone(2), "C library/kernel differences": on x86-64 the last arguments are (ctid, tls), on
// machines with CLONE_BACKWARDS (arm64, riscv64) they are (tls, ctid).
void swap_clone_arguments(Json& rules) {
  for (Json& rule : rules) {
    if (!is_conditional(rule) || names_of(rule) != std::vector<std::string>{"clone"}) continue;
    for (Json& condition : rule["args"]) {
      Json* index = member(condition, "index");
      if (!index || !index->is_number_unsigned()) continue;
      unsigned value = index->get<unsigned>();
      if (value == 3 || value == 4) *index = 7 - value;
    }
  }
}

// Rules for several names that include clone are taken apart, so that clone's can be changed.
void separate_clone(Json& rules) {
  Json separated = Json::array();
  for (Json& rule : rules) {
    std::vector<std::string> names = names_of(rule);
    auto clone = std::find(names.begin(), names.end(), "clone");
    if (is_conditional(rule) && clone != names.end() && names.size() > 1) {
      Json alone = rule;
      alone["names"] = Json::array({"clone"});
      names.erase(std::remove(names.begin(), names.end(), "clone"), names.end());
      rule["names"] = names;
      separated.push_back(std::move(alone));
    }
  }
  for (Json& rule : separated) rules.push_back(std::move(rule));
}

const char* host_architecture() {
  switch (host_machine()) {
    case EM_X86_64:
      return "SCMP_ARCH_X86_64";
    case EM_AARCH64:
      return "SCMP_ARCH_AARCH64";
    case EM_RISCV:
      return "SCMP_ARCH_RISCV64";
    case EM_LOONGARCH:
      return "SCMP_ARCH_LOONGARCH64";
    default:
      return nullptr;
  }
}

bool is_x86(const Json& architecture) {
  return architecture == "SCMP_ARCH_X86_64" || architecture == "SCMP_ARCH_X86" ||
         architecture == "SCMP_ARCH_X32";
}

void replace_architectures(Json& seccomp) {
  Json* list = member(seccomp, "architectures");
  if (!list || !list->is_array() || host_machine() == EM_X86_64) return;
  Json replaced = Json::array({host_architecture()});
  for (Json& architecture : *list) {
    if (!is_x86(architecture) && architecture != replaced[0]) {
      replaced.push_back(std::move(architecture));
    }
  }
  *list = std::move(replaced);
}

// crun's run.oci.seccomp_fail_unknown_syscall refuses a profile that names a call which this
// machine lacks; a profile for x86-64 names some.
void drop_foreign_names(Json& rules) {
  for (Json& rule : rules) {
    if (!rule.is_object()) continue;
    Json known = Json::array();
    for (const std::string& name : names_of(rule)) {
      bool foreign =
          seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name.c_str()) != __NR_SCMP_ERROR &&
          seccomp_syscall_resolve_name(name.c_str()) < 0;
      if (!foreign) known.push_back(name);
    }
    rule["names"] = std::move(known);
  }
  auto is_empty = [](const Json& rule) { return rule.is_object() && rule["names"].empty(); };
  auto& list = *rules.get_ptr<Json::array_t*>();
  list.erase(std::remove_if(list.begin(), list.end(), is_empty), list.end());
}

}  // namespace

void extend_seccomp(Json& spec, const Plan&) {
  Json* linux_section = member(spec, "linux");
  Json* seccomp = linux_section ? member(*linux_section, "seccomp") : nullptr;
  if (!seccomp || !seccomp->is_object()) return;
  replace_architectures(*seccomp);
  Json& rules = (*seccomp)["syscalls"];
  if (!rules.is_array()) rules = Json::array();
  if (host_machine() == EM_AARCH64 || host_machine() == EM_RISCV) {
    separate_clone(rules);
    swap_clone_arguments(rules);
  }
  if (!permits(string_member(*seccomp, "defaultAction"))) {
    Extender extender(rules);
    extender.add_equivalents();
    extender.add_needs();
  }
  const Json* annotations = member(spec, "annotations");
  if (annotations && member(*annotations, "run.oci.seccomp_fail_unknown_syscall")) {
    drop_foreign_names(rules);
  }
}

}  // namespace gantry
