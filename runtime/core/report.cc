#include "runtime/core/report.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "emulator/base/log.h"
#include "emulator/x86/decoder.h"
#include "runtime/core/process.h"
#include "runtime/linux/syscall.h"

namespace gantry::runtime {
namespace {

using Ulong = unsigned long;

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

void report_instruction(Task& task) {
  u8 bytes[x86::kMaxInsnLength] = {};
  u64 size = sizeof bytes;
  while (size && !copy_in(task, bytes, task.cpu.rip, size)) size--;
  if (size == 0) return;
  char text[3 * sizeof bytes + 1] = "";
  for (u64 i = 0; i < size; i++) std::snprintf(text + 3 * i, 4, "%02x ", bytes[i]);
  x86::Insn insn;
  bool valid = x86::decode({bytes, size}, task.cpu.rip, insn) == x86::DecodeStatus::kOk;
  log_line(Channel::kProcess, "  code %s %s", text,
           valid ? x86::disassemble(insn).c_str() : "(no instruction)");
}

void report_registers(const guest::Cpu& cpu) {
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
    log_line(Channel::kProcess, " %s", text);
  }
  log_line(Channel::kProcess, "  rip=%016lx rflags=%lx fs_base=%lx gs_base=%lx",
           static_cast<Ulong>(cpu.rip), static_cast<Ulong>(cpu.rflags()),
           static_cast<Ulong>(cpu.fs_base), static_cast<Ulong>(cpu.gs_base));
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
  report_instruction(task);
  report_registers(task.cpu);
  log_recent_syscalls();
}

void report_statistics(Task& task) {
  if (!task.process->settings.stats) return;
  log_line(Channel::kEngine, "process %d: %lu instructions executed, %zu blocks decoded",
           static_cast<int>(getpid()),
           static_cast<Ulong>(engine::executed_instructions() + task.executed),
           task.blocks.block_count());
}

}  // namespace gantry::runtime
