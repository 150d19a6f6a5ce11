// What the engine asks of a host's code generator. A host without one interprets.
#pragma once

#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "emulator/base/result.h"
#include "emulator/guest/cpu.h"
#include "emulator/guest/xsave.h"
#include "emulator/x86/insn.h"

namespace gantry::jit {

// Instructions that lie in memory at equal distances.
class Insns {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = x86::Insn;
    using difference_type = std::ptrdiff_t;
    using pointer = const x86::Insn*;
    using reference = const x86::Insn&;

    Iterator() = default;
    Iterator(const x86::Insn* at, std::size_t stride) : at_(at), stride_(stride) {}
    reference operator*() const { return *at_; }
    pointer operator->() const { return at_; }
    Iterator& operator++() {
      at_ = reinterpret_cast<pointer>(reinterpret_cast<const u8*>(at_) + stride_);
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    pointer at_ = nullptr;
    std::size_t stride_ = 0;
  };

  Insns() = default;
  // `stride` bytes from one to the next.
  Insns(const x86::Insn* first, std::size_t count, std::size_t stride = sizeof(x86::Insn))
      : first_(first), count_(count), stride_(stride) {}
  Insns(std::span<const x86::Insn> insns) : Insns(insns.data(), insns.size()) {}
  Insns(const std::vector<x86::Insn>& insns) : Insns(insns.data(), insns.size()) {}

  std::size_t size() const { return count_; }
  const x86::Insn& operator[](std::size_t n) const { return *at(n); }
  const x86::Insn& back() const { return *at(count_ - 1); }
  Iterator begin() const { return {first_, stride_}; }
  Iterator end() const { return {at(count_), stride_}; }

 private:
  const x86::Insn* at(std::size_t n) const {
    return reinterpret_cast<const x86::Insn*>(reinterpret_cast<const u8*>(first_) + n * stride_);
  }

  const x86::Insn* first_ = nullptr;
  std::size_t count_ = 0, stride_ = 0;
};

// A basic block of the guest: straight code, a branch at most at its end.
struct Block {
  u64 rip = 0;
  Insns insns;
};

// What a unit has to know of the code around it.
struct Outside {
  static constexpr u16 kAllStatusFlags = guest::kStatusFlags;

  // The status flags, as bits of RFLAGS, that the code at `rip` reads before it writes them.
  struct Flags {
    u64 rip;
    u16 read;
  };
  std::span<const Flags> flags;

  // All, where nothing is known.
  u16 flags_read_at(u64 rip) const {
    for (const Flags& known : flags) {
      if (known.rip == rip) return known.read;
    }
    return kAllStatusFlags;
  }
};

// How translated code came back.
struct Exit {
  enum class Kind : u8 {
    kDispatch,  // cpu.rip says where to go on
    kLink,      // the same, and link() can make `site` go there by itself
    kStep,      // the instruction at cpu.rip is to be interpreted
  } kind = Kind::kDispatch;
  bool is_backward = false;  // a jump that is not to an instruction further down, nor a call
  u64 site = 0;
};

// Where translated code can be entered.
struct Entry {
  u64 rip = 0;
  const void* code = nullptr;
  // That many of it poll what is pending. A jump back to code that does not poll is not to be
  // linked, other jumps and calls need not.
  u8 poll_bytes = 0;
  // Status flags are read there before they are written.
  bool reads_flags = false;

  bool polls() const { return poll_bytes != 0; }
  const void* after_poll() const { return static_cast<const u8*>(code) + poll_bytes; }
};

// How guest threads see each other's memory accesses.
enum class MemoryModel : u8 {
  kAuto,     // in the order of x86-64, once there is somebody who can see it
  kTso,      // always
  kRelaxed,  // in the host's order
};

// What is written to the log of each unit that is translated.
struct Dump {
  bool guest = false;  // its instructions
  bool ir = false;
  bool host = false;    // its code
  bool counts = false;  // not of units: how often blocks were interpreted

