#include "tests/x86/zydis/accepted_differences.h"

#include "emulator/x86/decoder.h"
#include "emulator/x86/opcode.h"

namespace gantry::x86 {
namespace {

struct Refusal {
  ZydisISAExt extension;
  const char* reason;
};

// Extensions that CPUID does not offer are #UD, as on a processor that lacks them.
constexpr Refusal kNotOffered[] = {
    {ZYDIS_ISA_EXT_AVX512EVEX, "AVX-512 is not offered"},
    {ZYDIS_ISA_EXT_AVX512VEX, "AVX-512 is not offered (mask registers)"},
    {ZYDIS_ISA_EXT_KNC, "AVX-512 is not offered (Knights Corner)"},
    {ZYDIS_ISA_EXT_KNCE, "AVX-512 is not offered (Knights Corner)"},
    {ZYDIS_ISA_EXT_KNCV, "AVX-512 is not offered (Knights Corner)"},
    {ZYDIS_ISA_EXT_AVX_VNNI, "AVX-VNNI is not offered"},
    {ZYDIS_ISA_EXT_AMX_BF16, "AMX is not offered"},
    {ZYDIS_ISA_EXT_AMX_INT8, "AMX is not offered"},
    {ZYDIS_ISA_EXT_AMX_TILE, "AMX is not offered"},
    {ZYDIS_ISA_EXT_AMD3DNOW, "3DNow! is not offered"},
    {ZYDIS_ISA_EXT_FMA4, "FMA4 is not offered"},
    {ZYDIS_ISA_EXT_XOP, "XOP is not offered"},
    {ZYDIS_ISA_EXT_TBM, "TBM is not offered"},
    {ZYDIS_ISA_EXT_KEYLOCKER, "Key Locker is not offered"},
    {ZYDIS_ISA_EXT_KEYLOCKER_WIDE, "Key Locker is not offered"},
    {ZYDIS_ISA_EXT_PADLOCK, "VIA PadLock is not offered"},
    {ZYDIS_ISA_EXT_RTM, "TSX is not offered"},
    {ZYDIS_ISA_EXT_TSX_LDTRK, "TSX is not offered"},
    {ZYDIS_ISA_EXT_SGX, "SGX is not offered"},
    {ZYDIS_ISA_EXT_SGX_ENCLV, "SGX is not offered"},
    {ZYDIS_ISA_EXT_SMX, "SMX is not offered: #UD while CR4.SMXE is 0 (SDM vol. 2, GETSEC)"},
    {ZYDIS_ISA_EXT_VTX, "VMX is not offered"},
    {ZYDIS_ISA_EXT_VMFUNC, "VMX is not offered"},
    {ZYDIS_ISA_EXT_TDX, "VMX is not offered"},
    {ZYDIS_ISA_EXT_SVM, "SVM is not offered"},
    {ZYDIS_ISA_EXT_SNP, "SVM is not offered"},
    {ZYDIS_ISA_EXT_AMD_INVLPGB, "SVM is not offered"},
    {ZYDIS_ISA_EXT_CET, "shadow stacks: #UD while CR4.CET is 0 (SDM vol. 2, WRSSD and others)"},
    {ZYDIS_ISA_EXT_ENQCMD, "ENQCMD and MOVDIR are not offered"},
    {ZYDIS_ISA_EXT_MOVDIR, "ENQCMD and MOVDIR are not offered"},
    {ZYDIS_ISA_EXT_WAITPKG, "WAITPKG is not offered"},
    {ZYDIS_ISA_EXT_UINTR, "user interrupts are not offered"},
    {ZYDIS_ISA_EXT_PKU, "protection keys: #UD while CR4.PKE is 0 (SDM vol. 2, RDPKRU)"},
    {ZYDIS_ISA_EXT_PT, "PTWRITE is not offered"},
    {ZYDIS_ISA_EXT_SMAP, "#UD at CPL 3 (SDM vol. 2, CLAC and STAC)"},
    {ZYDIS_ISA_EXT_MONITOR, "#UD at CPL 3 (SDM vol. 2, MONITOR and MWAIT)"},
    {ZYDIS_ISA_EXT_MONITORX, "MONITORX is not offered"},
    {ZYDIS_ISA_EXT_CLZERO, "CLZERO, MCOMMIT and RDPRU are not offered"},
    {ZYDIS_ISA_EXT_MCOMMIT, "CLZERO, MCOMMIT and RDPRU are not offered"},
    {ZYDIS_ISA_EXT_RDPRU, "CLZERO, MCOMMIT and RDPRU are not offered"},
    {ZYDIS_ISA_EXT_INVPCID, "INVPCID is not offered"},
    {ZYDIS_ISA_EXT_PCONFIG, "PCONFIG is not offered"},
    {ZYDIS_ISA_EXT_SERIALIZE, "SERIALIZE is not offered"},
    {ZYDIS_ISA_EXT_HRESET, "HRESET is not offered"},
};

constexpr const char* kUndefinedInUserMode =
    "SYSENTER and SYSEXIT are #UD in 64-bit mode on AMD (APM vol. 3), RSM outside SMM (SDM vol. 2)";

struct Alias {
  std::string_view ours;
  std::string_view zydis;
};

// The manual's names (SDM vol. 1, appendix B) and Zydis'.
constexpr Alias kConditionAliases[] = {
    {"ae", "nb"}, {"e", "z"}, {"ne", "nz"}, {"a", "nbe"}, {"ge", "nl"}, {"g", "nle"},
};

constexpr Alias kAliases[] = {
    {"retf", "ret"},
    {"fneni", "feni8087_nop"},
    {"fndisi", "fdisi8087_nop"},
    {"fnsetpm", "fsetpm287_nop"},
    {"fstp", "fstpnce"},  // D9 D8+i
};

bool equal_conditions(std::string_view ours, std::string_view zydis) {
  for (std::string_view stem : {"j", "set", "cmov"}) {
    if (!ours.starts_with(stem) || !zydis.starts_with(stem)) continue;
    for (const Alias& alias : kConditionAliases) {
      if (ours.substr(stem.size()) == alias.ours && zydis.substr(stem.size()) == alias.zydis)
        return true;
    }
  }
  return false;
}

}  // namespace

const char* refused_alone(const ZydisDecodedInstruction& theirs) {
  for (const Refusal& refusal : kNotOffered) {
    if (theirs.meta.isa_ext == refusal.extension) return refusal.reason;
  }
  switch (theirs.mnemonic) {
    case ZYDIS_MNEMONIC_SYSENTER:
    case ZYDIS_MNEMONIC_SYSEXIT:
    case ZYDIS_MNEMONIC_RSM:
      return kUndefinedInUserMode;
    default:
      return nullptr;
  }
}

bool equal_mnemonics(std::string_view ours, std::string_view zydis) {
  for (const Alias& alias : kAliases) {
    if (ours == alias.ours && zydis == alias.zydis) return true;
  }
  return ours == zydis || equal_conditions(ours, zydis);
}

// String instructions have none here: the opcode says where they are. Of hint NOPs some list a
// register more (SDM vol. 2, appendix A, 0F 18-1F); nothing is read.
bool leaves_operands_out(const Insn& ours) {
  return (opcodes()[ours.row].attributes & kString) || mnemonic(ours) == "nop" ||
         mnemonic(ours) == "xlat";
}

const char* width_differs(const Insn& ours, const Operand& operand) {
  bool memory = operand.kind == OperandKind::kMemory;
  std::string name = mnemonic(ours);
  if (memory && operand.width == 0) {
    return "LEA and state areas: the size of the memory operand says nothing";
  }
  if (memory && name.starts_with("cl")) {
    return "CLFLUSH, CLFLUSHOPT, CLWB: m8 (SDM vol. 2), not the cache line";
  }
  if (!memory && name == "lsl") {
    return "LSL: 16 bits of the source count, whatever the register is called";
  }
  bool movsxd16 = name == "movsxd" && ours.width == 2;
  return movsxd16 ? "MOVSXD r16, r/m16 (SDM vol. 2), not r/m32" : nullptr;
}

const char* base_differs(const Insn& ours, ZydisRegister theirs) {
  bool r13 = theirs == ZYDIS_REGISTER_R13D && ours.mem.base == kNoRegister;
  return r13 ? "SIB with base 101b and mod 00b has no base, R13D neither (SDM vol. 2, table 2-3)"
             : nullptr;
}

}  // namespace gantry::x86
