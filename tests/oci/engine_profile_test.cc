// The default seccomp profiles of engines, as these wrote them, through the translation.

#include <gtest/gtest.h>

#include <algorithm>

#include "oci/edits/edits.h"
#include "oci/edits/seccomp_tables.h"
#include "tests/oci/support/engine_documents.h"
#include "tests/oci/support/seccomp_rules.h"

namespace gantry {
namespace {

using test::EngineDocument;
using test::names_with;
using test::rules_for;
using Names = std::set<std::string>;

constexpr const char* kAllow = "SCMP_ACT_ALLOW";
constexpr const char* kErrno = "SCMP_ACT_ERRNO";

class EngineProfile : public ::testing::TestWithParam<EngineDocument> {
 protected:
  EngineProfile() : seccomp_(GetParam().spec["linux"]["seccomp"]), before_(seccomp_["syscalls"]) {
    Json spec = {{"linux", {{"seccomp", seccomp_}}}};
    extend_seccomp(spec, Plan());
    after_ = spec["linux"]["seccomp"]["syscalls"];
  }

  Json seccomp_, before_, after_;
};

// What an attacker in a container would want.
constexpr const char* kRefused[] = {
    "add_key",         "bpf",         "clock_settime", "delete_module", "finit_module",
    "fsopen",          "init_module", "kexec_load",    "keyctl",        "mount",
    "mount_setattr",   "move_mount",  "open_tree",     "umount2",       "open_by_handle_at",
    "perf_event_open", "pivot_root",  "reboot",        "request_key",   "setns",
    "settimeofday",    "swapon",      "unshare",       "userfaultfd"};

TEST_P(EngineProfile, NothingIsTakenAway) {
  ASSERT_GE(after_.size(), before_.size());
  for (std::size_t i = 0; i < before_.size(); i++) {
    Json kept = after_[i];
    Json& names = kept["names"];
    ASSERT_GE(names.size(), before_[i]["names"].size());
    names.erase(names.begin() + static_cast<std::ptrdiff_t>(before_[i]["names"].size()),
                names.end());
    EXPECT_EQ(kept, before_[i]);
  }
}

TEST_P(EngineProfile, OnlyEquivalentsAndNeedsAreAdded) {
  Names expected = names_with(before_, kAllow);
  ASSERT_GT(expected.size(), 200u);
  Names permitted = expected;
  for (const std::string& name : permitted) {
    const Equivalent* row = find_equivalent(name.c_str());
    for (const char* native : row ? row->native : Equivalent{}.native) {
      if (native) expected.insert(native);
    }
  }
  for (const Need& need : seccomp_needs()) expected.insert(need.name);
  for (const std::string& name : names_with(before_, kErrno)) expected.erase(name);
  for (const std::string& name : names_with(after_, kAllow)) {
    EXPECT_TRUE(expected.count(name)) << name;
  }
}

TEST_P(EngineProfile, RefusedCallsStayRefused) {
  for (const char* name : kRefused) {
    EXPECT_TRUE(rules_for(before_, name).empty()) << name << ": the test has no edge any more";
    EXPECT_TRUE(rules_for(after_, name).empty()) << name;
  }
}

// New namespaces, executable data of old programs, sockets of the hypervisor; and clone3, whose
// flags no filter can see.
TEST_P(EngineProfile, ConditionsStay) {
  for (const char* name : {"clone", "clone3", "personality", "socket"}) {
    EXPECT_FALSE(rules_for(before_, name).empty()) << name << ": the test has no edge any more";
    EXPECT_EQ(rules_for(after_, name), rules_for(before_, name)) << name;
  }
}

TEST_P(EngineProfile, WhatIsPermittedHasItsEquivalents) {
  Names permitted = names_with(after_, kAllow);
  for (const std::string& name : names_with(before_, kAllow)) {
    const Equivalent* row = find_equivalent(name.c_str());
    for (const char* native : row ? row->native : Equivalent{}.native) {
      if (!native || native == std::string("clone")) continue;
      EXPECT_TRUE(permitted.count(native)) << native << " for " << name;
    }
  }
}

TEST_P(EngineProfile, SecondTimeChangesNothing) {
  Json spec = {{"linux", {{"seccomp", seccomp_}}}};
  spec["linux"]["seccomp"]["syscalls"] = after_;
  extend_seccomp(spec, Plan());
  EXPECT_EQ(spec["linux"]["seccomp"]["syscalls"], after_);
}

// Elsewhere there are no documents.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EngineProfile);
INSTANTIATE_TEST_SUITE_P(EngineProfiles, EngineProfile,
                         ::testing::ValuesIn(test::engine_documents()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace gantry
