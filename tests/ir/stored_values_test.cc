// Loads from where the same code has stored before.
#include "emulator/ir/stored_values.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <vector>

#include "emulator/interp/ir_evaluator.h"
#include "tests/ir/translate_all.h"

namespace gantry::ir {
namespace {

constexpr Emit::HostOps kPrivate = {.memory_is_private = true};

unsigned loads(std::initializer_list<Code> codes, Emit::HostOps host = kPrivate) {
  Unit unit = translate_all(std::span(codes.begin(), codes.size()), nullptr, host);
  return static_cast<unsigned>(std::count_if(unit.code.begin(), unit.code.end(),
                                             [](const Inst& i) { return i.op == Op::kLoad; }));
}

constexpr Code kStore = {0x48, 0x89, 0x43, 0x10};           // mov [rbx + 16], rax
constexpr Code kLoad = {0x48, 0x8b, 0x4b, 0x10};            // mov rcx, [rbx + 16]
constexpr Code kLoadHalf = {0x8b, 0x4b, 0x10};              // mov ecx, [rbx + 16]
constexpr Code kStoreBelow = {0x48, 0x89, 0x53, 0x08};      // mov [rbx + 8], rdx
constexpr Code kStoreAcross = {0x48, 0x89, 0x53, 0x0c};     // mov [rbx + 12], rdx
constexpr Code kStoreElsewhere = {0x88, 0x16};              // mov [rsi], dl
constexpr Code kChange = {0x48, 0xff, 0xc0};                // inc rax
constexpr Code kStep = {0x48, 0x83, 0xc3, 0x08};            // add rbx, 8
constexpr Code kLoadBehindStep = {0x48, 0x8b, 0x4b, 0x08};  // mov rcx, [rbx + 8]
constexpr Code kFence = {0x0f, 0xae, 0xf0};                 // mfence

TEST(StoredValues, ALoadOfWhatARegisterHoldsIsNone) {
  EXPECT_EQ(loads({kStore, kLoad}), 0u);
  EXPECT_EQ(loads({kStore, kStoreBelow, kLoad}), 0u);
  EXPECT_EQ(loads({kStore, kStep, kLoadBehindStep}), 0u);
  // push rax; pop rcx; mov dword [rbx + 16], 5; mov ecx, [rbx + 16]
  EXPECT_EQ(loads({{0x50}, {0x59}, {0xc7, 0x43, 0x10, 5, 0, 0, 0}, kLoadHalf}), 0u);
}

TEST(StoredValues, OtherStoresMayChangeIt) {
  EXPECT_EQ(loads({kStore, kStoreAcross, kLoad}), 1u);
  EXPECT_EQ(loads({kStore, kStoreElsewhere, kLoad}), 1u);
  // movups [rbx + 4], xmm0
  EXPECT_EQ(loads({kStore, {0x0f, 0x11, 0x43, 0x04}, kLoad}), 1u);
  // mov [rbx + 4112], rdx: the same memory, when that is mapped twice
  EXPECT_EQ(loads({kStore, {0x48, 0x89, 0x93, 0x10, 0x10, 0, 0}, kLoad}), 1u);
}

TEST(StoredValues, AValueThatNoRegisterHoldsIsLoaded) {
  EXPECT_EQ(loads({kStore, kChange, kLoad}), 1u);
}

TEST(StoredValues, AnotherWidthIsLoaded) { EXPECT_EQ(loads({kStore, kLoadHalf}), 1u); }

TEST(StoredValues, WhereOthersMayWriteItIsLoaded) {
  EXPECT_EQ(loads({kStore, kLoad}, {}), 1u);
  EXPECT_EQ(loads({kStore, kFence, kLoad}), 1u);
  // lock xadd [rsi], rdx
  EXPECT_EQ(loads({kStore, {0xf0, 0x48, 0x0f, 0xc1, 0x16}, kLoad}), 1u);
}

// Four pages that are one, so that what is stored shows at other addresses, too.
class Memory {
 public:
  static constexpr std::size_t kPage = 4096, kViews = 4;

