#include "runtime/signals/host_context.h"

#include <cstring>

#include "emulator/guest/memory.h"

#if defined(__aarch64__)
#include <asm/sigcontext.h>
#endif

namespace gantry::runtime {
namespace {

// The kernel's mask is the first eight bytes of glibc's larger sigset_t.
static_assert(sizeof(sigset_t) >= sizeof(u64));

[[maybe_unused]] u32 instruction_at(u64 address) {
  u32 instruction;
  std::memcpy(&instruction, reinterpret_cast<const void*>(address), sizeof instruction);
  return instruction;
}

// An instruction that begins an update is taken for a store: where a guest asks for both, x86-64
// tells of a write, and nothing else in Gantry reads guest memory so.

#if defined(__aarch64__)

// ESR_EL1 of the exception, where the kernel (or a simulator of it) gives it.
bool find_esr(const ucontext_t& context, u64& esr) {
  const auto* record = reinterpret_cast<const u8*>(context.uc_mcontext.__reserved);
  const u8* end = record + sizeof context.uc_mcontext.__reserved;
  while (record + sizeof(esr_context) <= end) {
    _aarch64_ctx head;
    std::memcpy(&head, record, sizeof head);
    if (head.magic == 0 || head.size == 0) return false;
    if (head.magic == ESR_MAGIC) {
      std::memcpy(&esr, record + offsetof(esr_context, esr), sizeof esr);
      return true;
    }
    record += head.size;
  }
  return false;
}

// Load exclusive and compare and swap, whose faults may be told as those of a load.
bool begins_update(u32 i) {
  bool is_exclusive_load = (i & 0x3fc00000) == 0x08400000;
  bool is_cas = (i & 0x3fa00000) == 0x08a00000 || (i & 0xbfa00000) == 0x08200000;
  bool is_atomic = (i & 0x3b200c00) == 0x38200000;
  return is_exclusive_load || is_cas || is_atomic;
}

// Arm ARM C4.1.94, "Loads and Stores", as far as compilers use them.
bool stores(u32 i) {
  if ((i & 0x0a000000) != 0x08000000) return false;
  if ((i & 0x3f000000) == 0x08000000) {  // exclusive, acquire and release, CAS
    bool is_cas = (i & 0x00a00000) == 0x00a00000;
    return is_cas || !(i & 0x00400000);
  }
  if ((i & 0x3a000000) == 0x28000000) return !(i & 0x00400000);  // pairs
  if ((i & 0x3b200c00) == 0x38200000) return true;               // LSE atomics
  if ((i & 0x3a000000) == 0x38000000) {                          // one register
    bool is_vector = i & 0x04000000;
    u32 opc = i >> 22 & 3;
    return opc == 0 || (is_vector && opc == 2);
  }
  if ((i & 0xbe000000) == 0x0c000000) return !(i & 0x00400000);  // vector structures
  return false;
}

#elif defined(__riscv)

// RISC-V unprivileged ISA, chapters "RV32/64G Instruction Set Listings" and "C".
bool stores(u32 i) {
  if ((i & 3) != 3) {
    u32 quadrant = i & 3, function = i >> 13 & 7;
    return (quadrant == 0 || quadrant == 2) && function >= 5;
  }
  switch (i & 0x7f) {
    case 0x23:  // STORE
    case 0x27:
      return true;  // STORE-FP
    case 0x2f:
      return true;  // AMO; LR too, as it begins an update
    default:
      return false;
  }
}

#elif defined(__loongarch64)

// ll.w and ll.d.
bool begins_update(u32 i) { return (i >> 24) == 0x20 || (i >> 24) == 0x22; }

// LoongArch reference manual volume 1, table B.1.
bool stores(u32 i) {
  u32 major = i >> 22;
  if (major >= 0xa4 && major <= 0xa7) return true;          // st.{b,h,w,d}
  if (major == 0xad || major == 0xaf) return true;          // fst.{s,d}
  if (major == 0xb1 || major == 0xb3) return true;          // vst, xvst
  if ((i >> 24) == 0x21 || (i >> 24) == 0x23) return true;  // sc.{w,d}
  if ((i >> 24) == 0x25 || (i >> 24) == 0x27) return true;  // stptr.{w,d}
  u32 indexed = i >> 15;
  if (indexed >= 0x7020 && indexed <= 0x703f) return true;  // stx.*, fstx.*
  return indexed >= 0x70c0 && indexed <= 0x70e3;            // am*
}

#endif

}  // namespace

u64 context_mask(const ucontext_t& context) {
  u64 mask;
  std::memcpy(&mask, &context.uc_sigmask, sizeof mask);
  return mask;
}

void set_context_mask(ucontext_t& context, u64 mask) {
  std::memcpy(&context.uc_sigmask, &mask, sizeof mask);
}

#if defined(__x86_64__)

u64 program_counter(const ucontext_t& context) {
  return static_cast<u64>(context.uc_mcontext.gregs[REG_RIP]);
}
void set_program_counter(ucontext_t& context, u64 address) {
  context.uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(address);
}
bool is_bad_address(const ucontext_t& context, const siginfo_t&) {
  return context.uc_mcontext.gregs[REG_TRAPNO] ==
         static_cast<greg_t>(guest::Vector::kGeneralProtection);
}
u32 fault_error(const ucontext_t& context, const siginfo_t&) {
  constexpr u32 kSame = guest::kFaultPresent | guest::kFaultWrite | guest::kFaultUser;
  return static_cast<u32>(context.uc_mcontext.gregs[REG_ERR]) & kSame;
}

#elif defined(__aarch64__)

u64 program_counter(const ucontext_t& context) { return context.uc_mcontext.pc; }
void set_program_counter(ucontext_t& context, u64 address) { context.uc_mcontext.pc = address; }
static bool is_write(const ucontext_t& context) {
  u64 esr;
  if (begins_update(instruction_at(program_counter(context)))) return true;
  if (find_esr(context, esr)) return esr & 1 << 6;  // WnR (Arm ARM D24.2.40)
  return stores(instruction_at(program_counter(context)));
}

#elif defined(__riscv)

u64 program_counter(const ucontext_t& context) { return context.uc_mcontext.__gregs[REG_PC]; }
void set_program_counter(ucontext_t& context, u64 address) {
  context.uc_mcontext.__gregs[REG_PC] = address;
}
static bool is_write(const ucontext_t& context) {
  u64 pc = program_counter(context);
  u16 low;
  std::memcpy(&low, reinterpret_cast<const void*>(pc), sizeof low);
  return stores((low & 3) == 3 ? instruction_at(pc) : low);
}

#elif defined(__loongarch64)

u64 program_counter(const ucontext_t& context) { return context.uc_mcontext.__pc; }
void set_program_counter(ucontext_t& context, u64 address) { context.uc_mcontext.__pc = address; }
static bool is_write(const ucontext_t& context) {
  constexpr u32 kRead = u32{1} << 30, kWrite = u32{1} << 31;  // SC_ADDRERR_RD, SC_ADDRERR_WR
  if (begins_update(instruction_at(program_counter(context)))) return true;
  u32 flags = context.uc_mcontext.__flags;
  if (flags & (kRead | kWrite)) return flags & kWrite;
  return stores(instruction_at(program_counter(context)));
}

#else
#error "this host has no signal context"
#endif

#if !defined(__x86_64__)

bool is_bad_address(const ucontext_t&, const siginfo_t& info) {
  return reinterpret_cast<u64>(info.si_addr) >= guest::kAddressLimit;
}

// Whether the page was there is not told: a denied access to one that was never touched says so,
// too. x86-64 Linux says it of the last page below the limit, which it counts to its own half.
u32 fault_error(const ucontext_t& context, const siginfo_t& info) {
  bool last_page = reinterpret_cast<u64>(info.si_addr) >= guest::kAddressLimit - 4096;
  bool present = last_page || (info.si_signo == SIGSEGV && info.si_code == SEGV_ACCERR);
  return guest::kFaultUser | (is_write(context) ? guest::kFaultWrite : 0) |
         (present ? guest::kFaultPresent : 0);
}

#endif

}  // namespace gantry::runtime
