#include "emulator/x86/flag_effect.h"

#include <string_view>

#include "emulator/guest/flags.h"
#include "emulator/x86/opcode.h"

namespace gantry::x86 {
namespace {

constexpr u16 kAll = guest::kStatusFlags;
constexpr u16 kCarry = guest::kCF;

// What the SEM(NAME) of an instruction does.
constexpr FlagEffect kUnknown = {kAll, 0};  // may read all
constexpr FlagEffect kNone = {};
constexpr FlagEffect kWrites = {0, kAll};
constexpr FlagEffect kAdds = {kCarry, kAll};
constexpr FlagEffect kKeepsCarry = {0, kAll & ~kCarry};
constexpr FlagEffect kReads = {detail::kOfCondition, 0};
constexpr FlagEffect kReadsCarry = {kCarry, 0};

struct Named {
  std::string_view names;  // of SEM(NAME), between spaces
  FlagEffect effect;
};
constexpr Named kIntegerEffects[] = {
    {" ADD SUB CMP AND OR XOR TEST NEG XADD IMUL1 IMUL2 IMUL3 MUL BSF BSR TZCNT LZCNT POPCNT ",
     kWrites},
    {" ADC SBB ", kAdds},
    {" INC DEC ", kKeepsCarry},
    {" JCC SETCC CMOVCC ", kReads},
    {" RCL RCR ", kReadsCarry},
    {" BSWAP BT BTC BTR BTS CALL_NEAR CBW CLC CLD CRC32 CWD DIV ENDBR64 IDIV JMP_NEAR JRCXZ LEA "
     "LEAVE LODS LOOP MFENCE LFENCE SFENCE MOV MOVBE MOVNTI MOVS MOVSX MOVSXD MOVZX NOP NOT PAUSE "
     "POP PREFETCH PUSH RDTSC ROL ROR SAHF SAR SHL SHLD SHR SHRD STC STD STOS XCHG XLAT ",
     kNone},
};
// Of SSE, AVX and BMI: those not named here have nothing to do with flags.
constexpr Named kVectorEffects[] = {
    {" COMISD COMISS UCOMISD UCOMISS PTEST VTESTPD VTESTPS ANDN BEXTR BLSI BLSMSK BLSR BZHI "
     "PCMPESTRI PCMPESTRM PCMPISTRI PCMPISTRM ",
     kWrites},
};

template <std::size_t kCount>
constexpr FlagEffect find_effect(const Named (&effects)[kCount], std::string_view name,
                                 FlagEffect otherwise) {
  for (const Named& named : effects) {
    std::size_t at = 0;
    while ((at = named.names.find(name, at)) != std::string_view::npos) {
      if (named.names[at - 1] == ' ' && named.names[at + name.size()] == ' ') return named.effect;
      at++;
    }
  }
  return otherwise;
}

}  // namespace

#define OP(map, opcode, prefixes, modrm, mnemonic, op1, op2, op3, op4, semantics, attributes) \
  semantics,
#define NO_SEM(NAME) kUnknown
constexpr FlagEffect detail::kFlagEffects[] = {
#define SEM(NAME) find_effect(kIntegerEffects, #NAME, kUnknown)
#include "emulator/x86/opcodes_integer.def"
#undef SEM
#define SEM(NAME) kUnknown
#include "emulator/x86/opcodes_x87.def"
#undef SEM
#define SEM(NAME) find_effect(kVectorEffects, #NAME, kNone)
#include "emulator/x86/opcodes_sse.def"
#include "emulator/x86/opcodes_vex.def"
#undef SEM
};
#undef OP
#undef NO_SEM

u16 flags_read_by(Condition condition) {
  using namespace guest;
  constexpr u16 kReads[8] = {kOF, kCF, kZF, kCF | kZF, kSF, kPF, kSF | kOF, kSF | kOF | kZF};
  return kReads[static_cast<unsigned>(condition) >> 1];
}

}  // namespace gantry::x86
