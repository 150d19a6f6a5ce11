#include "tests/oracle/encoding.h"

#include <algorithm>
#include <cstring>

#include "emulator/x86/decoder.h"

namespace gantry::oracle {
namespace {

using x86::Insn;
using x86::Map;
using x86::ModRmRule;
using x86::Opcode;

// One of the alternatives of a prefix dimension, as a number; -1 when the row has none.
int choose(Random& random, unsigned set, unsigned shift, unsigned count) {
  set = set >> shift & ((1u << count) - 1);
  if (set == 0) return -1;
  while (true) {
    auto value = static_cast<unsigned>(random.below(count));
    if (set >> value & 1) return static_cast<int>(value);
  }
}

// A byte that makes an encoding illegal, or leaves it just legal.
enum class Mutation : u8 {
  kNone,
  kVvvv,       // VEX.vvvv whatever the row does with it
  kVexPrefix,  // a prefix that VEX does not bear (SDM vol. 2, 2.3.2 to 2.3.4)
  kVexBits,    // VEX.L or VEX.W inverted
  kLock,       // LOCK in front of anything
  kLong,       // so many prefixes that the length is about 15 bytes
};

class Encoder {
 public:
  Encoder(Random& random, const Opcode& row, u64 absolute, u8* bytes)
      : random_(random), row_(row), absolute_(absolute), at_(bytes) {}

  // Everything up to the immediates.
  void run() {
    choose_mutation();
    choose_bits();
    choose_modrm();
    choose_vvvv();
    if (mutation_ == Mutation::kLong) emit_null_prefixes();
    if (is_vex()) {
      emit_vex();
    } else {
      emit_legacy_prefixes();
      emit_map();
    }
    emit(opcode());
    if (row_.attributes & x86::kHasModRm) emit_modrm();
  }

  u8* end() const { return at_; }
  u8* rip_displacement() const { return rip_displacement_; }

 private:
  bool is_vex() const { return row_.map >= Map::kV0F; }
  void emit(unsigned byte) { *at_++ = static_cast<u8>(byte); }
  void emit32(u64 value) {
    std::memcpy(at_, &value, 4);
    at_ += 4;
  }
  unsigned below(u64 limit) { return static_cast<unsigned>(random_.below(limit)); }

  void choose_mutation() {
    constexpr Mutation kVex[] = {Mutation::kVvvv, Mutation::kVexPrefix, Mutation::kVexBits,
                                 Mutation::kLong};
    constexpr Mutation kLegacy[] = {Mutation::kLock, Mutation::kLong};
    if (!random_.percent(4)) return;
    mutation_ = is_vex() ? random_.pick(kVex) : random_.pick(kLegacy);
  }

  void choose_bits() {
    pp_ = choose(random_, row_.prefixes, 0, 4);
    int w = choose(random_, row_.prefixes, 4, 2);
    int l = choose(random_, row_.prefixes, 6, 2);
    rex_w_ = w < 0 ? random_.percent(33) : w == 1;
    rex_ = static_cast<u8>(random_.percent(50) ? random_.below(8) : 0);
    vex_l_ = l < 0 ? random_.percent(50) : l == 1;
    if (!is_vex() && l >= 0) rex_ = static_cast<u8>((rex_ & 6) | l);
    if (pp_ < 0 && !is_vex() && random_.percent(25)) pp_ = 1;
    if (mutation_ == Mutation::kVexBits) {
      bool& bit = random_.percent(50) ? rex_w_ : vex_l_;
      bit = !bit;
    }
    memory_ = choose_memory();
  }

  bool choose_memory() {
    switch (row_.modrm) {
      case ModRmRule::kMemory:
      case ModRmRule::kMemoryDigit:
        return true;
      case ModRmRule::kRegister:
      case ModRmRule::kRegisterDigit:
      case ModRmRule::kExact:
        return false;
      default:
        break;
    }
    if (row_.attributes & x86::kVectorIndex) return true;
    for (const auto& op : row_.op) {
      if (op.method == x86::Method::kM) return true;
      if (op.method == x86::Method::kR || op.method == x86::Method::kU ||
          op.method == x86::Method::kN) {
        return false;
      }
    }
    return random_.percent(55);
  }

