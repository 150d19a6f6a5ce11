#include "emulator/ir/ir.h"

namespace gantry::ir {
namespace {

class Verifier {
 public:
  explicit Verifier(const Unit& unit) : unit_(unit), usable_(unit.code.size()) {}

  std::string run() {
    for (at_ = 0; at_ < unit_.code.size() && error_.empty(); at_++) {
      check_arguments();
      check_operation();
      usable_[at_] = true;
    }
    if (!open_.empty() && error_.empty()) error_ = "the unit ends within an If";
    return error_;
  }

 private:
  // An If or Else whose body is being looked at, and where that began.
  struct Body {
    std::size_t begin;
    bool has_else;
  };

  void fail(const std::string& why) {
    if (error_.empty()) {
      error_ = "%" + std::to_string(at_) + " (" + info(unit_.code[at_].op).name + "): " + why;
    }
  }

  void check_arguments() {
    const Inst& inst = unit_.code[at_];
    const OpInfo& op = info(inst.op);
    for (unsigned n = 0; n < kMaxArguments; n++) {
      Value v = inst.arg[n];
      if (n >= op.argument_count) {
        if (v != kNoValue) fail("too many arguments");
      } else if (v == kNoValue && op.arguments[n] == Type::kAny) {
        continue;
      } else if (v >= at_) {
        fail("an argument that is not computed yet");
      } else if (!usable_[v]) {
        fail("an argument from the body of an If that has ended");
      } else if (!fits(info(unit_.code[v].op).result, op.arguments[n])) {
        fail("an argument of another type");
      }
    }
  }

  static bool fits(Type value, Type argument) {
    return value == argument ||
           (argument == Type::kAny && (value == Type::kInt || value == Type::kVec));
  }

  void end_body() {
    for (std::size_t n = open_.back().begin; n < at_; n++) usable_[n] = false;
  }

  void check_operation() {
    const Inst& inst = unit_.code[at_];
    switch (inst.op) {
      case Op::kInsn:
        if (inst.imm >= unit_.insns.size()) fail("no such guest instruction");
        if (!open_.empty()) fail("a guest instruction within an If");
        break;
      case Op::kIf:
        open_.push_back({at_, false});
        break;
      case Op::kElse:
        if (open_.empty() || open_.back().has_else) return fail("no If");
        end_body();
        open_.back() = {at_, true};
        break;
      case Op::kEndIf:
        if (open_.empty()) return fail("no If");
        end_body();
        open_.pop_back();
        break;
      case Op::kApplyInt:
      case Op::kApplyVec:
      case Op::kApplyFloatInt:
      case Op::kApplyFloatVec:
      case Op::kCall:
      case Op::kCallCpu:
        if (inst.imm >= unit_.helpers.size()) fail("no such helper");
        break;
      case Op::kArgInt:
      case Op::kArgVec:
      case Op::kResultVec:
        if (inst.aux >= kMaxSlots) fail("no such slot");
        break;
      case Op::kResultInt:
        if (at_ == 0 || !is_call(unit_.code[at_ - 1].op)) fail("a result without a call");
        break;
      default:
        check_width(inst);
    }
  }

  static bool is_call(Op op) { return op == Op::kCall || op == Op::kCallCpu; }

  void check_width(const Inst& inst) {
    bool sized = info(inst.op).result == Type::kInt || inst.op == Op::kStore;
    bool known = inst.width == 1 || inst.width == 2 || inst.width == 4 || inst.width == 8;
    bool pair = inst.op == Op::kCompareExchange && inst.width == 16;
    if (sized && !known && !pair) fail("a width of " + std::to_string(inst.width) + " bytes");
  }

  const Unit& unit_;
  std::vector<bool> usable_;  // by value: computed, and not in a body that has ended
  std::vector<Body> open_;
  std::size_t at_ = 0;
  std::string error_;
};

}  // namespace

std::string verify(const Unit& unit) { return Verifier(unit).run(); }

}  // namespace gantry::ir
