#include "tests/oracle/generator.h"

#include <cstring>
#include <string_view>

#include "tests/oracle/aim.h"
#include "tests/oracle/encoding.h"
#include "tests/oracle/fixes.h"
#include "tests/oracle/values.h"

namespace gantry::oracle {
namespace {

using x86::OperandKind;

// What would end the oracle or loop.
bool must_not_run(const x86::Insn& insn, std::string_view semantics) {
  if (semantics == "INT" && insn.imm == 0x80) return true;
  // A jump to itself.
  u64 behind = insn.imm - insn.rip;
  return insn.op[0].kind == OperandKind::kRelative && behind < insn.length;
}

// A part of a larger block, which is the same for all cases: numbers, and every 64 bytes an edge.
void randomize_data(Random& random, u8* data) {
  constexpr u64 kPoolSize = u64{16} * kDataSize;
  static const auto* pool = [] {
    auto* words = new u64[kPoolSize / 8];
    Random fill(0);
    for (u64 i = 0; i < kPoolSize / 8; i++) words[i] = i % 8 ? fill.next() : edge_value(fill);
    return reinterpret_cast<const u8*>(words);
  }();
  std::memcpy(data, pool + 64 * random.below((kPoolSize - kDataSize) / 64), kDataSize);
}

void randomize(Random& random, Case& c, u64 memory) {
  for (u64& reg : c.state.gpr) reg = edge_value(random);
  c.state.rflags = random_flags(random);
  c.state.fs_base = random.below(u64{1} << 46);
  c.state.gs_base = random.below(u64{1} << 46);
  randomize_fpu(random, c.state.fx);
  randomize_ymm(random, c.state.ymm_high);
  randomize_data(random, c.data);
  for (u64 n = 0; n < 4; n++) {
    u64 value = random.percent(50) ? edge_value(random) : random_float_lanes(random);
    poke(c, memory + 8 * n, value);
  }
}

u64 stack_pointer(Random& random) {
  if (random.percent(4)) return bad_address(random);
  u64 address = data_address(random);
  return address & ~u64{random.below(8)};
}

bool encode_case(Random& random, unsigned row, u64 rip, u64 absolute, Case& c) {
  Encoding encoding;
  if (!encode(random, row, rip, absolute, encoding)) return false;
  std::memcpy(c.bytes, encoding.bytes, sizeof c.bytes);
  c.insn = encoding.insn;
  c.refused = encoding.status != x86::DecodeStatus::kOk;
  bool too_long = encoding.status == x86::DecodeStatus::kTooLong;
  c.refusal = too_long ? guest::Vector::kGeneralProtection : guest::Vector::kInvalidOpcode;
  return true;
}

}  // namespace

void poke(Case& c, u64 address, u64 value, unsigned size) {
  if (within_data(address, size)) std::memcpy(c.data + (address - kDataBase), &value, size);
}

u64 row_key(unsigned row) {
  const x86::Opcode& o = x86::opcodes()[row];
  return static_cast<u64>(o.map) | u64{o.opcode} << 8 | u64{o.prefixes} << 16 |
         static_cast<u64>(o.modrm) << 24 | u64{o.modrm_value} << 32;
}

bool generate(u64 seed, unsigned row, u64 number, Case& c) {
  Random random(seed * 0x100000001b3 + row_key(row) * 0x10001 + number * 0xd6e8feb86659fd93);
  u64 rip = kCodeBase + 0x800 + random.below(64);
  // Encodings without a base reach the lower 2 GiB only.
  u64 absolute = data_address(random);
  if (!encode_case(random, row, rip, absolute, c)) return false;
  std::string_view semantics = x86::row_semantics(row);
  if (must_not_run(c.insn, semantics)) return false;
  bool fixed = c.insn.mem.base == x86::kNoRegister && c.insn.mem.index == x86::kNoRegister;
  u64 memory = fixed ? absolute : memory_address(random, semantics);
  c.state = {};
  c.state.rip = rip;
  randomize(random, c, memory);
  c.state.gpr[guest::kRsp] = stack_pointer(random);
  if (c.refused) return true;
  Context x{random, c, memory};
  aim(x);
  apply_fixes(x, semantics);
  return !asks_for_host_state(c, semantics);
}

}  // namespace gantry::oracle
