#include "tests/jit_aarch64/llvm/listing.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "emulator/base/files.h"
#include "emulator/jit/aarch64/disassembler.h"

namespace gantry::aarch64 {
namespace {

// A folder that lives as long as this.
class Workspace {
 public:
  Workspace() {
    std::string pattern = std::filesystem::temp_directory_path() / "gantry-llvm-XXXXXX";
    if (mkdtemp(pattern.data())) path_ = pattern;
  }
  ~Workspace() {
    if (!path_.empty()) std::filesystem::remove_all(path_);
  }
  std::string file(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// The words that LLVM makes of the lines; empty, with the test failed, if it refuses any.
std::vector<u32> assemble_with_llvm(const std::vector<std::string>& lines) {
  Workspace workspace;
  std::string source = workspace.file("source.s"), object = workspace.file("object.o");
  std::string binary = workspace.file("text.bin"), errors = workspace.file("errors");
  std::ofstream file(source);
  for (const std::string& line : lines) file << line << '\n';
  file.close();
  std::string command =
      LLVM_MC " --triple=aarch64 --mattr=+all --filetype=obj -o " + object + ' ' + source + " 2>" +
      errors + " && " LLVM_OBJCOPY " -O binary --only-section=.text " + object + ' ' + binary;
  if (std::system(command.c_str()) != 0) {
    ADD_FAILURE() << read_whole_file(errors).substr(0, 4000);
    return {};
  }
  std::string bytes = read_whole_file(binary);
  std::vector<u32> words(bytes.size() / 4);
  std::memcpy(words.data(), bytes.data(), words.size() * 4);
  return words;
}

}  // namespace

void Listing::expect(std::string text) {
  lines_.push_back(std::move(text));
  ASSERT_EQ(a.position(), static_cast<s32>(lines_.size())) << lines_.back();
}

void Listing::compare_with_llvm() const {
  ASSERT_FALSE(a.overflowed());
  std::vector<u32> expected = assemble_with_llvm(lines_);
  ASSERT_EQ(expected.size(), lines_.size());
  for (size_t i = 0; i < lines_.size(); ++i) {
    EXPECT_EQ(format("%08x", words_[i]), format("%08x", expected[i])) << lines_[i];
  }
  compare_disassembly();
}

void Listing::compare_disassembly() const {
  std::vector<std::string> texts;
  for (size_t i = 0; i < lines_.size(); ++i) texts.push_back(disassemble(words_[i]));
  std::vector<u32> words = assemble_with_llvm(texts);
  ASSERT_EQ(words.size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_FALSE(texts[i].starts_with(".inst")) << texts[i] << " for " << lines_[i];
    EXPECT_EQ(format("%08x", words_[i]), format("%08x", words[i]))
        << texts[i] << " for " << lines_[i];
  }
}

std::string text_of(unsigned width, X reg) {
  const char* prefix = width == 8 ? "" : "w";
  if (reg == kSp) return std::string(prefix) + "sp";
  prefix = width == 8 ? "x" : "w";
  return reg == kZr ? std::string(prefix) + "zr" : prefix + std::to_string(reg.code);
}

std::string text_of(unsigned width, V reg) {
  return "bhsdq"[std::countr_zero(width)] + std::to_string(reg.code);
}

std::string text_of(Arrangement a, V reg) {
  static constexpr const char* kNames[] = {"8b", "16b", "4h", "8h", "2s", "4s", "1d", "2d"};
  return "v" + std::to_string(reg.code) + "." + kNames[static_cast<u8>(a)];
}

const char* text_of(Condition condition) {
  static constexpr const char* kNames[] = {"eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc",
                                           "hi", "ls", "ge", "lt", "gt", "le", "al"};
  return kNames[static_cast<u8>(condition)];
}

const char* text_of(Shift shift) {
  static constexpr const char* kNames[] = {"lsl", "lsr", "asr", "ror"};
  return kNames[static_cast<u8>(shift)];
}

const char* text_of(Extend extend) {
  static constexpr const char* kNames[] = {"uxtb", "uxth", "uxtw", "uxtx",
                                           "sxtb", "sxth", "sxtw", "sxtx"};
  return kNames[static_cast<u8>(extend)];
}

}  // namespace gantry::aarch64
