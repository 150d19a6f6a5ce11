// Prints the ARM64 code of x86-64 functions, on any host: for one without optional features, or for
// a program with threads on one with all of them, where that is other code.
//
//   listing FILE.o
//
// FILE.o is an x86-64 object; each global symbol of its first executable section begins a function,
// which is translated as one unit. Addresses are offsets in that section.
#include <elf.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "emulator/base/check.h"
#include "emulator/base/files.h"
#include "emulator/jit/aarch64/compiler.h"
#include "emulator/jit/aarch64/trampolines.h"
#include "emulator/x86/decoder.h"

namespace gantry::aarch64 {
namespace {

struct Object {
  std::span<const u8> code;
  std::map<u64, std::string> functions;  // by where they begin
};

template <typename T>
const T* at(const std::string& file, u64 offset) {
  CHECK(offset + sizeof(T) <= file.size());
  return reinterpret_cast<const T*>(file.data() + offset);
}

Object parse(const std::string& file) {
  Object object;
  const auto* header = at<Elf64_Ehdr>(file, 0);
  CHECK(std::memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_machine == EM_X86_64);
  auto section = [&](unsigned n) {
    return at<Elf64_Shdr>(file, header->e_shoff + n * sizeof(Elf64_Shdr));
  };
  unsigned text = 0;
  while (!(section(text)->sh_flags & SHF_EXECINSTR)) CHECK(++text < header->e_shnum);
  object.code = {at<u8>(file, section(text)->sh_offset), section(text)->sh_size};
  for (unsigned n = 0; n < header->e_shnum; n++) {
    if (section(n)->sh_type != SHT_SYMTAB) continue;
    u64 names = section(section(n)->sh_link)->sh_offset;
    for (u64 offset = 0; offset < section(n)->sh_size; offset += sizeof(Elf64_Sym)) {
      const auto* symbol = at<Elf64_Sym>(file, section(n)->sh_offset + offset);
      bool is_function = ELF64_ST_BIND(symbol->st_info) == STB_GLOBAL && symbol->st_shndx == text;
      if (is_function) object.functions[symbol->st_value] = at<char>(file, names + symbol->st_name);
    }
  }
  return object;
}

std::vector<x86::Insn> decode_all(std::span<const u8> code, u64 begin, u64 end) {
  std::vector<x86::Insn> insns;
  for (u64 rip = begin; rip < end; rip = insns.back().next_rip()) {
    CHECK(x86::decode(code.subspan(rip, end - rip), rip, insns.emplace_back()) ==
          x86::DecodeStatus::kOk);
  }
  return insns;
}

std::vector<jit::Block> split(std::span<const x86::Insn> insns) {
  std::set<u64> leaders = {insns.front().rip};
  for (const x86::Insn& insn : insns) {
    if (insn.ends_block) leaders.insert(insn.next_rip());
    if (insn.op[0].kind == x86::OperandKind::kRelative) leaders.insert(insn.imm);
  }
  std::vector<jit::Block> blocks;
  for (std::size_t first = 0; first < insns.size();) {
    std::size_t next = first + 1;
    while (next < insns.size() && !leaders.count(insns[next].rip)) next++;
    blocks.push_back({insns[first].rip, insns.subspan(first, next - first)});
    first = next;
  }
  return blocks;
}

class Lister {
 public:
  explicit Lister(bool has_features) : has_features_(has_features) {
    choose_features();
    CHECK(cache_.prepare(kCacheBytes));
    jit::CodeCache::Room room = cache_.allocate(kStubWords * 4, 0);
    Assembler a({reinterpret_cast<u32*>(room.code), kStubWords});
    compiler_.emplace(Demands{.shared = has_features_},
                      emit_stubs(a, reinterpret_cast<u64>(room.code)));
    cache_.publish(room, a.finish().size() * 4, 0);
  }

  std::string list(std::span<const x86::Insn> insns) {
    std::vector<jit::Block> blocks = split(insns);
    std::vector<jit::Entry> entries(blocks.size());
    choose_features();
    CHECK(compiler_->compile(blocks, {}, cache_, entries) == jit::Outcome::kDone);
    return compiler_->list({.host = true}, entries[0], false);
  }

 private:
  void choose_features() const {
    CHECK(prepare_features("all"));
    if (has_features_) assume_all_features();
  }

  static constexpr u64 kStubWords = 1024, kCacheBytes = 16 << 20;

  const bool has_features_;
  jit::CodeCache cache_;
  std::optional<Compiler> compiler_;
};

int run(const char* path, bool has_features) {
  std::string file = read_whole_file(path);
  Object object = parse(file);
  Lister plain(false), featured(true);
  for (auto function = object.functions.begin(); function != object.functions.end(); ++function) {
    auto next = std::next(function);
    u64 end = next == object.functions.end() ? object.code.size() : next->first;
    std::vector<x86::Insn> insns = decode_all(object.code, function->first, end);
    std::string text = plain.list(insns), other = featured.list(insns);
    if (has_features && text == other) continue;
    std::printf("== %s\n%s\n", function->second.c_str(), (has_features ? other : text).c_str());
  }
  return 0;
}

}  // namespace
}  // namespace gantry::aarch64

int main(int argc, char** argv) {
  bool has_features = argc == 3 && std::string_view(argv[2]) == "--features";
  if (argc != 2 && !has_features) {
    std::fputs("usage: listing FILE.o [--features]\n", stderr);
    return 2;
  }
  return gantry::aarch64::run(argv[1], has_features);
}
