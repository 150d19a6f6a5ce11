// What a unit looks like: its guest instructions, its IR, its code.
#include <algorithm>
#include <cstdio>
#include <map>

#include "emulator/jit/aarch64/compiler.h"
#include "emulator/jit/aarch64/disassembler.h"
#include "emulator/x86/decoder.h"

namespace gantry::aarch64 {
namespace {

std::string hex(u64 value) {
  char text[24];
  std::snprintf(text, sizeof text, "%#lx", static_cast<unsigned long>(value));
  return text;
}

std::string guest_text(const x86::Insn& insn) {
  return hex(insn.rip) + ": " + x86::disassemble(insn);
}

std::string stub_text(const Stubs& stubs, u64 address) {
  if (address == stubs.interpret) return "<interpret>";
  if (address == stubs.interpret_repeated) return "<interpret repeated>";
  if (address == stubs.interpret_and_leave) return "<interpret and leave>";
  if (address == stubs.leave) return "<leave>";
  if (address == stubs.leave_step) return "<leave to step>";
  if (address == stubs.indirect) return "<indirect>";
  if (address == stubs.call) return "<call>";
  return hex(address);
}

// The distance of a branch, or of whatever else has a target.
std::optional<s64> distance_of(u32 word) {
  std::optional<s64> found;
  disassemble(word, [&](s64 distance) {
    found = distance;
    return std::string();
  });
  return found;
}

}  // namespace

// The code of a unit as text. Positions are indices of words, as in Output.
class Compiler::HostListing {
 public:
  HostListing(Compiler& compiler, u64 code, bool numbered)
      : compiler_(compiler), out_(compiler.out_), code_(code), numbered_(numbered) {
    for (const Part& part : compiler_.parts_) {
      labels_[part.start] = "block " + hex(part.block->rip);
      for (const x86::Insn& insn : part.block->insns) insns_[insn.rip] = &insn;
    }
    name_targets();
  }

  std::string text() {
    std::string result;
    for (u32 at = out_.position(); at < end(); at++) {
      if (auto label = labels_.find(at); label != labels_.end()) result += label->second + ":\n";
      result += mark_text(at);
      result += numbered_ ? number_text(at) : std::string("  ");
      result += word_text(at) + "\n";
    }
    return result;
  }

 private:
  u32 end() const { return out_.position() + static_cast<u32>(out_.words().size()); }
  const Output::Literal* literal_at(u32 at) const {
    auto is_here = [&](const Output::Literal& l) { return l.contains(at); };
    auto found = std::find_if(out_.literals.begin(), out_.literals.end(), is_here);
    return found == out_.literals.end() ? nullptr : &*found;
  }

  // Targets within the unit that are no block get numbers.
  void name_targets() {
    for (u32 at = out_.position(); at < end(); at++) {
      auto distance = literal_at(at) ? std::nullopt : distance_of(out_.word(at));
      u32 target = at + static_cast<u32>(distance.value_or(0) / 4);
      if (distance && target >= out_.position() && target < end()) labels_.insert({target, ""});
    }
    unsigned count = 0;
    for (auto& [at, name] : labels_) {
      if (name.empty()) name = "L" + std::to_string(++count);
    }
  }

  // The guest instruction whose code begins here, or what is computed where the access here faults.
  std::string mark_text(u32 at) const {
    std::string text;
    for (const Output::Mark& mark : out_.marks) {
      auto insn = insns_.find(mark.rip);
      if (mark.at != at || insn == insns_.end()) continue;
      // The code of an earlier one comes first, and marks are in the opposite order.
      std::string line = mark.recovery ? owed_text(*mark.recovery) : guest_text(*insn->second);
      text = "  // " + line + "\n" + text;
    }
    return text;
  }

  std::string owed_text(u32 recovery) const {
    std::string text = "owes";
    for (u32 n = recovery;; n++) {
      const jit::Recovery& call = out_.recoveries[n];
      if (call.xmm != jit::Recovery::kNone) text += " xmm" + std::to_string(call.xmm);
      if (call.is_last) return text;
    }
  }

  std::string number_text(u32 at) const {
    char text[40];
    std::snprintf(text, sizeof text, "  %04x  %08x  ", (at - out_.position()) * 4, out_.word(at));
    return text;
  }

  std::string word_text(u32 at) const {
    const Output::Literal* literal = literal_at(at);
    if (literal && literal->is_host_address && !numbered_) return ".word host address";
    if (literal) return ".word " + hex(out_.word(at));
    return disassemble(out_.word(at), [&](s64 distance) {
      auto label = labels_.find(at + static_cast<u32>(distance / 4));
      if (label != labels_.end()) return "<" + label->second + ">";
      u64 here = code_ + (at - out_.position()) * 4;
      return stub_text(compiler_.stubs_, here + static_cast<u64>(distance));
    });
  }

  Compiler& compiler_;
  Output& out_;
  u64 code_;
  bool numbered_;
  std::map<u32, std::string> labels_;
  std::map<u64, const x86::Insn*> insns_;
};

std::string Compiler::list(const jit::Dump& what, const jit::Entry& entry, bool numbered) {
  u64 code = reinterpret_cast<u64>(entry.code) - (parts_[0].start - out_.position()) * 4;
  std::string text;
  for (const Part& part : parts_) {
    if (what.guest && !what.ir) {  // which has them, too
      for (const x86::Insn& insn : part.block->insns) text += guest_text(insn) + "\n";
    }
    if (what.ir) text += ir::print(part.unit);
  }
  if (what.host) text += HostListing(*this, code, numbered).text();
  return text;
}

}  // namespace gantry::aarch64