  Memory() {
    int fd = memfd_create("memory", 0);
    EXPECT_EQ(ftruncate(fd, kPage), 0);
    bytes_ = static_cast<u8*>(
        mmap(nullptr, kViews * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (std::size_t n = 0; n < kViews; n++) {
      void* at =
          mmap(bytes_ + n * kPage, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
      EXPECT_NE(at, MAP_FAILED);
    }
    close(fd);
  }
  ~Memory() { munmap(bytes_, kViews * kPage); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  u64 address() const { return reinterpret_cast<u64>(bytes_); }
  void reset() {
    for (std::size_t n = 0; n < kPage; n++) bytes_[n] = static_cast<u8>(n * 7);
  }
  std::vector<u8> content() const { return {bytes_, bytes_ + kPage}; }

 private:
  u8* bytes_;
};

// Accesses near RBX, RSI and the stack, and changes of these.
class RandomAccesses {
 public:
  explicit RandomAccesses(u64 seed) : random_(seed) {}

  std::vector<u8> next() {
    switch (random_() % 8) {
      case 0:
        return {static_cast<u8>(0x50 + reg())};  // push
      case 1:
        return {static_cast<u8>(0x58 + reg())};  // pop
      case 2:
        return {0x48, 0x83, static_cast<u8>(0xc0 + base()), static_cast<u8>(random_() % 4 * 4)};
      case 3:
        return access({0x0f, static_cast<u8>(0x10 + random_() % 2)}, 0);  // movups
      default: {
        constexpr u8 kOpcodes[] = {0x88, 0x89, 0x89, 0x89, 0x8a, 0x8b, 0x8b, 0x8b, 0x01, 0x03};
        u8 opcode = kOpcodes[random_() % std::size(kOpcodes)];
        unsigned prefix = random_() % 4;  // mostly REX.W
        if (prefix == 0) return access({opcode}, reg());
        return access({static_cast<u8>(prefix == 1 ? 0x66 : 0x48), opcode}, reg());
      }
    }
  }
  u64 number() { return random_(); }

 private:
  // RAX, RCX or RDX.
  u8 reg() { return static_cast<u8>(random_() % 3); }
  u8 base() { return random_() % 4 ? 3 : 6; }
  std::vector<u8> access(std::vector<u8> code, u8 reg) {
    code.push_back(static_cast<u8>(0x80 | reg << 3 | base()));
    u32 displacement = static_cast<u32>(random_() % 3 * 4 + random_() % 2 * Memory::kPage);
    for (unsigned n = 0; n < 4; n++) code.push_back(static_cast<u8>(displacement >> 8 * n));
    return code;
  }

  std::mt19937_64 random_;
};

x86::Insn decoded(std::vector<u8> code) {
  code.resize(x86::kMaxInsnLength);
  x86::Insn insn;
  EXPECT_EQ(x86::decode(code, 0x1000, insn), x86::DecodeStatus::kOk);
  return insn;
}

Unit as_unit(std::span<const x86::Insn> insns, Emit::HostOps host) {
  Unit unit;
  Emit emit(unit, host);
  for (const x86::Insn& insn : insns) EXPECT_TRUE(translate(insn, unit, emit));
  EXPECT_EQ(verify(unit), "");
  return unit;
}

guest::Cpu random_state(RandomAccesses& random, const Memory& memory) {
  guest::Cpu cpu;
  for (u64& gpr : cpu.gpr) gpr = random.number();
  cpu.gpr[guest::kRbx] = memory.address() + Memory::kPage + 256;
  cpu.gpr[guest::kRsi] = memory.address() + 2 * Memory::kPage + 256 + random.number() % 8;
  cpu.gpr[guest::kRsp] = memory.address() + 272;
  cpu.xmm[0] = {random.number(), random.number()};
  return cpu;
}

TEST(StoredValues, RandomAccessesAreWhatTheyAreAlone) {
  Memory memory;
  RandomAccesses random(3);
  unsigned fewer = 0;
  for (unsigned n = 0; n < 4000 && !testing::Test::HasFailure(); n++) {
    std::vector<x86::Insn> insns;
    for (unsigned count = 0; count < 12; count++) insns.push_back(decoded(random.next()));
    guest::Cpu expected = random_state(random, memory), actual = expected;
    memory.reset();
    for (const x86::Insn& insn : insns) interp::evaluate(as_unit({&insn, 1}, {}), expected);
    std::vector<u8> content = memory.content();
    memory.reset();
    Unit unit = as_unit(insns, kPrivate);
    interp::evaluate(unit, actual);
    EXPECT_TRUE(std::equal(expected.gpr, expected.gpr + 16, actual.gpr)) << print(unit);
    EXPECT_TRUE(expected.xmm[0] == actual.xmm[0]) << print(unit);
    EXPECT_EQ(content, memory.content()) << print(unit);
    fewer += unit.code.size() < as_unit(insns, {}).code.size();
  }
  EXPECT_GT(fewer, 500u);
}

}  // namespace
}  // namespace gantry::ir
