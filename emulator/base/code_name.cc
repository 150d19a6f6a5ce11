#include "emulator/base/code_name.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <span>
#include <tuple>
#include <vector>

#include "emulator/base/files.h"
#include "emulator/base/format.h"
#include "emulator/base/mapped_file.h"

namespace gantry {
namespace {

struct Symbol {
  u64 offset;  // in the file
  u64 size;    // 0: not known
  std::string name;
};
using Symbols = std::vector<Symbol>;  // by offset

// The elements of a table of an ELF file; none where the file ends before it does.
template <typename T>
std::span<const T> table_at(const std::string& file, u64 offset, u64 count) {
  bool fits = offset <= file.size() && count <= (file.size() - offset) / sizeof(T);
  if (!fits || offset % alignof(T) != 0) return {};
  return {reinterpret_cast<const T*>(file.data() + offset), count};
}

// Where a file has what it loads at `address`.
bool find_offset(std::span<const Elf64_Phdr> segments, u64 address, u64& offset) {
  for (const Elf64_Phdr& segment : segments) {
    bool holds = segment.p_type == PT_LOAD && address - segment.p_vaddr < segment.p_filesz;
    if (!holds) continue;
    offset = address - segment.p_vaddr + segment.p_offset;
    return true;
  }
  return false;
}

bool names_code(const Elf64_Sym& symbol, std::span<const Elf64_Shdr> sections) {
  unsigned type = ELF64_ST_TYPE(symbol.st_info);
  bool may_be_code = type == STT_FUNC || type == STT_NOTYPE || type == STT_GNU_IFUNC;
  return may_be_code && symbol.st_shndx < sections.size() &&
         sections[symbol.st_shndx].sh_flags & SHF_EXECINSTR;
}

void add_symbols(const std::string& file, std::span<const Elf64_Phdr> segments,
                 std::span<const Elf64_Shdr> sections, const Elf64_Shdr& section,
                 Symbols& symbols) {
  const Elf64_Shdr& strings = sections[section.sh_link];
  auto table = table_at<Elf64_Sym>(file, section.sh_offset, section.sh_size / sizeof(Elf64_Sym));
  auto names = table_at<char>(file, strings.sh_offset, strings.sh_size);
  for (const Elf64_Sym& symbol : table) {
    u64 offset;
    if (!names_code(symbol, sections) || !find_offset(segments, symbol.st_value, offset)) continue;
    if (symbol.st_name >= names.size()) continue;
    const char* name = names.data() + symbol.st_name;
    u64 length = strnlen(name, names.size() - symbol.st_name);
    if (length) symbols.push_back({offset, symbol.st_size, std::string(name, length)});
  }
}

// Those of .symtab and .dynsym.
Symbols read_symbols(const char* path) {
  Symbols symbols;
  std::string file = read_whole_file(path);
  auto header = table_at<Elf64_Ehdr>(file, 0, 1);
  if (header.empty() || std::memcmp(header[0].e_ident, ELFMAG, SELFMAG)) return symbols;
  auto segments = table_at<Elf64_Phdr>(file, header[0].e_phoff, header[0].e_phnum);
  auto sections = table_at<Elf64_Shdr>(file, header[0].e_shoff, header[0].e_shnum);
  for (const Elf64_Shdr& section : sections) {
    bool has_symbols = section.sh_type == SHT_SYMTAB || section.sh_type == SHT_DYNSYM;
    if (!has_symbols || section.sh_link >= sections.size()) continue;
    add_symbols(file, segments, sections, section, symbols);
  }
  std::sort(symbols.begin(), symbols.end(), [](const Symbol& a, const Symbol& b) {
    return std::tie(a.offset, a.size, a.name) < std::tie(b.offset, b.size, b.name);
  });
  return symbols;
}

// Each file is read once: its name stands for it.
const Symbols& symbols_of(const char* path) {
  static auto* all = new std::map<std::string, Symbols>;
  auto [found, is_new] = all->try_emplace(path);
  if (is_new) found->second = read_symbols(path);
  return found->second;
}

const Symbol* find_symbol(const Symbols& symbols, u64 offset) {
  auto after = std::upper_bound(symbols.begin(), symbols.end(), offset,
                                [](u64 o, const Symbol& s) { return o < s.offset; });
  if (after == symbols.begin()) return nullptr;
  const Symbol& symbol = after[-1];
  return symbol.size == 0 || offset - symbol.offset < symbol.size ? &symbol : nullptr;
}

std::string with_offset(const std::string& name, u64 offset) {
  return offset ? name + format("+%#lx", offset) : name;
}

}  // namespace

std::string code_name(u64 rip) {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  MappedFile file;
  bool is_file = find_mapped_file(rip, file) && file.name[0] == '/';
  if (!is_file) return format("guest:%lx", rip);
  u64 offset = rip - file.start + file.offset;
  if (const Symbol* symbol = find_symbol(symbols_of(file.name), offset)) {
    return with_offset(symbol->name, offset - symbol->offset);
  }
  return with_offset(std::strrchr(file.name, '/') + 1, offset);
}

}  // namespace gantry
