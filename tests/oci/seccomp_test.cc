#include <gtest/gtest.h>
#include <seccomp.h>

#include <algorithm>
#include <set>

#include "oci/edits/edits.h"
#include "oci/edits/seccomp_tables.h"
#include "oci/program_file.h"
#include "tests/oci/support/seccomp_rules.h"

namespace gantry {
namespace {

using test::rules_for;

constexpr const char* kErrno = "SCMP_ACT_ERRNO";
constexpr const char* kAllow = "SCMP_ACT_ALLOW";

Json rule(std::vector<std::string> names, const char* action, Json args = nullptr) {
  Json value = {{"names", std::move(names)}, {"action", action}};
  if (!args.is_null()) value["args"] = std::move(args);
  return value;
}

Json condition(unsigned index, unsigned long value, const char* op = "SCMP_CMP_EQ") {
  return {{"index", index}, {"value", value}, {"op", op}};
}

Json extended(Json rules, const char* default_action = kErrno) {
  Json spec = {
      {"linux",
       {{"seccomp", {{"defaultAction", default_action}, {"syscalls", std::move(rules)}}}}}};
  extend_seccomp(spec, Plan());
  return spec["linux"]["seccomp"]["syscalls"];
}

TEST(Seccomp, NoProfileStaysNone) {
  Json spec = {{"linux", Json::object()}};
  extend_seccomp(spec, Plan());
  EXPECT_EQ(spec.dump(), R"({"linux":{}})");
}

TEST(Seccomp, PermittedNamesGainTheirEquivalents) {
  Json rules = extended(Json::array({rule({"open", "stat", "epoll_wait", "arch_prctl"}, kAllow)}));
  EXPECT_EQ(rules[0]["names"], Json({"open", "stat", "epoll_wait", "arch_prctl", "openat",
                                     "newfstatat", "statx", "epoll_pwait"}));
}

TEST(Seccomp, ForkDoesNotPermitNamespaces) {
  Json clone = rules_for(extended(Json::array({rule({"fork", "vfork"}, kAllow)})), "clone");
  ASSERT_EQ(clone.size(), 1u);
  EXPECT_EQ(clone[0]["args"][0]["op"], "SCMP_CMP_MASKED_EQ");
  EXPECT_EQ(clone[0]["args"][0]["value"], 0x7E020000u);
}

TEST(Seccomp, TheProfilesOwnCloneRuleStays) {
  Json own = rule({"clone"}, kAllow, Json::array({condition(0, 0x7E020000, "SCMP_CMP_MASKED_EQ")}));
  EXPECT_EQ(rules_for(extended({own, rule({"fork"}, kAllow)}), "clone"), Json::array({own}));
}

TEST(Seccomp, RefusedNamesStayRefused) {
  Json refusing = rule({"openat", "mmap"}, kErrno);
  Json rules = extended({rule({"open"}, kAllow), refusing});
  EXPECT_EQ(rules_for(rules, "openat"), Json::array({refusing}));
  EXPECT_EQ(rules_for(rules, "mmap"), Json::array({refusing}));
}

TEST(Seccomp, RefusingRulesAreNotExtended) {
  Json refusing = rule({"chmod"}, kErrno);
  EXPECT_EQ(rules_for(extended(Json::array({refusing})), "chmod"), Json::array({refusing}));
  EXPECT_TRUE(rules_for(extended(Json::array({refusing})), "fchmodat").empty());
}

TEST(Seccomp, ConditionsMoveWithTheirArguments) {
  Json rules = extended(Json::array({rule({"open"}, kAllow, Json::array({condition(1, 2)}))}));
  // The emulator needs openat without a condition all the same.
  Json openat = rules_for(rules, "openat");
  EXPECT_EQ(openat[0]["args"], Json::array({condition(2, 2)}));
  Json link = rule({"link"}, kAllow, Json::array({condition(1, 2)}));
  EXPECT_TRUE(rules_for(extended(Json::array({link})), "linkat").empty());
}

TEST(Seccomp, TheEmulatorGetsWhatItNeeds) {
  Json rules = extended(Json::array({rule({"read", "membarrier"}, kAllow)}));
  EXPECT_EQ(rules_for(rules, "membarrier").size(), 1u);
  EXPECT_EQ(rules_for(rules, "memfd_create").size(), 1u);
  EXPECT_EQ(rules_for(rules, "userfaultfd").size(), 0u);
}

TEST(Seccomp, AProfileThatPermitsByDefaultStays) {
  Json rules = Json::array({rule({"ptrace"}, kErrno)});
  EXPECT_EQ(extended(rules, kAllow), rules);
}

TEST(Seccomp, SecondTimeChangesNothing) {
  Json once = extended({rule({"open", "fork", "stat"}, kAllow), rule({"dup2"}, kAllow)});
  EXPECT_EQ(extended(once), once);
}

TEST(Seccomp, ForeignNamesAreDroppedWhereTheyAreErrors) {
  Json spec = {{"annotations", {{"run.oci.seccomp_fail_unknown_syscall", "true"}}},
               {"linux",
                {{"seccomp",
                  {{"defaultAction", kErrno},
                   {"syscalls", Json::array({rule({"open", "no_such_call", "read"}, kAllow)})}}}}}};
  extend_seccomp(spec, Plan());
  Json names = spec["linux"]["seccomp"]["syscalls"][0]["names"];
  EXPECT_NE(std::find(names.begin(), names.end(), "no_such_call"), names.end());
  bool has_open = std::find(names.begin(), names.end(), "open") != names.end();
  EXPECT_EQ(has_open, seccomp_syscall_resolve_name("open") >= 0);
}

TEST(Seccomp, BrokenProfilesDoNotBreakUs) {
  Json spec = {
      {"linux",
       {{"seccomp", {{"defaultAction", 5}, {"syscalls", Json::array({Json{{"names", 3}}, 7})}}}}}};
  extend_seccomp(spec, Plan());
  EXPECT_TRUE(spec["linux"]["seccomp"]["syscalls"].is_array());
}

// Every call that x86-64 has and another host lacks must have a row.
TEST(Seccomp, TableIsComplete) {
  std::set<std::string> rows;
  for (const Equivalent& row : seccomp_equivalents()) {
    EXPECT_TRUE(rows.insert(row.guest).second) << row.guest;
  }
#ifdef SCMP_ARCH_LOONGARCH64
  constexpr u32 kHosts[] = {SCMP_ARCH_AARCH64, SCMP_ARCH_RISCV64, SCMP_ARCH_LOONGARCH64};
#else
  constexpr u32 kHosts[] = {SCMP_ARCH_AARCH64, SCMP_ARCH_RISCV64};
#endif
  for (u32 host : kHosts) {
    for (int number = 0; number < 600; number++) {
      char* name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, number);
      if (!name) continue;
      bool is_missing = seccomp_syscall_resolve_name_arch(host, name) < 0;
      EXPECT_TRUE(!is_missing || rows.count(name)) << name;
      std::free(name);
    }
  }
}

TEST(Seccomp, EquivalentsExist) {
  for (const Equivalent& row : seccomp_equivalents()) {
    for (const char* name : row.native) {
      if (!name) continue;
      EXPECT_GE(seccomp_syscall_resolve_name_arch(SCMP_ARCH_AARCH64, name), 0) << name;
    }
  }
}

}  // namespace
}  // namespace gantry
