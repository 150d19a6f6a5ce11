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

std::string stub_text(Stub stub) {
  switch (stub) {
    case Stub::kEnter:
      return "<enter>";
    case Stub::kInterpret:
      return "<interpret>";
    case Stub::kInterpretRepeated:
      return "<interpret repeated>";
    case Stub::kInterpretAndLeave:
      return "<interpret and leave>";
    case Stub::kLeave:
      return "<leave>";
    case Stub::kLeaveStep:
      return "<leave to step>";
    case Stub::kIndirect:
      return "<indirect>";
    case Stub::kCall:
      return "<call>";
  }
  return "";
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
      labels_[part.entry] = "block " + hex(part.block->rip);
      for (const x86::Insn& insn : part.block->insns) insns_[insn.rip] = &insn;
    }
    for (const Output::Reference& r : out_.references) {
      if (r.to.kind == Destination::Kind::kStub) stubs_[r.at] = static_cast<Stub>(r.to.address);
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
  // As it is executed.
  const u32* word_at(u32 at) const {
    return reinterpret_cast<const u32*>(code_) + (at - out_.position());
  }
  u32 end() const { return out_.position() + static_cast<u32>(out_.words().size()); }
  const Output::Literal* literal_at(u32 at) const {
    auto is_here = [&](const Output::Literal& l) { return l.contains(at); };
    auto found = std::find_if(out_.literals.begin(), out_.literals.end(), is_here);
    return found == out_.literals.end() ? nullptr : &*found;
  }

  // Targets within the unit that are no block get numbers.
  void name_targets() {
    for (u32 at = out_.position(); at < end(); at++) {
      bool stays = !literal_at(at) && !stubs_.contains(at);
      auto distance = stays ? distance_of(out_.word(at)) : std::nullopt;
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
    u32 offset = (at - out_.position()) * 4;
    std::snprintf(text, sizeof text, "  %04x  %08x  ", offset, *word_at(at));
    return text;
  }

  std::string word_text(u32 at) const {
    const Output::Literal* literal = literal_at(at);
    bool is_data = literal && literal->content == Output::Content::kData;
    if (literal && !is_data && !numbered_) return ".word host address";
    if (literal) return ".word " + hex(*word_at(at));
    return disassemble(out_.word(at), [&](s64 distance) {
      if (auto stub = stubs_.find(at); stub != stubs_.end()) return stub_text(stub->second);
      return "<" + labels_.at(at + static_cast<u32>(distance / 4)) + ">";
    });
  }

  Compiler& compiler_;
  Output& out_;
  u64 code_;
  bool numbered_;
  std::map<u32, std::string> labels_;
  std::map<u32, Stub> stubs_;
  std::map<u64, const x86::Insn*> insns_;
};

std::string Compiler::list(const jit::Dump& what, const jit::Entry& entry, bool numbered) {
  u64 code = reinterpret_cast<u64>(entry.code) - (parts_[0].entry - out_.position()) * 4;
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
