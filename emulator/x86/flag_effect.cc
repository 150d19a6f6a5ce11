#include "emulator/x86/flag_effect.h"

#include <string_view>

#include "emulator/guest/flags.h"
#include "emulator/x86/opcode.h"

namespace gantry::x86 {
namespace {

constexpr u16 kAll = guest::kStatusFlags;
constexpr u16 kCarry = guest::kCF;

enum class Use : u8 {
  kUnknown,  // may read all
  kNone,
  kWrites,      // all
  kAdds,        // reads CF and writes all
  kKeepsCarry,  // writes all but CF
  kReads,       // the condition
  kReadsCarry,
};

struct Named {
  std::string_view names;  // of SEM(NAME), between spaces
  Use use;
};
constexpr Named kIntegerUses[] = {
    {" ADD SUB CMP AND OR XOR TEST NEG XADD IMUL1 IMUL2 IMUL3 MUL BSF BSR TZCNT LZCNT POPCNT ",
     Use::kWrites},
    {" ADC SBB ", Use::kAdds},
    {" INC DEC ", Use::kKeepsCarry},
    {" JCC SETCC CMOVCC ", Use::kReads},
    {" RCL RCR ", Use::kReadsCarry},
    {" BSWAP BT BTC BTR BTS CALL_NEAR CBW CLC CLD CRC32 CWD DIV ENDBR64 IDIV JMP_NEAR JRCXZ LEA "
     "LEAVE LODS LOOP MFENCE LFENCE SFENCE MOV MOVBE MOVNTI MOVS MOVSX MOVSXD MOVZX NOP NOT PAUSE "
     "POP PREFETCH PUSH RDTSC ROL ROR SAHF SAR SHL SHLD SHR SHRD STC STD STOS XCHG XLAT ",
     Use::kNone},
};
// Of SSE, AVX and BMI: those not named here have nothing to do with flags.
constexpr Named kVectorUses[] = {
    {" COMISD COMISS UCOMISD UCOMISS PTEST VTESTPD VTESTPS ANDN BEXTR BLSI BLSMSK BLSR BZHI "
     "PCMPESTRI PCMPESTRM PCMPISTRI PCMPISTRM ",
     Use::kWrites},
};

template <std::size_t kCount>
constexpr Use find_use(const Named (&uses)[kCount], std::string_view name, Use otherwise) {
  for (const Named& named : uses) {
    std::size_t at = 0;
    while ((at = named.names.find(name, at)) != std::string_view::npos) {
      if (named.names[at - 1] == ' ' && named.names[at + name.size()] == ' ') return named.use;
      at++;
    }
  }
  return otherwise;
}

#define OP(map, opcode, prefixes, modrm, mnemonic, op1, op2, op3, op4, semantics, attributes) \
  semantics,
#define NO_SEM(NAME) Use::kUnknown
constexpr Use kUses[] = {
#define SEM(NAME) find_use(kIntegerUses, #NAME, Use::kUnknown)
#include "emulator/x86/opcodes_integer.def"
#undef SEM
#define SEM(NAME) Use::kUnknown
#include "emulator/x86/opcodes_x87.def"
#undef SEM
#define SEM(NAME) find_use(kVectorUses, #NAME, Use::kNone)
#include "emulator/x86/opcodes_sse.def"
#include "emulator/x86/opcodes_vex.def"
#undef SEM
};
#undef OP
#undef NO_SEM

}  // namespace

u16 flags_read_by(Condition condition) {
  using namespace guest;
  constexpr u16 kReads[8] = {kOF, kCF, kZF, kCF | kZF, kSF, kPF, kSF | kOF, kSF | kOF | kZF};
  return kReads[static_cast<unsigned>(condition) >> 1];
}

FlagEffect flag_effect(const Insn& insn) {
  // By Use.
  static constexpr FlagEffect kEffects[] = {
      {kAll, 0}, {}, {0, kAll}, {kCarry, kAll}, {0, kAll & ~kCarry}, {}, {kCarry, 0},
  };
  Use use = kUses[insn.row];
  if (use == Use::kReads) return {flags_read_by(insn.condition()), 0};
  return kEffects[static_cast<unsigned>(use)];
}

}  // namespace gantry::x86
