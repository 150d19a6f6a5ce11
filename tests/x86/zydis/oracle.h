// Zydis as the oracle of the decoder: one byte string decoded by both and compared.
#pragma once

#include <Zydis/Zydis.h>

#include <map>
#include <string>
#include <string_view>

#include "emulator/x86/decoder.h"
#include "tests/x86/zydis/byte_strings.h"

namespace gantry::x86 {

class Oracle {
 public:
  Oracle();

  void compare(const ByteString& string);

  u64 compared() const { return compared_; }
  u64 accepted() const { return accepted_; }

  // Unexplained differences, by what differs and in which instruction, each with one example.
  std::string report() const;
  bool clean() const { return differences_.empty(); }

  // How often each listed difference was met.
  std::string explained_report() const;

 private:
  struct Difference {
    u64 count = 0;
    std::string example;
  };

  void compare_refusal(const ByteString& string, DecodeStatus status, bool zydis_accepts);
  void compare_instruction(const ByteString& string);
  const char* first_difference();
  const char* compare_operands();
  bool excused(const char* reason);
  bool same_operand(const Operand& ours, const ZydisDecodedOperand& theirs);
  bool same_memory(const ZydisDecodedOperand& theirs);
  bool same_register(const Operand& ours, const ZydisDecodedOperand& theirs);
  bool same_width(const Operand& ours, unsigned bits);
  bool same_displacement(const ZydisDecodedOperand& theirs) const;
  bool same_immediate(const Operand& ours, const ZydisDecodedOperand& theirs) const;
  bool same_mnemonic();
  bool same_prefixes() const;
  bool same_width() const;
  bool same_attributes() const;
  void record(const char* what, const ByteString& string);
  std::string describe(const ByteString& string) const;

  ZydisDecoder decoder_;
  ZydisDecodedInstruction theirs_{};
  ZydisDecodedOperand operands_[ZYDIS_MAX_OPERAND_COUNT]{};
  Insn ours_;
  std::map<std::string, Difference> differences_;
  std::map<std::string_view, u64> explained_;
  std::map<u64, bool> mnemonics_;
  u64 compared_ = 0;
  u64 accepted_ = 0;
};

}  // namespace gantry::x86
