#include "oci/default_seccomp.h"

#include <gtest/gtest.h>
#include <seccomp.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace gantry {
namespace {

using Names = std::set<std::string>;

// By action: the calls that a profile names without a condition.
std::map<std::string, Names> unconditional(const Json& profile) {
  std::map<std::string, Names> found;
  for (const Json& rule : profile["syscalls"]) {
    const Json* args = member(rule, "args");
    if (args && args->is_array() && !args->empty()) continue;
    for (const Json& name : rule["names"]) found[rule["action"]].insert(name.get<std::string>());
  }
  return found;
}

TEST(DefaultSeccomp, NoCallIsBothPermittedAndRefused) {
  auto found = unconditional(default_seccomp({}));
  for (const std::string& name : found["SCMP_ACT_ERRNO"]) {
    EXPECT_FALSE(found["SCMP_ACT_ALLOW"].count(name)) << name;
  }
}

// A mistyped name would silently permit nothing.
TEST(DefaultSeccomp, NamesAreOnesThatLibseccompKnows) {
  // Later than the libseccomp of some hosts.
  const Names kNew = {"fchmodat2", "quotactl_fd", "riscv_hwprobe"};
  for (auto& [action, names] : unconditional(default_seccomp({}))) {
    for (const std::string& name : names) {
      int number = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name.c_str());
      EXPECT_TRUE(number != __NR_SCMP_ERROR || kNew.count(name)) << name;
    }
  }
}

TEST(DefaultSeccomp, CapabilitiesOpenTheirCalls) {
  EXPECT_TRUE(unconditional(default_seccomp({}))["SCMP_ACT_ERRNO"].count("chroot"));
  EXPECT_TRUE(unconditional(default_seccomp({"CAP_SYS_CHROOT"}))["SCMP_ACT_ALLOW"].count("chroot"));
  EXPECT_TRUE(unconditional(default_seccomp({"CAP_SYS_ADMIN"}))["SCMP_ACT_ALLOW"].count("setns"));
}

TEST(DefaultSeccomp, WhatChangesTheMachineIsNotPermitted) {
  Names permitted = unconditional(default_seccomp({}))["SCMP_ACT_ALLOW"];
  for (const char* name : {"init_module", "kexec_load", "bpf", "perf_event_open", "userfaultfd",
                           "io_uring_setup", "open_by_handle_at", "settimeofday", "swapon",
                           "add_key", "iopl", "personality", "socket"}) {
    EXPECT_FALSE(permitted.count(name)) << name;
  }
}

// Podman's profile, where it is installed: what it permits to everyone we permit, but for old names
// and one that it lists twice, and nothing that it refuses.
TEST(DefaultSeccomp, PermitsWhatPodmanDoes) {
  std::ifstream file("/usr/share/containers/seccomp.json");
  if (!file) GTEST_SKIP() << "no /usr/share/containers/seccomp.json here";
  std::stringstream text;
  text << file.rdbuf();
  Json podman = Json::parse(text.str());
  Json everyone = Json::array();
  for (const Json& rule : podman["syscalls"]) {
    const Json* includes = member(rule, "includes");
    if (!includes || includes->empty()) everyone.push_back(rule);
  }
  podman["syscalls"] = everyone;
  auto theirs = unconditional(podman), ours = unconditional(default_seccomp({}));
  const Names kOmitted = {"recv", "send", "setns", "syscall", "timerfd"};
  for (const std::string& name : theirs["SCMP_ACT_ALLOW"]) {
    EXPECT_TRUE(ours["SCMP_ACT_ALLOW"].count(name) || kOmitted.count(name) ||
                seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name.c_str()) < 0)
        << name;
  }
  for (const std::string& name : theirs["SCMP_ACT_ERRNO"]) {
    EXPECT_FALSE(ours["SCMP_ACT_ALLOW"].count(name)) << name;
  }
}

}  // namespace
}  // namespace gantry
