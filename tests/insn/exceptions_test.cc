// Which exception an instruction raises, and where RIP is then.
#include <vector>

#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

using Instructions = std::vector<std::vector<u8>>;

constexpr u64 kNonCanonical = u64{1} << 47;

class ExceptionTest : public testing::Test {
 protected:
  ExceptionTest() { m[kRsp] = kData + 512; }

  void expect_all(const Instructions& instructions, Vector vector) {
    m.set_flags(kStatusFlags);
    for (const auto& bytes : instructions) {
      EXPECT_EQ(m.execute(bytes), vector);
      EXPECT_EQ(m.cpu.rip, kRip);
      EXPECT_EQ(m.flags(), kStatusFlags);
    }
  }
  Machine m;
};

TEST_F(ExceptionTest, NonCanonicalAddressIsAProtectionFault) {
  for (u64 address : {kNonCanonical, u64{1} << 62, ~kNonCanonical}) {
    m[kRbx] = m[kRdi] = address;
    expect_all({{0x8b, 0x03},        // mov eax, [rbx]
                {0x89, 0x03},        // mov [rbx], eax
                {0x0f, 0x10, 0x03},  // movups xmm0, [rbx]
                {0xff, 0x23}},       // jmp [rbx]
               Vector::kGeneralProtection);
  }
}

TEST_F(ExceptionTest, NonCanonicalStackAddressIsAStackFault) {
  m[kRbp] = kNonCanonical;
  expect_all({{0x8b, 0x45, 0x00},     // mov eax, [rbp]
              {0x8b, 0x44, 0x05, 0},  // mov eax, [rbp + rax]
              {0x01, 0x45, 0x00},     // add [rbp], eax
              {0x0f, 0x10, 0x45, 0},  // movups xmm0, [rbp]
              {0xc9}},                // leave
             Vector::kStackFault);
  m[kRsp] = kNonCanonical;
  expect_all({{0x8b, 0x04, 0x24}, {0xc3}, {0x58}, {0x9d}}, Vector::kStackFault);
  m[kRsp] = kNonCanonical + 8;
  expect_all({{0x50}, {0x6a, 0x01}, {0xe8, 0, 0, 0, 0}, {0x9c}}, Vector::kStackFault);
}

// RBP as an index and R13 are not the stack.
TEST_F(ExceptionTest, OtherUsesOfTheFramePointerAreProtectionFaults) {
  m[kRbp] = kNonCanonical;
  m[kR13] = kNonCanonical;
  expect_all({{0x8b, 0x04, 0x2b},         // mov eax, [rbx + rbp]
              {0x41, 0x8b, 0x45, 0x00}},  // mov eax, [r13]
             Vector::kGeneralProtection);
}

TEST_F(ExceptionTest, KernelAddressIsAPageFault) {
  m[kRbx] = 0xffff800000000000;
  EXPECT_EQ(m.fault({0x8b, 0x03}), Vector::kPageFault);
  EXPECT_EQ(m.cpu.fault.address, m[kRbx]);
  EXPECT_EQ(m.cpu.fault.error, guest::kFaultUser | guest::kFaultPresent);
  EXPECT_EQ(m.fault({0x89, 0x03}), Vector::kPageFault);
  EXPECT_EQ(m.cpu.fault.error, guest::kFaultUser | guest::kFaultPresent | guest::kFaultWrite);
}

TEST_F(ExceptionTest, JumpToANonCanonicalAddressFaultsAtTheJump) {
  m[kRbx] = kNonCanonical;
  m.put(kData, kNonCanonical);
  m[kRdi] = kData;
  expect_all({{0xff, 0xe3},   // jmp rbx
              {0xff, 0xd3},   // call rbx
              {0xff, 0x27}},  // jmp [rdi]
             Vector::kGeneralProtection);
  EXPECT_EQ(m[kRsp], kData + 512);
}

TEST_F(ExceptionTest, PrivilegedInstructionsAreProtectionFaults) {
  m[kRbx] = kData;
  expect_all({{0xf4},              // hlt
              {0xfa},              // cli
              {0xfb},              // sti
              {0xe4, 0x60},        // in al, 0x60
              {0xe5, 0x60},        // in eax, 0x60
              {0xe6, 0x60},        // out 0x60, al
              {0xe7, 0x60},        // out 0x60, eax
              {0xec},              // in al, dx
              {0xed},              // in eax, dx
              {0xee},              // out dx, al
              {0xef},              // out dx, eax
              {0x6c},              // insb
              {0x6d},              // insd
              {0x6e},              // outsb
              {0x6f},              // outsd
              {0x0f, 0x06},        // clts
              {0x0f, 0x08},        // invd
              {0x0f, 0x09},        // wbinvd
              {0x0f, 0x30},        // wrmsr
              {0x0f, 0x32},        // rdmsr
              {0x0f, 0x20, 0xc0},  // mov rax, cr0
              {0x0f, 0x22, 0xc0},  // mov cr0, rax
              {0x0f, 0x21, 0xc0},  // mov rax, dr0
              {0x0f, 0x23, 0xc0},  // mov dr0, rax
              {0x0f, 0x01, 0x13},  // lgdt [rbx]
              {0x0f, 0x01, 0x1b},  // lidt [rbx]
              {0x0f, 0x00, 0xd0},  // lldt ax
              {0x0f, 0x00, 0xd8},  // ltr ax
              {0x0f, 0x01, 0xf0},  // lmsw ax
              {0x0f, 0x01, 0x3b},  // invlpg [rbx]
              {0x0f, 0x01, 0xf8},  // swapgs
              {0x0f, 0x01, 0xd1},  // xsetbv
              {0x0f, 0x07}},       // sysret
             Vector::kGeneralProtection);
}

