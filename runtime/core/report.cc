#include "runtime/core/report.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "emulator/base/check.h"
#include "emulator/base/log.h"
#include "emulator/base/mapped_file.h"
#include "emulator/engine/block_counts.h"
#include "emulator/x86/decoder.h"
#include "runtime/core/process.h"
#include "runtime/linux/syscall.h"

namespace gantry::runtime {
namespace {

using Ulong = unsigned long;

char emulator_description[320] = "";

void report_place(Task& task, const char* what, u64 address) {
  Mapping mapping;
  if (!task.process->memory->find(address, mapping)) {
    log_line(Channel::kProcess, "  %s %#lx: not mapped", what, static_cast<Ulong>(address));
    return;
  }
  log_line(Channel::kProcess, "  %s %#lx: %s + %#lx (mapped at %#lx-%#lx, protection %d)", what,
           static_cast<Ulong>(address),
           mapping.name.empty() ? "anonymous memory" : mapping.name.c_str(),
           static_cast<Ulong>(address - mapping.start + mapping.offset),
           static_cast<Ulong>(mapping.start), static_cast<Ulong>(mapping.end), mapping.protection);
}

void report_instruction(Channel channel, Task& task, bool disassembles) {
  u8 bytes[x86::kMaxInsnLength] = {};
  u64 size = sizeof bytes;
  while (size && !copy_in(task, bytes, task.cpu.rip, size)) size--;
  if (size == 0) return;
  char text[3 * sizeof bytes + 1] = "";
  for (u64 i = 0; i < size; i++) std::snprintf(text + 3 * i, 4, "%02x ", bytes[i]);
  x86::Insn insn;
  bool valid = x86::decode({bytes, size}, task.cpu.rip, insn) == x86::DecodeStatus::kOk;
  if (!disassembles) return log_line(channel, "  code %s", text);
  log_line(channel, "  code %s %s", text,
           valid ? x86::disassemble(insn).c_str() : "(no instruction)");
}

void report_registers(Channel channel, const guest::Cpu& cpu) {
  static constexpr const char* kNames[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp",
                                             "rsi", "rdi", "r8",  "r9",  "r10", "r11",
                                             "r12", "r13", "r14", "r15"};
  for (unsigned i = 0; i < 16; i += 4) {
    char text[128] = "";
    for (unsigned j = i; j < i + 4; j++) {
      std::size_t used = std::strlen(text);
      std::snprintf(text + used, sizeof text - used, " %s=%016lx", kNames[j],
                    static_cast<Ulong>(cpu.gpr[j]));
    }
    log_line(channel, " %s", text);
  }
  log_line(channel, "  rip=%016lx rflags=%lx fs_base=%lx gs_base=%lx", static_cast<Ulong>(cpu.rip),
           static_cast<Ulong>(cpu.rflags()), static_cast<Ulong>(cpu.fs_base),
           static_cast<Ulong>(cpu.gs_base));
}

const char* signal_name(int signal) {
  const char* name = sigabbrev_np(signal);
  return name ? name : "?";
}

// Without locks and memory, unlike report_place().
void report_mapping(const char* what, u64 address) {
  MappedFile file;
  bool found = find_mapped_file(address, file);
  const char* name = !found ? "not mapped" : file.name[0] ? file.name : "anonymous memory";
  log_line(Channel::kError, "  %s %#lx: %s + %#lx", what, static_cast<Ulong>(address), name,
           found ? static_cast<Ulong>(address - file.start + file.offset) : Ulong{0});
}

// The emulator's own image, by the linker.
extern "C" const char __ehdr_start __attribute__((visibility("hidden")));
extern "C" const char etext __attribute__((visibility("hidden")));

void report_host_place(u64 pc) {
  report_mapping("host", pc);
  auto begin = reinterpret_cast<u64>(&__ehdr_start), end = reinterpret_cast<u64>(&etext);
  if (pc < begin || pc >= end) return;
  log_line(Channel::kError, "  %#lx for addr2line", static_cast<Ulong>(pc - begin));
}

// Disassembly allocates memory: not after a fault within the allocator.
void report_guest(Task& task, bool disassembles) {
  const Process* process = task.process;
  log_line(Channel::kError, "guest: %s (process %d, thread %d), %s",
           process ? process->file_name.c_str() : "none", static_cast<int>(getpid()),
           static_cast<int>(gettid()),
           task.signals.in_personality ? "in a system call, exception or signal" : "in its code");
  report_mapping("at", task.cpu.rip);
  report_instruction(Channel::kError, task, disassembles);
  report_registers(Channel::kError, task.cpu);
  log_recent_syscalls(Channel::kError);
}

void report_emulator() {
  log_line(Channel::kError, "%s", emulator_description);
  log_line(
      Channel::kError,
      "this is an error of gantry-x64: please report it, with these lines, how the program was "
      "started, and whether --engine=interp or --exact-float helps");
}

void report_failed_check() {
  if (Task* task = current_task()) report_guest(*task, false);
  report_emulator();
}

}  // namespace

void report_death(Task& task, int signal) {
  if (!log_enabled(Channel::kProcess)) return;
  const guest::Fault& fault = task.cpu.fault;
  log_line(Channel::kProcess, "%s (process %d, thread %d) dies of signal %d: %s; exception %d",
           task.process->file_name.c_str(), static_cast<int>(getpid()), static_cast<int>(gettid()),
           signal, strsignal(signal), static_cast<int>(fault.vector));
  report_place(task, "at", task.cpu.rip);
  if (fault.vector == guest::Vector::kPageFault) report_place(task, "accessing", fault.address);
  report_instruction(Channel::kProcess, task, true);
  report_registers(Channel::kProcess, task.cpu);
  log_recent_syscalls(Channel::kProcess);
}

void report_own_fault(const siginfo_t& info, u64 pc, const void* ucontext) {
  log_line(Channel::kError, "internal error: signal %d (%s), code %d, address %#lx, at %#lx",
           info.si_signo, signal_name(info.si_signo), info.si_code,
           reinterpret_cast<Ulong>(info.si_addr), static_cast<Ulong>(pc));
  Task* task = current_task();
  bool translated = task && engine::report_translated(*task, pc, ucontext);
  if (!translated) report_host_place(pc);
  if (task) report_guest(*task, translated);
  report_emulator();
}

void prepare_reports(const char* version, const Settings& settings) {
  utsname host = {};
  uname(&host);
  std::string features = engine::host_features();
  std::snprintf(emulator_description, sizeof emulator_description,
                "gantry-x64 %s on %s, Linux %s; engine %s%s, memory model %s, host features %s",
                version, host.machine, host.release, engine::engine_name(),
                settings.exact_float ? " with exact-float" : "", settings.memory_model.c_str(),
                features.empty() ? "none" : features.c_str());
  set_check_reporter(report_failed_check);
}

void report_statistics(Task& task) {
  if (engine::options.translation.dump.counts) engine::log_block_counts();
  if (!task.process->settings.stats) return;
  log_line(Channel::kEngine, "process %d: %lu instructions interpreted, %zu blocks decoded",
           static_cast<int>(getpid()),
           static_cast<Ulong>(engine::executed_instructions() + task.executed),
           task.blocks.block_count());
  jit::Usage code = engine::translated_code_usage();
  if (code.units == 0) return;
  log_line(Channel::kEngine, "process %d: %lu instructions translated, %lu units, %lu KiB of code",
           static_cast<int>(getpid()), static_cast<Ulong>(code.insns),
           static_cast<Ulong>(code.units), static_cast<Ulong>(code.bytes >> 10));
  u64 used = engine::stored_units_used();
  if (used == 0) return;
  log_line(Channel::kEngine, "process %d: %lu units were stored before", static_cast<int>(getpid()),
           static_cast<Ulong>(used));
}

}  // namespace gantry::runtime
