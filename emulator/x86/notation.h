// The manual's operand notation (SDM vol. 2, appendix A.2), as opcodes_*.def spell it.
#pragma once

#include "emulator/x86/opcode.h"

namespace gantry::x86::notation {

struct ModRm {
  ModRmRule rule = ModRmRule::kAny;
  u8 value = 0;
};

// An empty column.
struct Blank {
  constexpr operator OperandSpec() const { return {}; }
  constexpr operator ModRm() const { return {}; }
  constexpr operator u32() const { return 0; }
};
constexpr Blank _;

// /digit with any ModRM.mod, with memory, with a register; the whole byte.
constexpr ModRm D(u8 digit) { return {ModRmRule::kDigit, digit}; }
constexpr ModRm M(u8 digit) { return {ModRmRule::kMemoryDigit, digit}; }
constexpr ModRm R(u8 digit) { return {ModRmRule::kRegisterDigit, digit}; }
constexpr ModRm X(u8 byte) { return {ModRmRule::kExact, byte}; }
constexpr ModRm MEM = {ModRmRule::kMemory, 0};
constexpr ModRm REG = {ModRmRule::kRegister, 0};

using enum Method;

constexpr OperandSpec Eb = {kE, Size::kB}, Ew = {kE, Size::kW}, Ed = {kE, Size::kD},
                      Eq = {kE, Size::kQ}, Ev = {kE, Size::kV}, Ey = {kE, Size::kY},
                      EdMb = {kE, Size::kDMb}, EdMw = {kE, Size::kDMw}, EvMw = {kE, Size::kVMw},
                      Ez = {kE, Size::kZ};
constexpr OperandSpec Gb = {kG, Size::kB}, Gw = {kG, Size::kW}, Gd = {kG, Size::kD},
                      Gq = {kG, Size::kQ}, Gv = {kG, Size::kV}, Gy = {kG, Size::kY},
                      Gz = {kG, Size::kZ};
constexpr OperandSpec Rb = {kR, Size::kB}, Rd = {kR, Size::kD}, Rq = {kR, Size::kQ},
                      Rv = {kR, Size::kV}, Ry = {kR, Size::kY};
constexpr OperandSpec Zb = {kZ, Size::kB}, Zv = {kZ, Size::kV};
constexpr OperandSpec By = {kB, Size::kY};

constexpr OperandSpec Ma = {kM, Size::kNone}, Mb = {kM, Size::kB}, Mw = {kM, Size::kW},
                      Md = {kM, Size::kD}, Mq = {kM, Size::kQ}, Mv = {kM, Size::kV},
                      My = {kM, Size::kY}, Mp = {kM, Size::kP}, Mt = {kM, Size::kT},
                      Mdq = {kM, Size::kDq}, Mqq = {kM, Size::kQq}, Mx = {kM, Size::kX},
                      Menv = {kM, Size::kEnv}, Mstate = {kM, Size::kState};
constexpr OperandSpec Ob = {kO, Size::kB}, Ov = {kO, Size::kV};

constexpr OperandSpec Ib = {kI, Size::kB}, Iw = {kI, Size::kW}, Iv = {kI, Size::kV},
                      Iz = {kIs, Size::kZ}, Ibs = {kIs, Size::kB}, Ib2 = {kI2, Size::kB};
constexpr OperandSpec Jb = {kJ, Size::kB}, Jz = {kJ, Size::kD};

constexpr OperandSpec Sw = {kS, Size::kW}, Cq = {kC, Size::kQ}, Dq = {kD, Size::kQ};

constexpr OperandSpec AL = {kRax, Size::kB}, rAX = {kRax, Size::kV}, eAX = {kRax, Size::kZ},
                      AX = {kRax, Size::kW}, CL = {kCl, Size::kB}, DX = {kDx, Size::kW},
                      One = {kOne, Size::kB}, FS = {kFs, Size::kW}, GS = {kGs, Size::kW};

constexpr OperandSpec St0 = {kSt0, Size::kT}, Sti = {kSti, Size::kT};

constexpr OperandSpec Pq = {kP, Size::kMmx}, Pd = {kP, Size::kMmx}, Qq = {kQ, Size::kMmx},
                      Qd = {kQ, Size::kMmxD}, Nq = {kN, Size::kMmx};

constexpr OperandSpec Vx = {kV, Size::kX}, Vdq = {kV, Size::kDq}, Vqq = {kV, Size::kQq};
constexpr OperandSpec Ux = {kU, Size::kX}, Udq = {kU, Size::kDq}, Uqq = {kU, Size::kQq};
constexpr OperandSpec Hx = {kH, Size::kX}, Hdq = {kH, Size::kDq}, Hqq = {kH, Size::kQq};
constexpr OperandSpec Lx = {kL, Size::kX};
constexpr OperandSpec Wx = {kW, Size::kX}, Wdq = {kW, Size::kDq}, Wqq = {kW, Size::kQq},
                      Wb = {kW, Size::kSb}, Ww = {kW, Size::kSw}, Wss = {kW, Size::kSs},
                      Wsd = {kW, Size::kSd}, Wh = {kW, Size::kHalf}, Wq4 = {kW, Size::kQuarter},
                      Wq8 = {kW, Size::kEighth}, Wdup = {kW, Size::kDup};
constexpr OperandSpec XMM0 = {kXmm0, Size::kDq};
constexpr OperandSpec VMd = {kVsib, Size::kD}, VMq = {kVsib, Size::kQ},
                      VMhq = {kVsibHalf, Size::kQ};

}  // namespace gantry::x86::notation
