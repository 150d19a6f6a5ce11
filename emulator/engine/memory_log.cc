#include "emulator/engine/memory_log.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "emulator/base/check.h"
#include "emulator/engine/thread.h"
#include "emulator/interp/eval.h"
#include "emulator/semantics/bit.h"
#include "emulator/x86/opcode.h"

namespace gantry::engine {
namespace {

using x86::Insn;
using x86::OperandKind;
using Names = std::span<const std::string_view>;

// They write a number of stack slots, or an area, that their operands do not tell.
constexpr std::string_view kUnforeseen[] = {"ENTER", "CALL_FAR", "IRET", "INT"};
constexpr std::string_view kPushes[] = {"PUSH", "PUSH_SEG", "PUSHF", "CALL_NEAR"};
constexpr std::string_view kBitUpdates[] = {"BTS", "BTR", "BTC"};
constexpr std::string_view kStrings[] = {"STOS", "MOVS"};
constexpr std::string_view kMaskedMoves[] = {"MASKMOVQ", "MASKMOVDQU"};

bool is_one_of(const Insn& i, Names names) {
  return std::find(names.begin(), names.end(), x86::row_semantics(i.row)) != names.end();
}

bool is_written(const Insn& i) { return i.op[0].kind == OperandKind::kMemory; }

u64 with_address_width(const Insn& i, u64 offset) {
  return i.mem.address_width == 4 ? static_cast<u32>(offset) : offset;
}

// Of the memory operand. BTS and its like move it, and POP increments RSP first.
u64 operand_address(guest::Cpu& cpu, const Insn& i) {
  interp::Eval<> b(cpu);
  u64 delta = 0;
  if (is_one_of(i, kBitUpdates)) delta = sem::bit_place(b, i).delta;
  bool pops = std::string_view(x86::row_semantics(i.row)) == "POP";
  if (pops && i.mem.base == guest::kRsp) delta = i.width;
  return with_address_width(i, b.effective_offset(i) + delta) + b.segment_base(i);
}

const u8* memory_at(u64 address) { return reinterpret_cast<const u8*>(address); }

}  // namespace

bool MemoryLog::foresees(const Insn& insn) {
  if (is_one_of(insn, kUnforeseen)) return false;
  return !is_written(insn) || insn.op[0].width != 0;
}

void MemoryLog::clear() {
  ranges_.clear();
  before_.clear();
}

void MemoryLog::add_range(guest::Cpu& cpu, u64 address, u64 size) {
  if (size == 0 || size > kMaxSize || address >= guest::kAddressLimit) return;
  u64 offset = before_.size();
  before_.resize(offset + size);
  u8* to = before_.data() + offset;
  // What cannot be read is not written either.
  bool readable = guarded(cpu, [&] { std::memcpy(to, memory_at(address), size); });
  if (readable) ranges_.push_back({address, size, offset});
}

void MemoryLog::add_string(guest::Cpu& cpu, const Insn& insn) {
  u64 count = insn.repeated() ? with_address_width(insn, cpu.gpr[guest::kRcx]) : 1;
  u64 begin = with_address_width(insn, cpu.gpr[guest::kRdi]), width = insn.width;
  if (count == 0 || count > kMaxSize / width) return;
  if (cpu.system_flags & guest::kDF) begin -= (count - 1) * width;
  add_range(cpu, begin, count * width);
}

void MemoryLog::add(guest::Cpu& cpu, const Insn& insn) {
  if (is_written(insn)) add_range(cpu, operand_address(cpu, insn), insn.op[0].width);
  if (is_one_of(insn, kPushes)) {
    add_range(cpu, cpu.gpr[guest::kRsp] - insn.width, insn.width);
  } else if (is_one_of(insn, kStrings)) {
    add_string(cpu, insn);
  } else if (is_one_of(insn, kMaskedMoves)) {
    u64 address = with_address_width(insn, cpu.gpr[guest::kRdi]);
    add_range(cpu, address + interp::Eval<>(cpu).segment_base(insn), 16);
  }
}

void MemoryLog::capture() {
  captured_.resize(before_.size());
  for (const Range& r : ranges_) std::memcpy(&captured_[r.offset], memory_at(r.address), r.size);
}

// The last range first: where two overlap, the older one has what was there before both.
void MemoryLog::restore() const {
  for (auto r = ranges_.rbegin(); r != ranges_.rend(); ++r) {
    const u8* bytes = &before_[r->offset];
    // What has not changed may not be writable.
    if (std::memcmp(memory_at(r->address), bytes, r->size) == 0) continue;
    std::memcpy(reinterpret_cast<void*>(r->address), bytes, r->size);
  }
}

bool MemoryLog::holds(const std::vector<u8>& bytes) const {
  return std::all_of(ranges_.begin(), ranges_.end(), [&](const Range& r) {
    return std::memcmp(memory_at(r.address), &bytes[r.offset], r.size) == 0;
  });
}
bool MemoryLog::is_as_before() const { return holds(before_); }
bool MemoryLog::is_as_captured() const { return holds(captured_); }

std::string MemoryLog::differences() const {
  std::string text;
  for (const Range& r : ranges_) {
    for (u64 n = 0; n < r.size; n++) {
      u8 captured = captured_[r.offset + n], now = memory_at(r.address)[n];
      if (captured == now) continue;
      char line[80];
      std::snprintf(line, sizeof line, "  memory %#lx: %02x %02x\n", r.address + n, captured, now);
      text += line;
    }
  }
  return text;
}

}  // namespace gantry::engine
