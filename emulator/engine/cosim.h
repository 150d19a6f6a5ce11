// The co-simulator: executes what is translated by the interpreter as well, and compares. Each
// block takes turns: once in pieces as long as possible, so that what translation does across
// instructions is seen, then one instruction at a time.
//
// The interpreter goes first. What it wrote is undone, then the translated code goes, and
// registers, flags and memory must be the same. Guest threads take turns meanwhile, so that none
// sees the memory of another in between. What the kernel or another process changes can still look
// like a difference; it does not stay one when both are executed again.
#pragma once

#include <memory>

#include "emulator/engine/thread.h"
#include "emulator/ir/emit.h"

namespace gantry::engine {

// The process's exit status after a difference.
constexpr int kDifferenceStatus = 99;

// What is compared with the interpreter.
struct Translator {
  jit::Outcome (*compile)(std::span<const jit::Block>, std::span<jit::Entry>, u64 epoch,
                          const jit::Outside&, std::vector<u8>* stored) = &jit::compile;
  bool (*translate)(const x86::Insn&, ir::Unit&, ir::Emit&, const ir::Acceptance& acceptance,
                    u16 live_flags) = &ir::translate;
};

// Some instructions of a block, one after another.
struct Piece {
  std::span<const Step> steps;
  const void* code = nullptr;  // nullptr: is interpreted and not compared
};

class Cosimulator {
 public:
  explicit Cosimulator(const Translator& translator = {}) : translator_(translator) {}

  // Executes a block of code that does not change, or up to an instruction where something else is
  // due. Exceptions are raised as by the interpreter. A difference is logged and ends the process.
  void run(Thread& thread, Block& block) const;

 private:
  enum class Verdict : u8 { kEqual, kDifferent };

  std::vector<Piece> cut(const Block& block, bool into_instructions) const;
  Piece translate(std::span<const Step> steps) const;
  void run_piece(Thread& thread, const Piece& piece) const;
  Verdict compare(Thread& thread, const Piece& piece) const;
  [[noreturn]] void report(Thread& thread, const Piece& piece) const;
  std::string culprit(Thread& thread, const Piece& piece) const;

  Translator translator_;
};

}  // namespace gantry::engine
