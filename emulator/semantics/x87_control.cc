// The x87 environment and state in memory, and the instructions that manage them.
#include "emulator/guest/memory.h"
#include "emulator/semantics/x87_ops.h"

namespace gantry::sem::x87 {
namespace {

constexpr u16 kDefaultControl = 0x037f;

// Both layouts of protected mode (SDM vol. 1, figures 8-9 and 8-11) are seven fields; the reserved
// upper halves of the wide one are stored as ones.
struct Environment {
  u16 control;
  u16 status;
  u16 tags;
  u32 rip;
  u32 opcode_and_selector;
  u32 rdp;
  u32 operand_selector;
};

// 0 valid, 1 zero, 2 special, 3 empty (SDM vol. 1, section 8.1.7).
u16 full_tag(const X87& x, unsigned k) {
  if (!(x.valid >> k & 1)) return 3;
  const F80& value = x.st[k];
  unsigned biased = value.sign_exponent & 0x7fff;
  if (biased == 0) return value.significand == 0 ? 1 : 2;
  return biased == 0x7fff || !(value.significand >> 63) ? 2 : 0;
}

u16 full_tags(const X87& x) {
  unsigned tags = 0;
  for (unsigned k = 0; k < 8; ++k) tags |= full_tag(x, k) << (2 * k);
  return static_cast<u16>(tags);
}

Environment environment(const X87& x) {
  return {.control = x.control,
          .status = status_word(x),
          .tags = full_tags(x),
          .rip = static_cast<u32>(x.rip),
          .opcode_and_selector = static_cast<u32>(x.opcode) << 16,
          .rdp = static_cast<u32>(x.rdp),
          .operand_selector = 0};
}

void set_environment(X87& x, const Environment& e) {
  set_control_word(x, e.control);
  set_status_word(x, e.status);
  x.valid = 0;
  for (unsigned k = 0; k < 8; ++k) x.valid |= static_cast<u8>(((e.tags >> (2 * k) & 3) != 3) << k);
  x.rip = e.rip;
  x.opcode = e.opcode_and_selector >> 16 & 0x7ff;
  x.rdp = e.rdp;
}

// A 14-byte environment has 16-bit fields and no opcode.
void write_environment(Cpu& cpu, u64 address, u64 size, const Environment& e) {
  if (size == 14) {
    const u16 fields[7] = {
        e.control, e.status, e.tags, static_cast<u16>(e.rip), 0, static_cast<u16>(e.rdp), 0};
    for (unsigned k = 0; k < 7; ++k) guest::store<u16>(cpu, address + 2 * k, fields[k]);
    return;
  }
  constexpr u32 kReserved = 0xffff0000;
  const u32 fields[7] = {kReserved | e.control,
                         kReserved | e.status,
                         kReserved | e.tags,
                         e.rip,
                         e.opcode_and_selector,
                         e.rdp,
                         kReserved | e.operand_selector};
  for (unsigned k = 0; k < 7; ++k) guest::store<u32>(cpu, address + 4 * k, fields[k]);
}

Environment read_environment(Cpu& cpu, u64 address, u64 size) {
  auto field = [&](unsigned k) -> u32 {
    return size == 14 ? guest::load<u16>(cpu, address + 2 * k)
                      : guest::load<u32>(cpu, address + 4 * k);
  };
  Environment e = {.control = static_cast<u16>(field(0)),
                   .status = static_cast<u16>(field(1)),
                   .tags = static_cast<u16>(field(2)),
                   .rip = field(3),
                   .opcode_and_selector = field(4),
                   .rdp = field(5),
                   .operand_selector = field(6)};
  if (size == 14) e.opcode_and_selector = 0;
  return e;
}

void mask_all(X87& x) { set_control_word(x, x.control | fp::kAllExceptions); }

}  // namespace

void initialize(Cpu& cpu) {
  X87& x = cpu.x87;
  x.control = kDefaultControl;
  x.status = 0;
  x.top = 0;
  x.valid = 0;
  x.opcode = 0;
  x.rip = 0;
  x.rdp = 0;
}

void clear_exceptions(Cpu& cpu) {
  cpu.x87.status &= static_cast<u16>(~(fp::kAllExceptions | kStackFault | kErrorSummary | kBusy));
}

void load_control(Cpu& cpu, u64 value) { set_control_word(cpu.x87, static_cast<u16>(value)); }

void store_environment(Cpu& cpu, u64 address, u64 size) {
  guest::probe_write(cpu, address, size);
  write_environment(cpu, address, size, environment(cpu.x87));
  mask_all(cpu.x87);
}

void load_environment(Cpu& cpu, u64 address, u64 size) {
  Environment e = read_environment(cpu, address, size);
  set_environment(cpu.x87, e);
}

// `size` is that of the whole state: the environment, then ST(0) to ST(7).
void save(Cpu& cpu, u64 address, u64 size) {
  guest::probe_write(cpu, address, size);
  write_environment(cpu, address, size - 80, environment(cpu.x87));
  for (unsigned k = 0; k < 8; ++k) {
    const F80& value = cpu.x87.st[(cpu.x87.top + k) & 7];
    guest::store<u64>(cpu, address + size - 80 + 10 * k, value.significand);
    guest::store<u16>(cpu, address + size - 72 + 10 * k, value.sign_exponent);
  }
  initialize(cpu);
}

void restore(Cpu& cpu, u64 address, u64 size) {
  Environment e = read_environment(cpu, address, size - 80);
  F80 registers[8];
  for (unsigned k = 0; k < 8; ++k) {
    registers[k].significand = guest::load<u64>(cpu, address + size - 80 + 10 * k);
    registers[k].sign_exponent = guest::load<u16>(cpu, address + size - 72 + 10 * k);
  }
  set_environment(cpu.x87, e);
  for (unsigned k = 0; k < 8; ++k) cpu.x87.st[(cpu.x87.top + k) & 7] = registers[k];
}

void note_instruction(Cpu& cpu, u64 rip, u64 opcode, u64 operand) {
  cpu.x87.rip = rip;
  if (!(cpu.x87.status & kErrorSummary)) return;
  cpu.x87.opcode = opcode & 0x7ff;
  cpu.x87.rdp = operand;
}

}  // namespace gantry::sem::x87