TEST_F(ExceptionTest, UndefinedOpcodes) {
  m[kRbx] = kData;
  expect_all({{0x0f, 0x0b},        // ud2
              {0x0f, 0xb9, 0xc0},  // ud1 eax, eax
              {0x0f, 0xb9, 0x03},  // ud1 eax, [rbx]
              {0x0f, 0xff, 0xc0},  // ud0 eax, eax
              {0x0f, 0x0a},
              {0x0f, 0x04},
              {0x0f, 0x24, 0xc0},  // mov rax, tr0, once
              {0x0f, 0x20, 0xc8},  // mov rax, cr1
              {0x0f, 0xa6, 0xc0}},
             Vector::kInvalidOpcode);
}

TEST_F(ExceptionTest, InstructionsThatWideModeLacks) {
  m[kRbx] = kData;
  expect_all({{0x06},              // push es
              {0x07},              // pop es
              {0x0e},              // push cs
              {0x16},              // push ss
              {0x17},              // pop ss
              {0x1e},              // push ds
              {0x1f},              // pop ds
              {0x27},              // daa
              {0x2f},              // das
              {0x37},              // aaa
              {0x3f},              // aas
              {0x60},              // pusha
              {0x61},              // popa
              {0x62, 0x0f},        // bound, whose opcode is EVEX
              {0x82, 0xc0, 0x01},  // add al, 1
              {0x9a},              // call far
              {0xce},              // into
              {0xd4, 0x0a},        // aam
              {0xd5, 0x0a},        // aad
              {0xd6},              // salc
              {0xea}},             // jmp far
             Vector::kInvalidOpcode);
}

TEST_F(ExceptionTest, FormsThatAreNotEncodable) {
  m[kRbx] = kData;
  expect_all({{0x8d, 0xc3},              // lea eax, ebx
              {0x8c, 0xf0},              // mov eax, segment 6
              {0x8e, 0xc8},              // mov cs, eax
              {0x0f, 0xb2, 0xc3},        // lss eax, ebx
              {0xfe, 0xd0},              // group 4, 2
              {0xff, 0xf8},              // group 5, 7
              {0xff, 0xd8},              // call far eax
              {0x8f, 0xc8},              // group 1A, 1
              {0xc6, 0xc8, 0x01},        // group 11, 1
              {0x0f, 0xae, 0xc3},        // fxsave of a register
              {0x0f, 0x13, 0xc3},        // movlps of a register
              {0x66, 0x0f, 0xe7, 0xc3},  // movntdq of a register
              {0x0f, 0xba, 0xc3, 0x01},  // group 8, 0
              {0x0f, 0xc3, 0xc3}},       // movnti of a register
             Vector::kInvalidOpcode);
}

TEST_F(ExceptionTest, VexAfterALegacyPrefixIsInvalid) {
  for (u8 prefix : {0x66, 0xf2, 0xf3, 0x48}) {
    expect_all({{prefix, 0xc5, 0xf8, 0x77}}, Vector::kInvalidOpcode);  // vzeroupper
  }
}

TEST_F(ExceptionTest, MoreThanFifteenBytesAreAProtectionFault) {
  std::vector<u8> bytes(15, 0x66);
  bytes.back() = 0x90;
  EXPECT_EQ(m.execute(bytes), std::nullopt);
  bytes.insert(bytes.begin(), 0x66);
  EXPECT_EQ(m.execute(bytes), Vector::kGeneralProtection);
}

TEST_F(ExceptionTest, TrapsArePastTheInstruction) {
  EXPECT_EQ(m.fault({0xcc}), Vector::kBreakpoint);  // int3
  EXPECT_EQ(m.cpu.rip, kRip + 1);
  EXPECT_EQ(m.fault({0xcd, 0x03}), Vector::kBreakpoint);  // int 3
  EXPECT_EQ(m.cpu.rip, kRip + 2);
  EXPECT_EQ(m.fault({0xcd, 0x04}), Vector::kOverflow);  // int 4
  EXPECT_EQ(m.cpu.rip, kRip + 2);
  EXPECT_EQ(m.fault({0xf1}), Vector::kDebug);  // int1
  EXPECT_EQ(m.cpu.rip, kRip + 1);
}

TEST_F(ExceptionTest, InterruptsOfTheSystemAreProtectionFaults) {
  for (u8 number : {0, 1, 5, 13, 0x20, 0xff}) {
    EXPECT_EQ(m.fault({0xcd, number}), Vector::kGeneralProtection);
    EXPECT_EQ(m.cpu.fault.error, number * 8u + 2);
    EXPECT_EQ(m.cpu.rip, kRip);
  }
}

}  // namespace
}  // namespace gantry::test