  void choose_modrm() {
    bool digit = row_.modrm == ModRmRule::kDigit || row_.modrm == ModRmRule::kMemoryDigit ||
                 row_.modrm == ModRmRule::kRegisterDigit;
    reg_ = digit ? row_.modrm_value : below(8);
    rm_ = random_.percent(12) ? reg_ : below(8);
    mod_ = memory_ ? below(3) : 3;
    sib_ = below(256);
    if (row_.attributes & x86::kVectorIndex) choose_gather();
  }

  // Mostly a SIB byte, which gathers need, and an index that is not the destination.
  void choose_gather() {
    if (random_.percent(95)) rm_ = 4;
    if (index_register() == reg_register() && random_.percent(90)) sib_ ^= 8 << below(3);
  }

  unsigned reg_register() const { return reg_ | (rex_ & 4u) << 1; }
  unsigned rm_register() const { return rm_ | (rex_ & 1u) << 3; }
  unsigned index_register() const { return (sib_ >> 3 & 7) | (rex_ & 2u) << 2; }

  // Often a register that is an operand already, but not where all must differ.
  void choose_vvvv() {
    bool uses = row_.attributes & x86::kUsesVvvv;
    if (uses || mutation_ == Mutation::kVvvv) vvvv_ = below(16);
    if (!uses) return;
    if (row_.attributes & x86::kVectorIndex) {
      while ((vvvv_ == reg_register() || vvvv_ == index_register()) && random_.percent(90)) {
        vvvv_ = below(16);
      }
      return;
    }
    if (random_.percent(15)) vvvv_ = reg_register();
    if (!memory_ && random_.percent(15)) vvvv_ = rm_register();
  }

  void emit_null_prefixes() {
    constexpr u8 kNull[] = {0x26, 0x2e, 0x36, 0x3e};
    for (unsigned count = 5 + below(8); count > 0; count--) emit(random_.pick(kNull));
  }

  void emit_legacy_prefixes() {
    u8 prefixes[8];
    unsigned count = choose_prefixes(prefixes);
    while (count > 0) {
      unsigned n = below(count);
      emit(prefixes[n]);
      prefixes[n] = prefixes[--count];
    }
    if (rex_ || rex_w_ || random_.percent(15)) emit(0x40u | rex_ | (rex_w_ ? 8 : 0));
  }

  unsigned choose_prefixes(u8* prefixes) {
    constexpr u8 kPp[] = {0, 0x66, 0xf3, 0xf2};
    u8* at = prefixes;
    bool repeatable = row_.attributes & x86::kString;
    if (pp_ > 0) *at++ = kPp[pp_];
    if (random_.percent(repeatable ? 66 : pp_ < 0 ? 8 : 0)) {
      *at++ = random_.percent(50) ? 0xf3 : 0xf2;
    }
    bool lockable = (row_.attributes & x86::kLockable) && memory_;
    if (mutation_ == Mutation::kLock || (lockable && random_.percent(30))) *at++ = 0xf0;
    return static_cast<unsigned>(choose_address_prefixes(at) - prefixes);
  }

  u8* choose_address_prefixes(u8* at) {
    if (random_.percent(6)) *at++ = 0x67;
    if (random_.percent(8)) *at++ = random_.percent(50) ? 0x64 : 0x65;
    return at;
  }

  void emit_map() {
    if (row_.map == Map::k1) return;
    emit(0x0f);
    if (row_.map == Map::k0F38) emit(0x38);
    if (row_.map == Map::k0F3A) emit(0x3a);
  }

  // In two bytes where that can be said in two.
  void emit_vex() {
    constexpr u8 kNotAllowed[] = {0x66, 0xf2, 0xf3, 0xf0, 0x40, 0x48};
    at_ = choose_address_prefixes(at_);
    if (mutation_ == Mutation::kVexPrefix) emit(random_.pick(kNotAllowed));
    unsigned map = static_cast<unsigned>(row_.map) - static_cast<unsigned>(Map::kV0F) + 1;
    unsigned last =
        (~vvvv_ & 15u) << 3 | (vex_l_ ? 4u : 0u) | static_cast<unsigned>(pp_ < 0 ? 0 : pp_);
    if (map == 1 && !rex_w_ && !(rex_ & 3) && random_.percent(50)) {
      emit(0xc5);
      emit((rex_ & 4 ? 0 : 0x80u) | last);
      return;
    }
    emit(0xc4);
    emit((~rex_ & 7u) << 5 | map);
    emit((rex_w_ ? 0x80u : 0u) | last);
  }

