#include "emulator/interp/specialise.h"

#include <span>
#include <utility>

#include "emulator/semantics/flow.h"
#include "emulator/semantics/integer.h"
#include "emulator/semantics/move.h"
#include "emulator/semantics/shift.h"
#include "emulator/semantics/sse_convert.h"
#include "emulator/semantics/sse_float.h"
#include "emulator/semantics/sse_integer.h"
#include "emulator/semantics/sse_move.h"
#include "emulator/semantics/sse_shuffle.h"

namespace gantry::interp {
namespace {

using namespace sem;
using enum OperandKind;

// A body as a template argument: a lambda that is generic in the builder. All is inlined: nothing
// of the instruction is left to find out.
#define BODY(NAME) [](auto& b, const Insn& i) __attribute__((flatten)) { NAME(b, i); }

template <auto kBody, typename Shape>
[[gnu::flatten]] void alone(Cpu& cpu, const Insn& i) {
  Eval<Shape> b(cpu);
  kBody(b, i);
}
template <auto kBody, typename Shape>
[[gnu::flatten]] void in_row(Cpu& cpu, const Insn& i) {
  Eval<Shape> b(cpu);
  kBody(b, i);
  execute_next(cpu, i);
}
template <auto kBody, typename Shape>
constexpr Handlers kSpecial = {&alone<kBody, Shape>, &in_row<kBody, Shape>};

Addressing addressing(const x86::MemoryOperand& m) {
  if (m.segment != x86::kNoRegister || m.address_width != 8) return Addressing::kAny;
  if (m.base == x86::kNoRegister) {
    return m.index == x86::kNoRegister ? Addressing::kAbsolute : Addressing::kAny;
  }
  return m.index == x86::kNoRegister ? Addressing::kBase : Addressing::kBaseIndex;
}

template <auto kBody, typename Shape>
Handlers addressed(const Insn& i) {
  using enum Addressing;
  switch (addressing(i.mem)) {
    case kAny:
      return kSpecial<kBody, Shape>;
    case kBase:
      return kSpecial<kBody, WithAddressing<Shape, kBase>>;
    case kBaseIndex:
      return kSpecial<kBody, WithAddressing<Shape, kBaseIndex>>;
    case kAbsolute:
      return kSpecial<kBody, WithAddressing<Shape, kAbsolute>>;
  }
  return {};
}

template <auto kBody, unsigned kWidth, OperandKind kFirst, OperandKind kSecond,
          unsigned kSecondWidth = kWidth>
Handlers with_memory(const Insn& i) {
  return addressed<kBody, FixedShape<kWidth, kFirst, kSecond, kSecondWidth>>(i);
}

// --- two operands of one width

template <auto kBody, unsigned kWidth>
Handlers binary_of_width(const Insn& i) {
  OperandKind first = i.op[0].kind, second = i.op[1].kind;
  if (first == kGpr) {
    if (second == kGpr) return kSpecial<kBody, FixedShape<kWidth, kGpr, kGpr>>;
    if (second == kImmediate) return kSpecial<kBody, FixedShape<kWidth, kGpr, kImmediate>>;
    if (second == kMemory) return with_memory<kBody, kWidth, kGpr, kMemory>(i);
  }
  if (first == kMemory) {
    if (second == kGpr) return with_memory<kBody, kWidth, kMemory, kGpr>(i);
    if (second == kImmediate) return with_memory<kBody, kWidth, kMemory, kImmediate>(i);
  }
  return {};
}

template <auto kBody>
Handlers binary(const Insn& i) {
  if (i.op[1].width != i.op[0].width) return {};
  switch (i.op[0].width) {
    case 1:
      return binary_of_width<kBody, 1>(i);
    case 2:
      return binary_of_width<kBody, 2>(i);
    case 4:
      return binary_of_width<kBody, 4>(i);
    default:
      return binary_of_width<kBody, 8>(i);
  }
}

// --- one operand

template <auto kBody, unsigned kWidth>
Handlers unary_of_width(const Insn& i) {
  switch (i.op[0].kind) {
    case kGpr:
      return kSpecial<kBody, FixedShape<kWidth, kGpr>>;
    case kImmediate:
      return kSpecial<kBody, FixedShape<kWidth, kImmediate>>;
    case kRelative:
      return kSpecial<kBody, FixedShape<kWidth, kRelative>>;
    case kNone:
      return kSpecial<kBody, FixedShape<kWidth, kNone>>;
    case kMemory:
      return with_memory<kBody, kWidth, kMemory, kNone>(i);
    default:
      return {};
  }
}

template <auto kBody>
Handlers unary(const Insn& i) {
  switch (i.width) {
    case 1:
      return unary_of_width<kBody, 1>(i);
    case 4:
      return unary_of_width<kBody, 4>(i);
    case 8:
      return unary_of_width<kBody, 8>(i);
    default:
      return {};
  }
}

// PUSH, POP and near branches, which are 64 bits wide.
template <auto kBody>
Handlers wide(const Insn& i) {
  return i.width == 8 ? unary_of_width<kBody, 8>(i) : Handlers();
}

// --- MOVZX, MOVSX, MOVSXD: a narrower source; shifts: a count of one byte

template <auto kBody, unsigned kWidth, unsigned kSource>
Handlers extension_of_widths(const Insn& i) {
  if (i.op[0].kind != kGpr) return {};
  switch (i.op[1].kind) {
    case kGpr:
      return kSpecial<kBody, FixedShape<kWidth, kGpr, kGpr, kSource>>;
    case kMemory:
      return with_memory<kBody, kWidth, kGpr, kMemory, kSource>(i);
    default:
      return {};
  }
}

template <auto kBody>
Handlers extension(const Insn& i) {
  switch (i.op[0].width << 4 | i.op[1].width) {
    case 0x41:
      return extension_of_widths<kBody, 4, 1>(i);
    case 0x42:
      return extension_of_widths<kBody, 4, 2>(i);
    case 0x81:
      return extension_of_widths<kBody, 8, 1>(i);
    case 0x82:
      return extension_of_widths<kBody, 8, 2>(i);
    case 0x84:
      return extension_of_widths<kBody, 8, 4>(i);
    default:
      return {};
  }
}

template <auto kBody, unsigned kWidth>
Handlers shift_of_width(const Insn& i) {
  if (i.op[0].kind != kGpr) return {};
  if (i.op[1].kind == kGpr) return kSpecial<kBody, FixedShape<kWidth, kGpr, kGpr, 1>>;
  return kSpecial<kBody, FixedShape<kWidth, kGpr, kImmediate, 1>>;
}

template <auto kBody>
Handlers shift(const Insn& i) {
  switch (i.width) {
    case 4:
      return shift_of_width<kBody, 4>(i);
    case 8:
      return shift_of_width<kBody, 8>(i);
    default:
      return {};
  }
}

// --- conditions

template <auto kBody, typename Shape, unsigned... kCodes>
Handlers of_condition(const Insn& i, std::integer_sequence<unsigned, kCodes...>) {
  constexpr Handlers kHandlers[] = {
      kSpecial<kBody, WithCondition<Shape, static_cast<Condition>(kCodes)>>...};
  return kHandlers[i.opcode & 15];
}

template <auto kBody, typename Shape>
Handlers conditional(const Insn& i) {
  return of_condition<kBody, Shape>(i, std::make_integer_sequence<unsigned, 16>{});
}

Handlers jump_if(const Insn& i) { return conditional<BODY(JCC), FixedShape<8, kRelative>>(i); }

Handlers set_if(const Insn& i) {
  if (i.op[0].kind != kGpr) return conditional<BODY(SETCC), AnyShape>(i);
  return conditional<BODY(SETCC), FixedShape<1, kGpr>>(i);
}

Handlers move_if(const Insn& i) {
  if (i.op[1].kind != kGpr || i.width == 2) return conditional<BODY(CMOVCC), AnyShape>(i);
  if (i.width == 4) return conditional<BODY(CMOVCC), FixedShape<4, kGpr, kGpr>>(i);
  return conditional<BODY(CMOVCC), FixedShape<8, kGpr, kGpr>>(i);
}

Handlers address_of(const Insn& i) {
  if (i.width == 4) return with_memory<BODY(LEA), 4, kGpr, kMemory>(i);
  return i.width == 8 ? with_memory<BODY(LEA), 8, kGpr, kMemory>(i) : Handlers();
}

// --- vectors: XMM registers and memory. Bodies with a third operand do not fit.

template <auto kBody, unsigned kMemoryWidth = 16>
Handlers vectors(const Insn& i) {
  OperandKind first = i.op[0].kind, second = i.op[1].kind;
  if (first == kXmm && second == kXmm) return kSpecial<kBody, FixedShape<16, kXmm, kXmm>>;
  if (first == kXmm && second == kMemory && i.op[1].width == kMemoryWidth) {
    return with_memory<kBody, 16, kXmm, kMemory, kMemoryWidth>(i);
  }
  if (first == kMemory && second == kXmm && i.op[0].width == kMemoryWidth) {
    return with_memory<kBody, kMemoryWidth, kMemory, kXmm, 16>(i);
  }
  return {};
}
template <auto kBody>
Handlers doubles(const Insn& i) {
  return vectors<kBody, 8>(i);
}
template <auto kBody>
Handlers floats(const Insn& i) {
  return vectors<kBody, 4>(i);
}

// Between XMM and general registers.
template <auto kBody, unsigned kWidth>
Handlers crossing_of_width(const Insn& i) {
  using FromXmm = FixedShape<kWidth, kGpr, kXmm, 16>;
  using ToXmm = FixedShape<16, kXmm, kGpr, kWidth>;
  OperandKind first = i.op[0].kind, second = i.op[1].kind;
  if (first == kGpr && second == kXmm) return kSpecial<kBody, FromXmm>;
  return first == kXmm && second == kGpr ? kSpecial<kBody, ToXmm> : Handlers();
}
template <auto kBody>
Handlers crossing(const Insn& i) {
  unsigned w = i.op[i.op[0].kind == kXmm].width;
  if (w == 4) return crossing_of_width<kBody, 4>(i);
  return w == 8 ? crossing_of_width<kBody, 8>(i) : Handlers();
}
// MOVQ also loads and stores.
template <auto kBody>
Handlers quadwords(const Insn& i) {
  Handlers between_registers = crossing<kBody>(i);
  return between_registers.alone ? between_registers : doubles<kBody>(i);
}

// --- VEX: XMM or YMM registers and memory

constexpr unsigned kNowhere = 4;

template <auto kBody, unsigned kWidth>
Handlers vex_move_of_width(const Insn& i) {
  if (i.op[0].kind == kMemory) return addressed<kBody, VectorShape<kWidth, 0>>(i);
  if (i.op[1].kind == kMemory) return addressed<kBody, VectorShape<kWidth, 1>>(i);
  return kSpecial<kBody, VectorShape<kWidth, kNowhere>>;
}
template <auto kBody>
Handlers vex_move(const Insn& i) {
  return i.width == 32 ? vex_move_of_width<kBody, 32>(i) : vex_move_of_width<kBody, 16>(i);
}
template <auto kBody, unsigned kWidth>
Handlers vex_binary_of_width(const Insn& i) {
  if (i.op[2].kind == kMemory) return addressed<kBody, VectorShape<kWidth, 2>>(i);
  return kSpecial<kBody, VectorShape<kWidth, kNowhere>>;
}
template <auto kBody>
Handlers vex_binary(const Insn& i) {
  return i.width == 32 ? vex_binary_of_width<kBody, 32>(i) : vex_binary_of_width<kBody, 16>(i);
}
template <auto kBody>
Handlers vex_sign_mask(const Insn& i) {
  if (i.width == 32) return kSpecial<kBody, WithVex<FixedShape<4, kGpr, kYmm, 32>>>;
  return kSpecial<kBody, WithVex<FixedShape<4, kGpr, kXmm, 16>>>;
}

// --- which instructions

struct Special {
  Handler general;
  Chooser choose;
};

#define GENERAL(NAME) &general<&NAME<Eval<>>>
#define SPECIAL(NAME, CHOOSE) {GENERAL(NAME), &CHOOSE<BODY(NAME)>}
constexpr Special kSpecials[] = {
    SPECIAL(MOV, binary),         SPECIAL(ADD, binary),         SPECIAL(SUB, binary),
    SPECIAL(CMP, binary),         SPECIAL(TEST, binary),        SPECIAL(AND, binary),
    SPECIAL(OR, binary),          SPECIAL(XOR, binary),         SPECIAL(ADC, binary),
    SPECIAL(SBB, binary),         SPECIAL(IMUL2, binary),       SPECIAL(IMUL3, binary),
    SPECIAL(XCHG, binary),        SPECIAL(MUL, unary),          SPECIAL(IMUL1, unary),
    SPECIAL(CBW, unary),          SPECIAL(CWD, unary),          SPECIAL(LEAVE, wide),
    SPECIAL(INC, unary),          SPECIAL(DEC, unary),          SPECIAL(NEG, unary),
    SPECIAL(NOT, unary),          SPECIAL(PUSH, wide),          SPECIAL(POP, wide),
    SPECIAL(CALL_NEAR, wide),     SPECIAL(JMP_NEAR, wide),      SPECIAL(RET, wide),
    SPECIAL(MOVZX, extension),    SPECIAL(MOVSX, extension),    SPECIAL(MOVSXD, extension),
    SPECIAL(SHL, shift),          SPECIAL(SHR, shift),          SPECIAL(SAR, shift),
    SPECIAL(ROL, shift),          SPECIAL(ROR, shift),          SPECIAL(MOVAPS, vectors),
    SPECIAL(MOVAPD, vectors),     SPECIAL(MOVUPS, vectors),     SPECIAL(MOVUPD, vectors),
    SPECIAL(MOVDQA, vectors),     SPECIAL(MOVDQU, vectors),     SPECIAL(PXOR, vectors),
    SPECIAL(POR, vectors),        SPECIAL(PAND, vectors),       SPECIAL(PCMPEQB, vectors),
    SPECIAL(PCMPEQD, vectors),    SPECIAL(PMINUB, vectors),     SPECIAL(PADDD, vectors),
    SPECIAL(PADDQ, vectors),      SPECIAL(PUNPCKLQDQ, vectors), SPECIAL(XORPS, vectors),
    SPECIAL(XORPD, vectors),      SPECIAL(ANDPD, vectors),      SPECIAL(MOVSD, doubles),
    SPECIAL(ADDSD, doubles),      SPECIAL(SUBSD, doubles),      SPECIAL(MULSD, doubles),
    SPECIAL(DIVSD, doubles),      SPECIAL(UCOMISD, doubles),    SPECIAL(COMISD, doubles),
    SPECIAL(MOVHPS, doubles),     SPECIAL(MOVSS, floats),       SPECIAL(ADDSS, floats),
    SPECIAL(MULSS, floats),       SPECIAL(PMOVMSKB, crossing),  SPECIAL(CVTSI2SD, crossing),
    SPECIAL(CVTTSD2SI, crossing), SPECIAL(MOVD, crossing),      SPECIAL(MOVQ, quadwords),
    {GENERAL(LEA), &address_of},  {GENERAL(JCC), &jump_if},     {GENERAL(SETCC), &set_if},
    {GENERAL(CMOVCC), &move_if},
};
constexpr Special kVexSpecials[] = {
    SPECIAL(MOVUPS, vex_move),   SPECIAL(MOVUPD, vex_move),        SPECIAL(MOVAPS, vex_move),
    SPECIAL(MOVAPD, vex_move),   SPECIAL(MOVDQU, vex_move),        SPECIAL(MOVDQA, vex_move),
    SPECIAL(PXOR, vex_binary),   SPECIAL(POR, vex_binary),         SPECIAL(PAND, vex_binary),
    SPECIAL(PMINUB, vex_binary), SPECIAL(PCMPEQB, vex_binary),     SPECIAL(PADDB, vex_binary),
    SPECIAL(XORPS, vex_binary),  SPECIAL(PMOVMSKB, vex_sign_mask),
};
#undef SPECIAL
#undef GENERAL
#undef BODY

}  // namespace

Chooser chooser_for(Handler general, bool vex) {
  for (const Special& s : vex ? std::span<const Special>(kVexSpecials) : kSpecials) {
    if (s.general == general) return s.choose;
  }
  return [](const Insn&) { return Handlers(); };
}

}  // namespace gantry::interp
