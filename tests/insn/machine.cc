#include "tests/insn/machine.h"

#include <algorithm>
#include <string>

#include "emulator/interp/eval.h"
#include "emulator/x86/decoder.h"
#include "tests/insn/hardware.h"
#include "tests/oracle/emulated.h"
#include "tests/oracle/pages.h"

namespace gantry::test {
namespace {

// Large; one test at a time uses them.
oracle::Case current;
oracle::Outcome outcome;

void prepare() {
  static bool done = false;
  if (done) return;
  oracle::map_all_pages();
  prepare_hardware();
  done = true;
}

// Whether the bytes are one instruction, or none, and no more and no less.
bool is_one(x86::DecodeStatus status, const x86::Insn& insn, std::size_t size) {
  if (status == x86::DecodeStatus::kOk) return insn.length == size;
  return status != x86::DecodeStatus::kTruncated;
}

bool decode(std::span<const u8> bytes) {
  current.insn = {};
  std::copy(bytes.begin(), bytes.end(), current.bytes);
  auto status = x86::decode(bytes, kRip, current.insn);
  if (!is_one(status, current.insn, bytes.size())) return false;
  current.refused = status != x86::DecodeStatus::kOk;
  if (!current.refused) return true;
  current.insn = {};
  current.insn.rip = kRip;
  current.insn.length = static_cast<u8>(bytes.size());
  current.refusal =
      status == x86::DecodeStatus::kTooLong ? Vector::kGeneralProtection : Vector::kInvalidOpcode;
  return true;
}

std::string description(std::span<const u8> bytes) {
  std::string text = "after";
  for (u8 byte : bytes) {
    char digits[4];
    std::snprintf(digits, sizeof digits, " %02x", byte);
    text += digits;
  }
  return text + "  " + (current.refused ? "(no instruction)" : x86::disassemble(current.insn));
}

void take_outcome(guest::Cpu& cpu) {
  oracle::load_state(cpu, outcome.state);
  cpu.exit = outcome.exit;
  if (!outcome.faulted) return;
  cpu.fault.vector = static_cast<Vector>(outcome.vector);
  cpu.fault.error = outcome.error;
  cpu.fault.address = outcome.address;
}

}  // namespace

Machine::Machine() {
  prepare();
  std::memset(reinterpret_cast<void*>(kData), 0, oracle::kDataSize);
}

void Machine::run(Bytes bytes, Where where) {
  if (auto vector = execute({bytes.begin(), bytes.size()}, where)) {
    ADD_FAILURE_AT(where.file_name(), where.line())
        << "unexpected exception " << static_cast<unsigned>(*vector);
  }
}

Vector Machine::fault(Bytes bytes, Where where) {
  auto vector = execute({bytes.begin(), bytes.size()}, where);
  if (!vector) ADD_FAILURE_AT(where.file_name(), where.line()) << "no exception";
  return vector.value_or(Vector{0xff});
}

std::optional<Vector> Machine::execute(std::span<const u8> bytes, Where where) {
  cpu.rip = kRip;
  cpu.fault = {};
  bool decoded = decode(bytes);
  trace_.emplace(where.file_name(), where.line(), description(bytes));
  EXPECT_TRUE(decoded) << "the bytes are not one instruction";
  oracle::store_state(cpu, current.state);
  oracle::read_data(current.data);
  bool compared = run_on_hardware(current);
  oracle::write_data(current.data);
  oracle::run_emulated(current, outcome);
  take_outcome(cpu);
  if (compared) {
    EXPECT_EQ(differences_from_hardware(current, outcome), "");
  }
  return outcome.faulted ? std::optional(cpu.fault.vector) : std::nullopt;
}

void Machine::step(Bytes bytes) {
  ASSERT_TRUE(decode({bytes.begin(), bytes.size()}) && !current.refused);
  cpu.rip = kRip;
  interp::handler_for(current.insn)(cpu, current.insn);
  if (!current.insn.ends_block) cpu.rip = current.insn.next_rip();
}

}  // namespace gantry::test
