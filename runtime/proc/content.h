// What the synthetic files hold.
#pragma once

#include <string>

#include "runtime/core/task.h"
#include "runtime/memory/address_space.h"

namespace gantry::runtime::proc {

// proc(5): /proc/self/maps of the guest's mappings.
std::string maps(const AddressSpace& memory);

// /proc/cpuinfo of an x86-64 machine, with the emulated CPU's features.
std::string cpuinfo();

// These start from the host's text of the same file.
std::string smaps(const AddressSpace& memory, const std::string& host_text);
std::string status(const Task& task, const std::string& host_text);
std::string stat(const Process& process, const std::string& host_text);

// Strings on the guest's stack; as the guest has changed them.
std::string command_line(Task& task);
std::string environment(Task& task);

}  // namespace gantry::runtime::proc
