// The co-simulator finds what is wrong: with a code generator that does another thing than it is
// asked for, and with a builder that does.
#include "emulator/engine/cosim.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <utility>

#include "emulator/base/check.h"

namespace gantry::engine {
namespace {

class Memory final : public GuestOs {
 public:
  void syscall(Thread&) override {}
  void exception(Thread&) override {}
  void safepoint(Thread&) override {}
  CodePage prepare_code_page(u64) override { return CodePage::kStable; }
  bool read_constant(u64, u64&) override { return false; }
};

constexpr u64 kCode = 0x10000000, kData = 0x10001000, kSize = 0x2000;

class Cosim : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    static bool is_ready = false;  // for both names of the suite
    if (std::exchange(is_ready, true)) return;
    CHECK(jit::prepare({}));
    void* at = mmap(reinterpret_cast<void*>(kCode), kSize, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(at == reinterpret_cast<void*>(kCode));
  }

  // Runs the code twice: as one piece, and instruction by instruction.
  void run(std::initializer_list<u8> code, const Translator& translator = {}) {
    std::memcpy(reinterpret_cast<void*>(kCode), code.begin(), code.size());
    std::memset(reinterpret_cast<void*>(kData), 0, 64);
    BlockCache::invalidate_all();
    thread_.os = &memory_;
    Cosimulator cosimulator(translator);
    for (int n = 0; n < 2; n++) {
      thread_.cpu.rip = kCode;
      thread_.cpu.gpr[guest::kRax] = 5;
      thread_.cpu.gpr[guest::kRcx] = 7;
      thread_.cpu.gpr[guest::kRbx] = kData;
      FetchFault fault;
      u64 address;
      Block* block = thread_.blocks.find(memory_, kCode, &fault, &address);
      ASSERT_NE(block, nullptr);
      cosimulator.run(thread_, *block);
    }
  }
  u64 data() const {
    u64 value;
    std::memcpy(&value, reinterpret_cast<void*>(kData), sizeof value);
    return value;
  }

  Memory memory_;
  Thread thread_;
};
using CosimDeathTest = Cosim;

// add rax, rcx; add [rbx], rax; jmp +0
constexpr std::initializer_list<u8> kAdds = {0x48, 0x01, 0xc8, 0x48, 0x01, 0x03, 0xeb, 0x00};
// add qword ptr [rbx], 5; jmp +0
constexpr std::initializer_list<u8> kAddToMemory = {0x48, 0x83, 0x03, 0x05, 0xeb, 0x00};

// The immediate of the first instruction, or its destination, is another.
template <bool into_memory>
x86::Insn spoil(x86::Insn insn) {
  if (into_memory && insn.op[0].kind == x86::OperandKind::kMemory) insn.imm++;
  if (!into_memory && insn.op[0].kind == x86::OperandKind::kGpr) insn.op[0].reg = guest::kRdx;
  return insn;
}

template <bool into_memory>
jit::Outcome compile_wrong(std::span<const jit::Block> blocks, std::span<jit::Entry> entries,
                           u64 epoch, const jit::Outside& outside, std::vector<u8>* stored) {
  std::vector<x86::Insn> insns(blocks[0].insns.begin(), blocks[0].insns.end());
  for (x86::Insn& insn : insns) insn = spoil<into_memory>(insn);
  jit::Block block = {blocks[0].rip, insns};
  return jit::compile({&block, 1}, entries, epoch, outside, stored);
}

bool translate_wrong(const x86::Insn& insn, ir::Unit& unit, ir::Emit& emit,
                     const ir::Acceptance& acceptance, u16 live_flags) {
  return ir::translate(spoil<false>(insn), unit, emit, acceptance, live_flags);
}

TEST_F(Cosim, ExecutesOnce) {
  run(kAdds);
  EXPECT_EQ(thread_.cpu.gpr[guest::kRax], 12u);
  EXPECT_EQ(thread_.cpu.rip, kCode + kAdds.size());
  EXPECT_EQ(data(), 24u);
  run(kAddToMemory);
  EXPECT_EQ(data(), 10u);
}

TEST_F(CosimDeathTest, WrongRegisterIsTheLowerings) {
  EXPECT_EXIT(run(kAdds, {.compile = compile_wrong<false>}),
              testing::ExitedWithCode(kDifferenceStatus),
              "add rax, rcx\n(.|\n)*rax: 000000000000000c 0000000000000005\n"
              "(.|\n)*culprit: lowering\n");
}

TEST_F(CosimDeathTest, WrongMemoryIsTheLowerings) {
  EXPECT_EXIT(run(kAddToMemory, {.compile = compile_wrong<true>}),
              testing::ExitedWithCode(kDifferenceStatus),
              "memory 0x10001000: 05 06\n(.|\n)*culprit: lowering\n");
}

TEST_F(CosimDeathTest, WrongIrIsTheBuilders) {
  EXPECT_EXIT(run(kAdds, {.compile = compile_wrong<false>, .translate = translate_wrong}),
              testing::ExitedWithCode(kDifferenceStatus), "culprit: IR");
}

}  // namespace
}  // namespace gantry::engine
