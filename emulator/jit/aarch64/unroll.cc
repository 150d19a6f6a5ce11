// Short loops are repeated, so that what their poll costs is paid once in several rounds.
#include <algorithm>

#include "emulator/jit/aarch64/branch.h"
#include "emulator/jit/aarch64/compiler.h"

namespace gantry::aarch64 {
namespace {

// In words. A poll has two.
constexpr u32 kLongLoop = 40;

}  // namespace

// The last jump to the head of the loop that is about to get its poll: as the index of a reference.
// Neither one that is far from it, nor behind a loop that is inside of this one.
std::optional<u32> Compiler::find_jump_back(const Part& head) {
  const Destination to = {Destination::Kind::kGuest, head.block->rip};
  u32 limit = out_.position() + kLongLoop;
  for (const Part* inner = &head + 1; inner != parts_.data() + parts_.size(); inner++) {
    if (inner->has_poll()) limit = std::min(limit, inner->entry);
  }
  std::optional<u32> found;
  for (auto n = static_cast<u32>(out_.references.size()); n-- > 0;) {
    const Output::Reference& reference = out_.references[n];
    if (reference.at >= limit) break;
    u32 word = out_.word(reference.at);
    if (reference.to == to && !is_adr(word) && !is_call(word)) found = n;
  }
  return found;
}

// The round that is there, up to the jump back, as it is in front of another one: jumps to the head
// go to its end, and those within it stay within it.
void Compiler::copy_round(const Part& head, u32 size) {
  u32 begin = out_.position();
  round_.words.assign(&out_.word(begin), &out_.word(begin) + size);
  round_.references.clear();
  auto count = static_cast<u32>(out_.references.size()), first = count;
  while (first > 0 && out_.references[first - 1].at - begin < size) first--;
  for (u32 n = first; n < count; n++) {
    const Output::Reference& reference = out_.references[n];
    const Part* part =
        reference.to.kind == Destination::Kind::kGuest ? part_at(reference.to.address) : nullptr;
    bool is_inside = part && part->start > begin && part->start - begin < size;
    if (part != &head && !is_inside) {
      round_.references.push_back(n);
      continue;
    }
    u32 target = is_inside ? part->start : begin + size;
    u32& word = round_.words[reference.at - begin];
    word = retarget(word, (s64{target} - s64{reference.at}) * 4);
  }
}

// Puts further rounds in front of the loop. Where they leave it at their end, they go behind the
// jump back of the one that is there.
void Compiler::unroll(const Part& head) {
  auto back = find_jump_back(head);
  if (!back) return;
  u32 at = out_.references[*back].at;
  u32 jump = out_.word(at);
  bool is_conditional = reach_of(jump) != Reach::k26;
  u32 size = at - out_.position() + (is_conditional ? 1 : 0);
  if (size == 0) return;
  copy_round(head, size);
  for (u32 shift = size; shift < kLongLoop; shift += size) {
    if (is_conditional) round_.words.back() = retarget(inverted(jump), s64{shift + 1} * 4);
    out_.prepend_round(round_, shift);
  }
}

}  // namespace gantry::aarch64
