#include "emulator/engine/state_text.h"

#include "emulator/base/format.h"
#include "emulator/x86/decoder.h"

namespace gantry::engine {
namespace {

using guest::Cpu;
using guest::V128;

constexpr const char* kGprNames[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                       "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
constexpr const char* kSegmentNames[6] = {"es", "cs", "ss", "ds", "fs", "gs"};

std::string hex(u64 value) { return format("%016lx", value); }
std::string hex(const V128& value) { return format("%016lx%016lx", value.hi, value.lo); }
std::string hex(const guest::F80& value) {
  return format("%04x%016lx", value.sign_exponent, value.significand);
}

// The name of a register that is one of several.
std::string name_of(const char* name, int number) {
  return number < 0 ? name : format(name, number);
}

// Calls visit(name, number, value of a, value of b) for all that a guest can see; the number goes
// into the name where it is not negative.
template <typename F>
void for_each_register(const Cpu& a, const Cpu& b, F visit) {
  auto one = [&](const char* name, u64 x, u64 y) { visit(name, -1, x, y); };
  for (int n = 0; n < 16; n++) one(kGprNames[n], a.gpr[n], b.gpr[n]);
  one("rip", a.rip, b.rip);
  one("rflags", a.rflags(), b.rflags());
  one("mxcsr", a.mxcsr, b.mxcsr);
  one("fs_base", a.fs_base, b.fs_base);
  one("gs_base", a.gs_base, b.gs_base);
  for (int n = 0; n < 6; n++) one(kSegmentNames[n], a.segment[n], b.segment[n]);
  for (int n = 0; n < 16; n++) visit("xmm%d", n, a.xmm[n], b.xmm[n]);
  for (int n = 0; n < 16; n++) visit("ymm%d_high", n, a.ymm_high[n], b.ymm_high[n]);
  for (int n = 0; n < 8; n++) visit("fpr%d", n, a.x87.st[n], b.x87.st[n]);
  one("fcw", a.x87.control, b.x87.control);
  one("fsw", a.x87.status, b.x87.status);
  one("top", a.x87.top, b.x87.top);
  one("ftw", a.x87.valid, b.x87.valid);
  one("fop", a.x87.opcode, b.x87.opcode);
  one("fip", a.x87.rip, b.x87.rip);
  one("fdp", a.x87.rdp, b.x87.rdp);
  one("exit", static_cast<u64>(a.exit), static_cast<u64>(b.exit));
  one("exit_detail", a.exit_detail, b.exit_detail);
}

}  // namespace

bool equal_state(const Cpu& a, const Cpu& b) {
  bool equal = true;
  for_each_register(
      a, b, [&](const char*, int, const auto& x, const auto& y) { equal = equal && x == y; });
  return equal;
}

std::string state_differences(const Cpu& a, const Cpu& b) {
  std::string text;
  for_each_register(a, b, [&](const char* name, int number, const auto& x, const auto& y) {
    if (x == y) return;
    text += "  " + name_of(name, number) + ": " + hex(x) + " " + hex(y) + "\n";
  });
  return text;
}

std::string state_text(const Cpu& cpu) {
  std::string text;
  std::size_t line = 0;
  for_each_register(cpu, cpu, [&](const char* name, int number, const auto& value, const auto&) {
    if (value == std::remove_cvref_t<decltype(value)>{}) return;
    std::string item = "  " + name_of(name, number) + "=" + hex(value);
    constexpr std::size_t kColumns = 100;
    if (text.size() + item.size() - line > kColumns) {
      text += "\n";
      line = text.size();
    }
    text += item;
  });
  return text + "\n";
}

std::string instruction_text(const x86::Insn& insn) {
  std::string text = format("%#lx: ", insn.rip);
  const auto* bytes = reinterpret_cast<const u8*>(insn.rip);
  for (unsigned n = 0; n < insn.length; n++) text += format("%02x ", bytes[n]);
  return text + " " + x86::disassemble(insn) + "\n";
}

std::string fault_text(const guest::Fault& fault) {
  return format("exception %u, error %u, address %#lx", static_cast<unsigned>(fault.vector),
                fault.error, fault.address);
}

}  // namespace gantry::engine
