// Puts the blocks of a unit together: lowers them, resolves branches between them, adds the exits.
#pragma once

#include <memory>
#include <string>

#include "emulator/jit/aarch64/lowering.h"
#include "emulator/jit/backend.h"
#include "emulator/jit/code_cache.h"
#include "emulator/jit/polls.h"
#include "emulator/jit/unit_image.h"
#include "emulator/x86/flag_effect.h"

namespace gantry::aarch64 {

class Compiler {
 public:
  Compiler(const Demands& demands, const Stubs& stubs) : demands_(demands), stubs_(stubs) {}

  void set_demands(const Demands& demands) { demands_ = demands; }

  // As jit::compile. The caller holds the cache's mutex.
  jit::Outcome compile(std::span<const jit::Block> blocks, const jit::Outside& outside,
                       jit::CodeCache& cache, std::span<jit::Entry> entries,
                       std::vector<u8>* stored = nullptr);

  // The unit that was compiled last, whose first block's entry is `entry`, as text. `numbered` puts
  // offsets and words before the instructions; without, the text is that of every process.
  std::string list(const jit::Dump& what, const jit::Entry& entry, bool numbered);

 private:
  // TBZ reaches 32 KiB, and a unit is to be smaller than that.
  static constexpr std::size_t kMaxWords = 8000;

  class HostListing;
  static constexpr u16 kAllStatusFlags = jit::Outside::kAllStatusFlags;

  struct Part;
  struct Successor {
    u64 rip = 0;
    Part* part = nullptr;
    u16 flags_read = 0;  // where it is no part
  };

  struct Facts {
    const jit::Block* block = nullptr;
    Part* same_slot = nullptr;         // another one of part_slot()
    const x86::Insn* insns = nullptr;  // as the cache keeps them if the interpreter needs them
    u32 start = 0;                     // position of the code, for jumps within the unit
    u32 entry = 0;                     // the same, for those from outside
    x86::FlagEffect flags = {};
    // Flags that are read from its start, and after it.
    u16 live_in = 0, live_taken = kAllStatusFlags, live_other = kAllStatusFlags;
    bool is_loop_head = false;        // in the order of the unit
    bool is_backward_target = false;  // of a jump in the unit from a higher address
    bool polls = false;               // whenever the unit jumps there
    bool has_poll() const { return is_loop_head || polls; }
    Successor successors[2] = {};
    unsigned successor_count = 0;
    bool leaves = false;             // to where is not known
    bool return_reads_flags = true;  // the code behind a call, before it writes them

    std::span<Successor> next() { return {successors, successor_count}; }
  };
  // The unit keeps its memory.
  struct Part : Facts {
    ir::Unit unit;
  };

  void prepare(std::span<const jit::Block> blocks, const jit::Outside& outside);
  static void find_successors(Part& part);
  void find_flag_effect(Part& part) const;
  void find_live_flags();
  void look_behind_calls(const jit::Outside& outside);
  void find_polls();
  bool translate(Part& part, bool careful);
  bool keep_interpreted(jit::CodeCache& cache);
  jit::Outcome translate_and_lower(bool careful, jit::CodeCache& cache);
  static std::size_t part_slot(u64 rip) { return (rip ^ rip >> 5) % kPartSlots; }
  Part* part_at(u64 rip);
  bool lower(bool branches_far);
  std::optional<u32> find_jump_back(const Part& head);
  void copy_round(const Part& head, u32 size);
  void unroll(const Part& head);
  static constexpr u8 kPollBytes = 8;
  void emit_poll(u64 rip);
  u32 literal(u64 value);
  u32 add_return(const Output::Reference& reference);
  bool resolve();
  u32 add_exit(const Output::Reference& reference);
  u32 add_edge(const Output::Edge& edge);
  u32 add_target(const Output::Reference& reference);
  void note_relocations(const x86::Insn* insns);
  jit::UnitImage make_image(std::span<const x86::Insn> insns);

  Demands demands_;
  Stubs stubs_;
  std::vector<Part> pool_;  // parts keep their memory from unit to unit
  std::span<Part> parts_;
  static constexpr std::size_t kPartSlots = 32;
  Part* newest_part_[kPartSlots] = {};
  jit::PollBlock poll_blocks_[jit::kMaxPollBlocks];
  std::vector<u16> live_after_;  // flags that are read after each instruction of a part
  std::vector<std::pair<u64, u32>> literals_;  // and their positions
  // Where host addresses of the unit's own code stand, and that code.
  std::vector<std::pair<u32, u32>> host_addresses_;
  List<jit::Relocation> relocations_;
  List<jit::Mark> marks_;
  List<jit::UnitImage::Entry> entries_;
  std::vector<jit::Recovery> recoveries_;
  Lowering::Workspace workspace_;
  std::vector<u32> room_ = std::vector<u32>(kMaxWords);
  Output out_{room_};
  Output::Round round_;
};

}  // namespace gantry::aarch64