  bool any() const { return guest || ir || host; }
};

struct Settings {
  std::string without_features;  // names of the host's features not to use, separated by commas
  MemoryModel memory_model = MemoryModel::kAuto;
  u64 cache_bytes = u64{96} << 20;  // memory for translated code; branches reach 128 MiB
  bool exact_float = false;         // floating-point exceptions to the last bit, whatever it costs
  bool exact_flags = false;         // status flags that only a fault could show as well
  bool predicts_returns = true;     // by the calls before (jit/return_stack.h)
  Dump dump;
  bool debugger = false;  // tell debuggers of code (jit/debugger.h)
};

// Prepares the code generator, once. ENOTSUP where this host has none, EINVAL for an unknown
// feature, ENOMEM.
Result<void> prepare(const Settings& settings);

enum class Outcome : u8 {
  kDone,
  kImpossible,  // the blocks ask for too much
  kNoRoom,
};

// Translates blocks to one unit, which can be entered at each of them: entries[n] is that of
// blocks[n], the first one polls. Control passes between the blocks where they name each other.
// `outside` tells what code that is not among the blocks expects; `epoch` is that of
// has_code_since(). What install() takes is appended to `stored`, where that is given.
Outcome compile(std::span<const Block> blocks, std::span<Entry> entries, u64 epoch,
                const Outside& outside = {}, std::vector<u8>* stored = nullptr);

// Puts a unit in place that compile() has stored, in this process or another one: the guest's code
// and all that `outside` told must be the same as then, and code_origin(). kImpossible: it is
// damaged, or other demands are made on code now than then. `stored` is aligned to 8.
Outcome install(std::span<const u8> stored, std::vector<Entry>& entries, u64 epoch);
// What code is made for at present, as a number: that of UnitImage::demands.
u32 code_demands();
// Names this emulator and the features of the host that code relies on. Allocates.
std::string code_origin();

// Whether the instruction, alone, is translated without the interpreter's help.
bool has_code_for(const x86::Insn& insn);
// A block translated, as text (aarch64/compiler.h); empty when it cannot be.
std::string list(const Block& block, const Dump& what);

// Runs translated code until it has to come back.
Exit enter(guest::Cpu& cpu, const void* code);

// Makes the exit `site` go to `code` directly from now on.
void link(u64 site, const void* code);

// Makes indirect jumps find the entries, behind their polls as they have polled, if there is room
// for that. withdraw() takes one back, where others may have found it meanwhile.
void publish(std::span<const Entry> entries);
void withdraw(u64 rip);
// From now on locked operations are atomic for other threads and processes, and memory accesses
// have the order that Settings asks for: there is somebody who can see it. What was translated
// before is to be forgotten.
void share_memory();
// From now on code does floating-point arithmetic as any MXCSR asks for, and notes all exceptions.
// Before, it may only be entered where MXCSR has_usual_controls(). What was translated before is to
// be forgotten.
void exact_float();
// Round to nearest, all exceptions masked, denormals are numbers.
inline bool has_usual_controls(u32 mxcsr) {
  constexpr u32 kFlags = 0x3f;
  return (mxcsr & ~kFlags) == guest::kInitialMxcsr;
}

// What the memory for code holds.
struct Usage {
  u64 units = 0, bytes = 0;
  u64 insns = 0;  // of the guest, translated since the process began
};
Usage usage();

// Forgets all code; what is being executed stays in place. Async-signal-safe.
void forget();

// Whether there is code of the epoch or a later one. Epochs are the caller's: whenever it forgets
// all code one ends.
bool has_code_since(u64 epoch);
// Uses the memory of forgotten code for other code, if there is no other code than from before the
// epoch and nobody can be executing that, which the caller is asked for.
bool reuse_memory(u64 epoch, bool (*is_older_code_unused)(u64 epoch));

// Between these two no other thread changes anything here.
void lock_for_fork();
void unlock_after_fork();

// A memory fault at `pc`, at `address`: true when the return stack was at its end, which it is not
// any more, so that the instruction can be repeated. Async-signal-safe.
bool repair_return_stack(u64 pc, u64 address, void* ucontext);

// Whether `pc` is in translated code. Async-signal-safe.
bool is_translated(u64 pc);

// Translated code around an address, for reports.
struct Place {
  u64 begin = 0, end = 0;  // the unit's code
  u64 unit_rip = 0;        // the unit's first instruction; 0: it is between guest code and C++
  u64 rip = 0;             // the guest instruction that the address belongs to; 0: none
  u64 rip_begin = 0;       // its code
};
// False when the address is in no translated code. Async-signal-safe.
bool find_place(u64 pc, Place& place);
// The host's instruction at `pc`, "ldr x0, [x1]". Allocates.
std::string host_instruction(u64 pc);
// The host's features that are used, separated by commas. Allocates.
std::string used_features();
// The host has refused the access at `pc`, in translated code, because its address is not aligned:
// from now on it does not. False when the instruction at `pc` is not one that can be changed so.
// For the handler of that signal.
bool allow_misaligned(u64 pc);
// Gives `cpu` the guest's registers out of a host context that was interrupted in translated code,
// with RIP at the instruction that is being executed. Async-signal-safe.
void restore_guest_state(guest::Cpu& cpu, const void* ucontext);

}  // namespace gantry::jit
