#include "tests/oracle/compare.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "emulator/base/bits.h"
#include "emulator/guest/memory.h"
#include "tests/oracle/undefined.h"

namespace gantry::oracle {
namespace {

class Differences {
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

void compare_general(Differences& found, const State& cpu, const State& eval, u64 undefined) {
  constexpr const char* kNames[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                      "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
  for (unsigned i = 0; i < 16; i++) found.value(kNames[i], cpu.gpr[i], eval.gpr[i]);
  found.value("rflags", cpu.rflags & ~undefined, eval.rflags & ~undefined);
  found.value("rip", cpu.rip, eval.rip);
  found.value("fs_base", cpu.fs_base, eval.fs_base);
  found.value("gs_base", cpu.gs_base, eval.gs_base);
  // The kernel's IRET clears what is left of a null selector (SDM vol. 2, IRET).
  auto loaded = [](u16 selector) { return selector < 4 ? 0 : selector; };
  found.value("es", cpu.es, loaded(eval.es));
  found.value("ss", cpu.ss, eval.ss);
  found.value("ds", cpu.ds, loaded(eval.ds));
  found.value("gs", cpu.gs, loaded(eval.gs));
}

// Ours are the true values rounded; a CPU's may be off by one in the last place, rounded the other
// way, which C1 shows and at the edge of the denormals UE (SDM vol. 1, section 8.3.10).
bool is_transcendental(const Case& c) {
  constexpr std::string_view kNames[] = {"F2XM1",  "FYL2X", "FYL2XP1", "FPTAN",
                                         "FPATAN", "FSIN",  "FCOS",    "FSINCOS"};
  std::string_view semantics = x86::row_semantics(c.insn.row);
  return std::find(std::begin(kNames), std::end(kNames), semantics) != std::end(kNames);
}

bool within_one_unit(const guest::FxsaveRegister& a, const guest::FxsaveRegister& b) {
  if ((a.sign_exponent ^ b.sign_exponent) & 0x8000) return false;
  // Without the integer bit, exponent and fraction are one number.
  auto ordinal = [](const guest::FxsaveRegister& r) {
    return static_cast<u128>(r.sign_exponent) << 63 | (r.significand & ~(u64{1} << 63));
  };
  u128 difference = ordinal(a) - ordinal(b) + 1;
  return difference <= 2;
}

// CPUs keep as many bits of an x87 pointer as their addresses have, and extend the last one.
u64 canonical(u64 pointer) { return sign_extend(pointer, 6); }

// Where an MMX instruction faults, the CPU has set
// TOP but not the tags.
void compare_fpu(Differences& found, const Case& c, const guest::FxsaveImage& cpu,
                 const guest::FxsaveImage& eval, bool mmx_fault, u32 loose_mxcsr) {
  constexpr u16 kC1 = 1 << 9, kUnderflow = 1 << 4;
  bool approximate = is_transcendental(c);
  u16 status_mask = approximate ? static_cast<u16>(~(kC1 | kUnderflow)) : 0xffff;
  found.value("fcw", cpu.control, eval.control);
  found.value("fsw", cpu.status & status_mask, eval.status & status_mask);
  if (!mmx_fault) found.value("ftw", cpu.tags, eval.tags);
  found.value("fip", canonical(cpu.rip), canonical(eval.rip));
  found.value("fdp", canonical(cpu.rdp), canonical(eval.rdp));
  found.value("fop", cpu.opcode, eval.opcode);
  found.value("mxcsr", cpu.mxcsr & ~loose_mxcsr, eval.mxcsr & ~loose_mxcsr);
  for (unsigned i = 0; i < 8; i++) {
    if (approximate && within_one_unit(cpu.st[i], eval.st[i])) continue;
    std::string name = "st" + std::to_string(i);
    found.value(name, cpu.st[i].significand, eval.st[i].significand);
    found.value(name + ".exponent", cpu.st[i].sign_exponent, eval.st[i].sign_exponent);
  }
  for (unsigned i = 0; i < 16; i++) {
    std::string name = "xmm" + std::to_string(i);
    found.value(name + ".lo", cpu.xmm[i].lo, eval.xmm[i].lo);
    found.value(name + ".hi", cpu.xmm[i].hi, eval.xmm[i].hi);
  }
}

void compare_ymm(Differences& found, const State& cpu, const State& eval) {
  for (unsigned i = 0; i < 16; i++) {
    std::string name = "ymm" + std::to_string(i) + ".high";
    found.value(name + ".lo", cpu.ymm_high[i].lo, eval.ymm_high[i].lo);
    found.value(name + ".hi", cpu.ymm_high[i].hi, eval.ymm_high[i].hi);
  }
}

void compare_memory(Differences& found, const Outcome& cpu, const Outcome& eval) {
  if (std::memcmp(cpu.data, eval.data, kDataSize) == 0) return;
  for (u64 i = 0; i < kDataSize; i += 8) {
    u64 a, b;
    std::memcpy(&a, cpu.data + i, 8);
    std::memcpy(&b, eval.data + i, 8);
    char name[32];
    std::snprintf(name, sizeof name, "[%lx]", kDataBase + i);
    found.value(name, a, b);
  }
}

bool uses_mmx(const Case& c) {
  return c.insn.op[0].kind == x86::OperandKind::kMmx || c.insn.op[1].kind == x86::OperandKind::kMmx;
}

// The fields of an x87 environment or state are accessed in the CPU's own order, so that the
// address of the fault may be any of them.
bool is_x87_area(const Case& c) {
  unsigned width = c.insn.op[0].width;
  return c.insn.op[0].kind == x86::OperandKind::kMemory &&
         (width == 14 || width == 28 || width > 80);
}

// How far from the CPU's the address of a fault may be. RISC-V and LoongArch have no atomic access
// to a byte: there a write is tried on the word that the byte is in (guest::probe_write). QEMU's
// ARM64 names the doubleword.
#if defined(__x86_64__)
constexpr u64 kAddressSlack = 0;
#elif defined(__aarch64__)
constexpr u64 kAddressSlack = 7;
#else
constexpr u64 kAddressSlack = 3;
#endif

bool is_near(u64 a, u64 b, u64 slack) { return a - b + slack <= 2 * slack; }

#if defined(__x86_64__)
constexpr bool kIsOtherHost = false;
#else
constexpr bool kIsOtherHost = true;
#endif

// The last page below 2^47, which Linux counts to the kernel's half where it runs on x86-64
// (TASK_SIZE_MAX).
bool is_last_page(u64 address) {
  return address < guest::kAddressLimit && address >= guest::kAddressLimit - kPageSize;
}

void compare_fault(Differences& found, const Case& c, const Outcome& cpu, const Outcome& eval) {
  u32 untold =
      eval.from_host && kIsOtherHost && is_last_page(eval.address) ? guest::kFaultPresent : 0;
  found.value("error code", cpu.error & ~untold, eval.error & ~untold);
  constexpr u64 kLargestArea = 108;
  bool near = is_near(cpu.address, eval.address, is_x87_area(c) ? kLargestArea : kAddressSlack);
  if (!near || (cpu.address != eval.address && !eval.from_host)) {
    found.value("fault address", cpu.address, eval.address);
  }
}

// Linux's decoder gives up at the fifth prefix (arch/x86/lib/insn.c).
bool has_many_prefixes(const Case& c) {
  constexpr std::string_view kPrefixes = "\x26\x2e\x36\x3e\x64\x65\x66\x67\xf2\xf3";
  return std::all_of(c.bytes, c.bytes + 5, [&](u8 byte) {
    return kPrefixes.find(static_cast<char>(byte)) != std::string_view::npos;
  });
}

// Instructions that Linux executes in place of the CPU: its faults are not the CPU's, and what it
// wrote before one remains.
bool is_kernel_fault(const Case& c, const Outcome& cpu, const Outcome& eval) {
  constexpr std::string_view kNames[] = {"SGDT", "SIDT", "SLDT", "SMSW", "STR"};
  std::string_view name = x86::row_semantics(c.insn.row);
  return cpu.faulted && (eval.faulted || has_many_prefixes(c)) && !c.refused &&
         std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace

std::string differences(const Case& c, const Outcome& cpu, const Outcome& eval) {
  Differences found;
  if (is_kernel_fault(c, cpu, eval)) return {};
  found.value("fault", cpu.faulted ? cpu.vector : 256, eval.faulted ? eval.vector : 256);
  if (cpu.faulted && eval.faulted) compare_fault(found, c, cpu, eval);
  compare_general(found, cpu.state, eval.state, cpu.faulted ? 0 : undefined_flags(c));
  if (std::memcmp(&cpu.state.fx, &eval.state.fx, offsetof(guest::FxsaveImage, reserved1)) != 0) {
    compare_fpu(found, c, cpu.state.fx, eval.state.fx, cpu.faulted && uses_mmx(c),
                eval.loose_mxcsr);
  }
  if (std::memcmp(cpu.state.ymm_high, eval.state.ymm_high, sizeof cpu.state.ymm_high) != 0) {
    compare_ymm(found, cpu.state, eval.state);
  }
  compare_memory(found, cpu, eval);
  return found.text();
}

}  // namespace gantry::oracle
