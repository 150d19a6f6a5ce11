// How x86-64 system call names relate to those of the other architectures, and what the emulator
// itself calls.
#pragma once

#include <array>
#include <span>

namespace gantry {

// Argument conditions of the x86-64 call cannot be carried over to its equivalents.
constexpr int kNoShift = -1;

// A call that exists on x86-64 and not on every host. `native` are the calls that do its work
// there; none for calls that the emulator answers without the kernel, or not at all.
struct Equivalent {
  const char* guest;
  std::array<const char*, 3> native;
  // How far the arguments are moved: 1 where a directory descriptor comes first.
  int shift = kNoShift;
};

// Names of `clone` stand for clone without new namespaces: see kNamespaceFlags.
std::span<const Equivalent> seccomp_equivalents();
const Equivalent* find_equivalent(const char* guest_name);

struct Need {
  const char* name;
  const char* reason;
};

std::span<const Need> seccomp_needs();

// CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
// CLONE_NEWNET: who may fork may not therefore make namespaces. The value that the profiles of
// podman and docker use.
constexpr unsigned long kNamespaceFlags = 0x7E020000;

}  // namespace gantry
