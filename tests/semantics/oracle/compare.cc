#include "tests/semantics/oracle/compare.h"

#include <cstring>

#include "tests/semantics/oracle/undefined.h"

namespace gantry::oracle {
namespace {

class Report {
 public:
  void value(const std::string& name, u64 cpu, u64 eval) {
    if (cpu == eval) return;
    char line[128];
    std::snprintf(line, sizeof line, "%s%s: cpu %lx, eval %lx", text_.empty() ? "" : "; ",
                  name.c_str(), cpu, eval);
    text_ += line;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void compare_general(Report& report, const State& cpu, const State& eval, u64 undefined) {
  constexpr const char* kNames[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                      "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
  for (unsigned i = 0; i < 16; i++) report.value(kNames[i], cpu.gpr[i], eval.gpr[i]);
  report.value("rflags", cpu.rflags & ~undefined, eval.rflags & ~undefined);
  report.value("rip", cpu.rip, eval.rip);
  report.value("gs_base", cpu.gs_base, eval.gs_base);
  report.value("es", cpu.es, eval.es);
  report.value("ss", cpu.ss, eval.ss);
  report.value("ds", cpu.ds, eval.ds);
  report.value("gs", cpu.gs, eval.gs);
}

// Not the x87 instruction and operand pointers.
void compare_fpu(Report& report, const guest::FxsaveImage& cpu, const guest::FxsaveImage& eval) {
  report.value("fcw", cpu.control, eval.control);
  report.value("fsw", cpu.status, eval.status);
  report.value("ftw", cpu.tags, eval.tags);
  report.value("mxcsr", cpu.mxcsr, eval.mxcsr);
  for (unsigned i = 0; i < 8; i++) {
    std::string name = "st" + std::to_string(i);
    report.value(name, cpu.st[i].significand, eval.st[i].significand);
    report.value(name + ".exponent", cpu.st[i].sign_exponent, eval.st[i].sign_exponent);
  }
  for (unsigned i = 0; i < 16; i++) {
    std::string name = "xmm" + std::to_string(i);
    report.value(name + ".lo", cpu.xmm[i].lo, eval.xmm[i].lo);
    report.value(name + ".hi", cpu.xmm[i].hi, eval.xmm[i].hi);
  }
}

void compare_memory(Report& report, const Outcome& cpu, const Outcome& eval) {
  if (std::memcmp(cpu.data, eval.data, kDataSize) == 0) return;
  for (u64 i = 0; i < kDataSize; i += 8) {
    u64 a, b;
    std::memcpy(&a, cpu.data + i, 8);
    std::memcpy(&b, eval.data + i, 8);
    char name[32];
    std::snprintf(name, sizeof name, "[%lx]", kDataBase + i);
    report.value(name, a, b);
  }
}

// A read-modify-write that faults asked for writing already when it read; Eval's read did not, and
// may meet another page of an operand that crosses two. State is unchanged in both.
bool is_update_fault(const Case& c, const Outcome& cpu, const Outcome& eval) {
  constexpr u32 kPageFault = 14;
  bool both = cpu.faulted && eval.faulted && cpu.vector == kPageFault && eval.vector == kPageFault;
  bool memory = c.insn.op[0].kind == x86::OperandKind::kMemory;
  return both && memory && (cpu.error & 2) && !(eval.error & 2);
}

}  // namespace

std::string differences(const Case& c, const Outcome& cpu, const Outcome& eval) {
  Report report;
  if (is_update_fault(c, cpu, eval)) return {};
  report.value("fault", cpu.faulted ? cpu.vector : 256, eval.faulted ? eval.vector : 256);
  if (cpu.faulted && eval.faulted) {
    report.value("error code", cpu.error, eval.error);
    report.value("fault address", cpu.address, eval.address);
  }
  compare_general(report, cpu.state, eval.state, cpu.faulted ? 0 : undefined_flags(c));
  if (std::memcmp(&cpu.state.fx, &eval.state.fx, offsetof(guest::FxsaveImage, reserved1)) != 0) {
    compare_fpu(report, cpu.state.fx, eval.state.fx);
  }
  compare_memory(report, cpu, eval);
  return report.text();
}

}  // namespace gantry::oracle
