#include "runtime/proc/content.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <vector>

#include "emulator/base/files.h"
#include "emulator/semantics/cpuid.h"
#include "emulator/semantics/features.h"
#include "runtime/core/process.h"

namespace gantry::runtime::proc {
namespace {

// Calls visit(line) for every line, without its end.
template <typename F>
void for_each_line(const std::string& text, F&& visit) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    visit(text.substr(at, end - at));
    at = end + 1;
  }
}

// The line of a mapping, without its end (fs/proc/task_mmu.c, show_map_vma).
std::string maps_line(const Mapping& mapping) {
  constexpr std::size_t kNameColumn = 73;
  char text[128];
  auto flag = [&](int bit, char letter) { return mapping.protection & bit ? letter : '-'; };
  std::snprintf(text, sizeof text, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ",
                static_cast<unsigned long>(mapping.start), static_cast<unsigned long>(mapping.end),
                flag(PROT_READ, 'r'), flag(PROT_WRITE, 'w'), flag(PROT_EXEC, 'x'),
                (mapping.flags & MAP_TYPE) == MAP_PRIVATE ? 'p' : 's',
                static_cast<unsigned long>(mapping.offset), major(mapping.device),
                minor(mapping.device), static_cast<unsigned long>(mapping.inode));
  std::string line = text;
  if (mapping.name.empty()) return line;
  line.resize(std::max(line.size(), kNameColumn), ' ');
  return line + mapping.name;
}

std::string guest_string(Task& task, u64 start, u64 end) {
  std::string text(end > start ? end - start : 0, '\0');
  if (!copy_in(task, text.data(), start, text.size())) text.clear();
  return text;
}

std::string hexadecimal(u64 value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016lx", static_cast<unsigned long>(value));
  return text;
}

// "key<tab>: value" as arch/x86/kernel/cpu/proc.c prints it.
void append_field(std::string& text, const char* key, const std::string& value) {
  text += key;
  text += ": " + value + "\n";
}

}  // namespace

std::string maps(const AddressSpace& memory) {
  std::string text;
  memory.for_each([&](const Mapping& mapping) { text += maps_line(mapping) + "\n"; });
  return text;
}

// The host's groups of lines, each behind the guest's line of the mapping it belongs to.
std::string smaps(const AddressSpace& memory, const std::string& host_text) {
  std::map<u64, Mapping> mappings;  // by end
  memory.for_each([&](const Mapping& mapping) { mappings.emplace(mapping.end, mapping); });
  std::string text;
  bool visible = false;
  for_each_line(host_text, [&](const std::string& line) {
    unsigned long start, end;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &start, &end) != 2) {
      if (visible) text += line + "\n";
      return;
    }
    auto it = mappings.upper_bound(start);
    visible = it != mappings.end() && it->second.start < end;
    if (!visible) return;
    Mapping part = it->second;
    part.offset += std::max<u64>(start, part.start) - part.start;
    part.start = std::max<u64>(start, part.start);
    part.end = std::min<u64>(end, part.end);
    text += maps_line(part) + "\n";
  });
  return text;
}

std::string cpuinfo() {
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  std::string text;
  for (long cpu = 0; cpu < count; cpu++) {
    std::string number = std::to_string(cpu), total = std::to_string(count);
    append_field(text, "processor\t", number);
    append_field(text, "vendor_id\t", sem::kVendor);
    append_field(text, "cpu family\t", std::to_string(sem::kFamily));
    append_field(text, "model\t\t", std::to_string(sem::kModel));
    append_field(text, "model name\t", sem::kBrand);
    append_field(text, "stepping\t", std::to_string(sem::kStepping));
    append_field(text, "microcode\t", "0x1");
    append_field(text, "cpu MHz\t\t", "1000.000");
    append_field(text, "cache size\t", "16384 KB");
    append_field(text, "physical id\t", "0");
    append_field(text, "siblings\t", total);
    append_field(text, "core id\t\t", number);
    append_field(text, "cpu cores\t", total);
    append_field(text, "apicid\t\t", number);
    append_field(text, "initial apicid\t", number);
    append_field(text, "fpu\t\t", "yes");
    append_field(text, "fpu_exception\t", "yes");
    append_field(text, "cpuid level\t", std::to_string(sem::cpuid(0, 0).eax));
    append_field(text, "wp\t\t", "yes");
    append_field(text, "flags\t\t", sem::cpuinfo_flags());
    append_field(text, "bugs\t\t", "");
    append_field(text, "bogomips\t", "2000.00");
    append_field(text, "clflush size\t", "64");
    append_field(text, "cache_alignment\t", "64");
    append_field(text, "address sizes\t", "46 bits physical, 48 bits virtual");
    append_field(text, "power management", "");
    text += "\n";
  }
  return text;
}

// The host blocks and catches other signals than the guest does.
std::string status(const Task& task, const std::string& host_text) {
  u64 ignored = 0, caught = 0;
  for (int signal = 1; signal <= kSignalCount; signal++) {
    u64 handler = task.process->signals.actions[signal].handler;
    if (handler == 1) ignored |= u64{1} << (signal - 1);  // SIG_IGN
    if (handler > 1) caught |= u64{1} << (signal - 1);
  }
  std::string text;
  for_each_line(host_text, [&](const std::string& line) {
    if (line.starts_with("SigBlk:")) {
      text += "SigBlk:\t" + hexadecimal(task.signals.mask);
    } else if (line.starts_with("SigIgn:")) {
      text += "SigIgn:\t" + hexadecimal(ignored);
    } else if (line.starts_with("SigCgt:")) {
      text += "SigCgt:\t" + hexadecimal(caught);
    } else {
      text += line;
    }
    text += "\n";
  });
  return text;
}

// Fields as numbered in proc(5); those after the name, which is in parentheses, are simple words.
std::string stat(const Process& process, const std::string& host_text) {
  const loader::Image& image = process.image;
  std::size_t name_end = host_text.rfind(')');
  if (name_end == std::string::npos) return host_text;
  std::vector<std::string> words;
  for (std::size_t at = name_end + 2; at < host_text.size();) {
    std::size_t end = std::min(host_text.find_first_of(" \n", at), host_text.size());
    words.push_back(host_text.substr(at, end - at));
    at = end + 1;
  }
  constexpr std::size_t kFirstField = 3;
  auto set = [&](std::size_t field, u64 value) {
    if (field - kFirstField < words.size()) words[field - kFirstField] = std::to_string(value);
  };
  set(26, image.code_start);
  set(27, image.code_end);
  set(28, image.stack_pointer);
  set(45, image.data_start);
  set(46, image.data_end);
  set(47, process.memory->heap_start());
  set(48, image.arguments_start);
  set(49, image.arguments_end);
  set(50, image.environment_start);
  set(51, image.environment_end);
  std::string text = host_text.substr(0, name_end + 1);
  for (const std::string& word : words) text += " " + word;
  return text + "\n";
}

std::string command_line(Task& task) {
  const loader::Image& image = task.process->image;
  return guest_string(task, image.arguments_start, image.arguments_end);
}

std::string environment(Task& task) {
  const loader::Image& image = task.process->image;
  return guest_string(task, image.environment_start, image.environment_end);
}

}  // namespace gantry::runtime::proc