  unsigned opcode() {
    if (row_.attributes & x86::kCc) return row_.opcode + below(16);
    if (row_.attributes & x86::kOpcodeRegister) return row_.opcode + below(8);
    return row_.opcode;
  }

  void emit_modrm() {
    if (row_.modrm == ModRmRule::kExact) return emit(row_.modrm_value);
    emit(mod_ << 6 | reg_ << 3 | rm_);
    if (!memory_) return;
    bool no_base = mod_ == 0 && rm_ == 5;
    if (no_base) rip_displacement_ = at_;
    if (rm_ == 4) {
      emit(sib_);
      if (mod_ == 0 && (sib_ & 7) == 5) return emit32(absolute_);
    }
    if (no_base) return emit32(0);
    if (mod_ == 1) emit(below(256));
    if (mod_ == 2) emit32(edge_value(random_));
  }

  Random& random_;
  const Opcode& row_;
  u64 absolute_;
  u8* at_;
  u8* rip_displacement_ = nullptr;
  Mutation mutation_ = Mutation::kNone;
  int pp_ = -1;
  bool rex_w_ = false, vex_l_ = false, memory_ = false;
  u8 rex_ = 0;  // REX.RXB
  unsigned mod_ = 0, reg_ = 0, rm_ = 0, sib_ = 0, vvvv_ = 0;
};

void fill_immediates(Random& random, u8* at, const u8* end) {
  while (at < end) {
    u64 value = edge_value(random);
    auto size = static_cast<std::size_t>(end - at < 8 ? end - at : 8);
    std::memcpy(at, &value, size);
    at += size;
  }
}

x86::DecodeStatus decode(u64 rip, Encoding& e) {
  return x86::decode({e.bytes, sizeof e.bytes}, rip, e.insn);
}

bool is_row(const Encoding& e, unsigned row) {
  return e.status == x86::DecodeStatus::kOk && e.insn.row == row;
}

// Parts that can only be filled in once the length is known.
void patch(Random& random, const Opcode& row, u64 absolute, u8* rip_displacement, Encoding& e) {
  u8* end = e.bytes + e.insn.length;
  if (rip_displacement) {
    auto displacement = static_cast<u32>(absolute - e.insn.next_rip());
    std::memcpy(rip_displacement, &displacement, 4);
  }
  for (const auto& op : row.op) {
    if (op.method == x86::Method::kO)
      std::memcpy(end - e.insn.mem.address_width, &absolute, e.insn.mem.address_width);
    if (op.method == x86::Method::kJ && op.size != x86::Size::kB) {
      auto distance = static_cast<s32>(random.below(1000)) - 500;
      std::memcpy(end - 4, &distance, 4);
    }
  }
}

// A CPU that executes it in spite of the decoder finds INT3 for an immediate, and then INT3.
bool make_refused(unsigned row, u64 rip, unsigned length, Encoding& e) {
  constexpr u8 kInt3 = 0xcc;
  if (e.status != x86::DecodeStatus::kInvalid && e.status != x86::DecodeStatus::kTooLong)
    return false;
  length = std::min<unsigned>(length, sizeof e.bytes);
  std::memset(e.bytes + length, kInt3, sizeof e.bytes - length);
  e.insn = {};
  e.insn.rip = rip;
  e.insn.row = static_cast<u16>(row);
  e.insn.length = static_cast<u8>(length);
  return true;
}

}  // namespace

bool encode(Random& random, unsigned row, u64 rip, u64 absolute, Encoding& e) {
  u8 buffer[48] = {};
  const Opcode& opcode = x86::opcodes()[row];
  Encoder encoder(random, opcode, absolute, buffer);
  encoder.run();
  auto length = static_cast<unsigned>(encoder.end() - buffer);
  fill_immediates(random, encoder.end(), buffer + sizeof buffer);
  std::memcpy(e.bytes, buffer, sizeof e.bytes);
  e.status = decode(rip, e);
  if (e.status != x86::DecodeStatus::kOk) return make_refused(row, rip, length, e);
  if (!is_row(e, row)) return false;
  u8* displacement = encoder.rip_displacement();
  patch(random, opcode, absolute, displacement ? e.bytes + (displacement - buffer) : nullptr, e);
  e.status = decode(rip, e);
  return is_row(e, row);
}

}  // namespace gantry::oracle
