#include "emulator/jit/debugger.h"

#include <elf.h>

#include <cstring>
#include <memory>

#include "emulator/base/elf_header.h"

// The names and layouts that debuggers look for.
extern "C" {

enum JitAction : gantry::u32 { kJitNone, kJitRegister, kJitUnregister };

struct JitEntry {
  JitEntry* next;
  JitEntry* previous;
  const gantry::u8* file;
  gantry::u64 size;
};

struct JitDescriptor {
  gantry::u32 version;
  gantry::u32 action;
  JitEntry* relevant;
  JitEntry* first;
};

// A debugger stops the process here and reads the descriptor.
[[gnu::noinline, gnu::used]] void __jit_debug_register_code() { asm volatile("" ::: "memory"); }
[[gnu::used]] JitDescriptor __jit_debug_descriptor = {1, kJitNone, nullptr, nullptr};

}  // extern "C"

namespace gantry::jit {
namespace {

struct Unit {
  std::vector<u8> file;
  JitEntry entry{};
};

struct State {
  DebugFormat format;
  std::vector<std::unique_ptr<Unit>> units;
};
State* state = nullptr;

void tell(JitAction action, JitEntry& entry) {
  __jit_debug_descriptor.action = action;
  __jit_debug_descriptor.relevant = &entry;
  __jit_debug_register_code();
  __jit_debug_descriptor.action = kJitNone;
}

class Bytes {
 public:
  template <typename T>
  u64 append(const T& value) {
    return append(&value, sizeof value);
  }
  u64 append(const void* data, u64 size) {
    u64 at = all_.size();
    const auto* bytes = static_cast<const u8*>(data);
    all_.insert(all_.end(), bytes, bytes + size);
    return at;
  }
  void align(u64 alignment, u8 filler) {
    while (all_.size() % alignment) all_.push_back(filler);
  }
  template <typename T>
  void replace(u64 at, const T& value) {
    std::memcpy(all_.data() + at, &value, sizeof value);
  }
  u64 size() const { return all_.size(); }
  std::vector<u8> take() { return std::move(all_); }

 private:
  std::vector<u8> all_;
};

// A length, and what append() makes, filled with DW_CFA_nop (0) to a multiple of eight.
template <typename F>
void append_frame_entry(Bytes& bytes, F append) {
  u64 begin = bytes.append(u32{0});
  append();
  bytes.align(8, 0);
  bytes.replace(begin, static_cast<u32>(bytes.size() - begin - 4));
}

// .debug_frame (DWARF 4, section 6.4.1): one set of rules, for all of the code.
void append_frames(Bytes& bytes, const DebugFormat& format, u64 code, u64 code_bytes) {
  append_frame_entry(bytes, [&] {
    bytes.append(u32{0xffffffff});        // a common information entry
    const u8 header[] = {1, 0, 1, 0x7f};  // version, no augmentation, factors 1 and -1
    bytes.append(header, sizeof header);
    bytes.append(format.return_register);
    bytes.append(format.rules.data(), format.rules.size());
  });
  append_frame_entry(bytes, [&] {
    bytes.append(u32{0});  // where the first entry is
    bytes.append(code);
    bytes.append(code_bytes);
  });
}

constexpr char kNames[] = "\0.text\0.symtab\0.strtab\0.debug_frame\0";
enum : u32 { kTextName = 1, kSymtabName = 7, kStrtabName = 15, kFrameName = 23 };
enum : u16 { kNone, kText, kSymtab, kStrtab, kFrames, kSectionCount };

// The code itself is elsewhere.
void describe_code(Elf64_Shdr& section, u64 code, u64 size) {
  section.sh_name = kTextName;
  section.sh_type = SHT_NOBITS;
  section.sh_flags = SHF_ALLOC | SHF_EXECINSTR;
  section.sh_addr = code;
  section.sh_size = size;
  section.sh_addralign = 16;
}

template <typename F>
void append_section(Bytes& bytes, Elf64_Shdr& section, u32 name, u32 type, F append) {
  bytes.align(8, 0);
  section.sh_name = name;
  section.sh_type = type;
  section.sh_offset = bytes.size();
  section.sh_addralign = 8;
  append();
  section.sh_size = bytes.size() - section.sh_offset;
}

// The null symbol, and the code under the name that follows those of the sections.
void append_symbol(Bytes& bytes, u64 code, u64 size) {
  Elf64_Sym symbol = {};
  bytes.append(symbol);
  symbol.st_name = sizeof kNames - 1;
  symbol.st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
  symbol.st_shndx = kText;
  symbol.st_value = code;
  symbol.st_size = size;
  bytes.append(symbol);
}

Elf64_Ehdr header_of(const DebugFormat& format, u64 sections) {
  Elf64_Ehdr header = elf_header(ET_EXEC, format.machine);
  header.e_shoff = sections;
  header.e_shnum = kSectionCount;
  header.e_shstrndx = kStrtab;
  return header;
}

}  // namespace

void enable_debugger(const DebugFormat& format) { state = new State{format, {}}; }
bool has_debugger() { return state != nullptr; }

std::vector<u8> debug_file(const DebugFormat& format, u64 code, u64 size, const std::string& name) {
  Bytes bytes;
  bytes.append(Elf64_Ehdr{});
  Elf64_Shdr sections[kSectionCount] = {};
  describe_code(sections[kText], code, size);
  append_section(bytes, sections[kSymtab], kSymtabName, SHT_SYMTAB,
                 [&] { append_symbol(bytes, code, size); });
  sections[kSymtab].sh_link = kStrtab;
  sections[kSymtab].sh_info = 2;  // all are local
  sections[kSymtab].sh_entsize = sizeof(Elf64_Sym);
  append_section(bytes, sections[kStrtab], kStrtabName, SHT_STRTAB, [&] {
    bytes.append(kNames, sizeof kNames - 1);
    bytes.append(name.c_str(), name.size() + 1);
  });
  append_section(bytes, sections[kFrames], kFrameName, SHT_PROGBITS,
                 [&] { append_frames(bytes, format, code, size); });
  bytes.align(8, 0);
  bytes.replace(0, header_of(format, bytes.append(sections)));
  return bytes.take();
}

void add_to_debugger(u64 code, u64 bytes, const std::string& name) {
  auto unit = std::make_unique<Unit>();
  unit->file = debug_file(state->format, code, bytes, name);
  JitEntry*& first = __jit_debug_descriptor.first;
  unit->entry = {
      .next = first, .previous = nullptr, .file = unit->file.data(), .size = unit->file.size()};
  if (first) first->previous = &unit->entry;
  first = &unit->entry;
  tell(kJitRegister, unit->entry);
  state->units.push_back(std::move(unit));
}

// They are in front of those that stay.
void remove_from_debugger(std::size_t kept) {
  while (state->units.size() > kept) {
    JitEntry& entry = state->units.back()->entry;
    __jit_debug_descriptor.first = entry.next;
    if (entry.next) entry.next->previous = nullptr;
    tell(kJitUnregister, entry);
    state->units.pop_back();
  }
}

}  // namespace gantry::jit
