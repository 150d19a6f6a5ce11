// Instructions that the assembler emitted, beside the text that says what they should be.
#pragma once

#include <string>
#include <vector>

#include "emulator/base/format.h"
#include "emulator/jit/aarch64/assembler.h"

namespace gantry::aarch64 {

class Listing {
 public:
  // The one instruction that the caller has just emitted should be `text`.
  void expect(std::string text);

  // Fails the test for each instruction that LLVM assembles to another word, or whose disassembly
  // is another instruction.
  void compare_with_llvm() const;

  u32 last_word() const { return words_[lines_.size() - 1]; }

 private:
  void compare_disassembly() const;

  std::vector<u32> words_ = std::vector<u32>(1 << 16);
  std::vector<std::string> lines_;

 public:
  Assembler a{words_};
};

// As assembly syntax names them. Widths are bytes.
std::string text_of(unsigned width, X reg);
std::string text_of(unsigned width, V reg);
std::string text_of(Arrangement a, V reg);
const char* text_of(Condition condition);
const char* text_of(Shift shift);
const char* text_of(Extend extend);

}  // namespace gantry::aarch64
