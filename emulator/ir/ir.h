// The intermediate representation: what a translation unit is between decoding and host code.
//
// A unit is a list of instructions in SSA form: a value is the index of the instruction that makes
// it. Guest state is read and written by instructions of their own (ops.def), so that passes see
// it. Nothing here depends on the host.
#pragma once

#include <algorithm>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "emulator/base/list.h"
#include "emulator/base/types.h"
#include "emulator/guest/cpu.h"
#include "emulator/x86/insn.h"

namespace gantry::ir {

enum class Type : u8 { kVoid, kInt, kBool, kVec, kFlags, kAny };

// What an operation does besides making a value.
enum Effect : u8 {
  kPure = 0,
  kReadsState = 1,
  kWritesState = 2,
  kReadsMemory = 4,
  kWritesMemory = 8,
  kMayFault = 16,  // may leave the unit; guest state is that before the guest instruction
  kCallPart = 32,  // arguments, call and results stay in order
  kMark = 64,      // structure: stays where it is
  kAnything = kReadsState | kWritesState | kReadsMemory | kWritesMemory | kMayFault,
};

enum class Op : u8 {
#define OP(name, result, arguments, effects) k##name,
#include "emulator/ir/ops.def"
#undef OP
};

constexpr unsigned kMaxArguments = 6;

struct OpInfo {
  const char* name;
  Type result;
  u8 effects;
  u8 argument_count;
  Type arguments[kMaxArguments];
};

namespace detail {

using enum Type;
constexpr Type Int = kInt, Bool = kBool, Vec = kVec, Flags = kFlags, Void = kVoid, Any = kAny;

template <typename... Types>
constexpr OpInfo make_info(const char* name, Type result, u8 effects, Types... arguments) {
  static_assert(sizeof...(Types) <= kMaxArguments);
  return {name, result, effects, sizeof...(Types), {arguments...}};
}

// Puts the arguments of a row, which stand in parentheses, after the others.
#define GANTRY_UNWRAP(...) __VA_OPT__(, ) __VA_ARGS__
inline constexpr OpInfo kInfos[] = {
#define OP(name, result, arguments, effects) \
  make_info(#name, result, static_cast<u8>(effects) GANTRY_UNWRAP arguments),
#include "emulator/ir/ops.def"
#undef OP
};
#undef GANTRY_UNWRAP

}  // namespace detail

constexpr const OpInfo& info(Op op) { return detail::kInfos[static_cast<unsigned>(op)]; }
constexpr unsigned op_count() { return std::size(detail::kInfos); }

using Value = u16;
constexpr Value kNoValue = 0xffff;

struct Inst {
  Op op = Op::kConst;
  u8 width = 0;
  u8 aux = 0;
  Value arg[kMaxArguments] = {kNoValue, kNoValue, kNoValue, kNoValue, kNoValue, kNoValue};
  u64 imm = 0;

  // Whether the value is one of its arguments.
  bool uses(Value v) const { return std::find(arg, arg + kMaxArguments, v) != arg + kMaxArguments; }
};

// Where helpers find their arguments and leave their results.
union alignas(16) Slot {
  u64 integer;
  guest::V128 vector;
};
constexpr unsigned kMaxSlots = 8;

// A C++ function with its types erased: `invoke` unpacks the slots, calls `target` and packs the
// result into slot 0 (and 1 for 32 bytes).
struct Helper {
  void (*invoke)(void* target, guest::Cpu& cpu, Slot* slots) = nullptr;
  void* target = nullptr;

  bool operator==(const Helper&) const = default;
};

// What the guest's registers hold at one point of a unit, as values, as far as that is known.
struct Held {
  Value gpr[16];
  Value xmm[16];
  Value flags;

  Held() { std::fill_n(gpr, sizeof *this / sizeof(Value), kNoValue); }
  // Keeps what is the same.
  void forget_differences(const Held& other);
  static void keep_same(Value& mine, Value theirs) { mine = mine == theirs ? mine : kNoValue; }
};

// A register that accesses between two operations find with another value, if they fault, than it
// holds: that of the first operation, a kOweXmm. The second sets it again.
struct Owed {
  Value at, until;
};

struct Unit {
  List<x86::Insn> insns;
  List<Inst> code;
  std::vector<Helper> helpers;
  // Before each If, Else, EndIf, CallCpu and Interpret, and after the last operation.
  std::vector<Held> barriers;
  Held at_end;
  std::vector<Owed> owed;
  // Those that have held a value, as bit sets.
  u32 gprs = 0, xmms = 0;
  bool interprets = false;  // there is an Interpret

  void clear();
};

// One line an operation: "  %12 = add.4 %3, %7".
std::string print(const Unit& unit);

// The first rule that the unit breaks, as a sentence; empty when it is well-formed.
std::string verify(const Unit& unit);

}  // namespace gantry::ir
