#include "tests/oracle/encoding.h"

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

class Encoder {
 public:
  Encoder(Random& random, const Opcode& row, u64 absolute, u8* bytes)
      : random_(random), row_(row), absolute_(absolute), at_(bytes) {}

  // Everything up to the immediates.
  void run() {
    choose_bits();
    if (row_.map >= Map::kV0F) {
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
  void emit(unsigned byte) { *at_++ = static_cast<u8>(byte); }
  void emit32(u64 value) {
    std::memcpy(at_, &value, 4);
    at_ += 4;
  }

  void choose_bits() {
    bool vex = row_.map >= Map::kV0F;
    pp_ = choose(random_, row_.prefixes, 0, 4);
    int w = choose(random_, row_.prefixes, 4, 2);
    int l = choose(random_, row_.prefixes, 6, 2);
    rex_w_ = w < 0 ? random_.percent(33) : w == 1;
    rex_ = static_cast<u8>(random_.percent(50) ? random_.below(8) : 0);
    vex_l_ = l < 0 ? random_.percent(50) : l == 1;
    if (!vex && l >= 0) rex_ = static_cast<u8>((rex_ & 6) | l);
    if (pp_ < 0 && !vex && random_.percent(25)) pp_ = 1;
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
    for (const auto& op : row_.op) {
      if (op.method == x86::Method::kM) return true;
      if (op.method == x86::Method::kR || op.method == x86::Method::kU ||
          op.method == x86::Method::kN) {
        return false;
      }
    }
    return random_.percent(55);
  }

  void emit_legacy_prefixes() {
    constexpr u8 kPp[] = {0, 0x66, 0xf3, 0xf2};
    if (pp_ > 0) emit(kPp[pp_]);
    if ((row_.attributes & x86::kString) && random_.percent(66)) {
      emit(random_.percent(50) ? 0xf3 : 0xf2);
    }
    if ((row_.attributes & x86::kLockable) && memory_ && random_.percent(30)) emit(0xf0);
    emit_address_prefixes();
    if (rex_ || rex_w_ || random_.percent(15)) emit(0x40 | rex_ | (rex_w_ ? 8 : 0));
  }

  void emit_address_prefixes() {
    if (random_.percent(6)) emit(0x67);
    if (random_.percent(8)) emit(random_.percent(50) ? 0x64 : 0x65);
  }

  void emit_map() {
    if (row_.map == Map::k1) return;
    emit(0x0f);
    if (row_.map == Map::k0F38) emit(0x38);
    if (row_.map == Map::k0F3A) emit(0x3a);
  }

  void emit_vex() {
    emit_address_prefixes();
    unsigned map = static_cast<unsigned>(row_.map) - static_cast<unsigned>(Map::kV0F) + 1;
    unsigned vvvv = row_.attributes & x86::kUsesVvvv ? static_cast<unsigned>(random_.below(16)) : 0;
    emit(0xc4);
    emit((~rex_ & 7u) << 5 | map);
    emit((rex_w_ ? 0x80u : 0u) | (~vvvv & 15u) << 3 | (vex_l_ ? 4u : 0u) |
         static_cast<unsigned>(pp_ < 0 ? 0 : pp_));
  }

  unsigned opcode() {
    if (row_.attributes & x86::kCc) return row_.opcode + static_cast<unsigned>(random_.below(16));
    if (row_.attributes & x86::kOpcodeRegister) {
      return row_.opcode + static_cast<unsigned>(random_.below(8));
    }
    return row_.opcode;
  }

  void emit_modrm() {
    if (row_.modrm == ModRmRule::kExact) return emit(row_.modrm_value);
    bool digit = row_.modrm == ModRmRule::kDigit || row_.modrm == ModRmRule::kMemoryDigit ||
                 row_.modrm == ModRmRule::kRegisterDigit;
    unsigned reg = digit ? row_.modrm_value : static_cast<unsigned>(random_.below(8));
    auto rm = static_cast<unsigned>(random_.below(8));
    if (!memory_) return emit(0xc0 | reg << 3 | rm);
    auto mod = static_cast<unsigned>(random_.below(3));
    emit(mod << 6 | reg << 3 | rm);
    bool no_base = mod == 0 && rm == 5;
    if (no_base) rip_displacement_ = at_;
    if (rm == 4) {
      auto sib = static_cast<unsigned>(random_.below(256));
      emit(sib);
      if (mod == 0 && (sib & 7) == 5) return emit32(absolute_);
    }
    if (no_base) return emit32(0);
    if (mod == 1) emit(static_cast<unsigned>(random_.next()));
    if (mod == 2) emit32(edge_value(random_));
  }

  Random& random_;
  const Opcode& row_;
  u64 absolute_;
  u8* at_;
  u8* rip_displacement_ = nullptr;
  int pp_ = -1;
  bool rex_w_ = false, vex_l_ = false, memory_ = false;
  u8 rex_ = 0;
};

void fill_immediates(Random& random, u8* at, const u8* end) {
  while (at < end) {
    u64 value = edge_value(random);
    auto size = static_cast<std::size_t>(end - at < 8 ? end - at : 8);
    std::memcpy(at, &value, size);
    at += size;
  }
}

bool decode_again(unsigned row, u64 rip, const u8 (&bytes)[16], Insn& insn) {
  return x86::decode({bytes, 16}, rip, insn) == x86::DecodeStatus::kOk && insn.row == row;
}

// Parts that can only be filled in once the length is known.
void patch(Random& random, const Opcode& row, u64 rip, u64 absolute, u8* rip_displacement,
           u8* bytes, const Insn& insn) {
  u8* end = bytes + insn.length;
  if (rip_displacement) {
    auto displacement = static_cast<u32>(absolute - insn.next_rip());
    std::memcpy(rip_displacement, &displacement, 4);
  }
  for (const auto& op : row.op) {
    if (op.method == x86::Method::kO)
      std::memcpy(end - insn.mem.address_width, &absolute, insn.mem.address_width);
    if (op.method == x86::Method::kJ && op.size != x86::Size::kB) {
      auto distance = static_cast<s32>(random.below(1000)) - 500;
      std::memcpy(end - 4, &distance, 4);
    }
  }
  (void)rip;
}

}  // namespace

bool encode(Random& random, unsigned row, u64 rip, u64 absolute, u8 (&bytes)[16], Insn& insn) {
  u8 buffer[32] = {};
  const Opcode& opcode = x86::opcodes()[row];
  Encoder encoder(random, opcode, absolute, buffer);
  encoder.run();
  fill_immediates(random, encoder.end(), buffer + sizeof buffer);
  std::memcpy(bytes, buffer, 16);
  if (!decode_again(row, rip, bytes, insn)) return false;
  u8* displacement = encoder.rip_displacement();
  patch(random, opcode, rip, absolute, displacement ? bytes + (displacement - buffer) : nullptr,
        bytes, insn);
  return decode_again(row, rip, bytes, insn);
}

}  // namespace gantry::oracle
