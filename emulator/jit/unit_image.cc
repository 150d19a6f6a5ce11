#include "emulator/jit/unit_image.h"

#include <elf.h>

#include <cstdio>
#include <cstring>
#include <type_traits>

#include "emulator/base/bits.h"

extern "C" const char __ehdr_start[];  // of the linker

namespace gantry::jit {
namespace {

constexpr u64 kAlignment = 8;

// How many there are of each.
struct Head {
  u32 demands, entries, code, relocations, marks, recoveries, insns, unused = 0;
};
static_assert(sizeof(Head) % kAlignment == 0);

template <typename T>
void append(std::vector<u8>& bytes, std::span<const T> items) {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= kAlignment);
  const auto* first = reinterpret_cast<const u8*>(items.data());
  bytes.insert(bytes.end(), first, first + items.size_bytes());
  bytes.resize(align_up(bytes.size(), kAlignment));
}

// Takes `count` items off the front of `bytes`.
template <typename T>
bool take(std::span<const u8>& bytes, u64 count, std::span<const T>& items) {
  u64 size = align_up(count * sizeof(T), kAlignment);
  if (size > bytes.size()) return false;
  items = {reinterpret_cast<const T*>(bytes.data()), count};
  bytes = bytes.subspan(size);
  return true;
}

std::string hexadecimal(std::span<const u8> bytes) {
  std::string text;
  for (u8 byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  return text;
}

Recovery moved(Recovery recovery, u64 distance) {
  auto move = [&](auto& pointer) {
    u64 address = reinterpret_cast<u64>(pointer) + distance;
    std::memcpy(&pointer, &address, sizeof pointer);
  };
  move(recovery.helper.invoke);
  move(recovery.helper.target);
  return recovery;
}

bool is_within(const UnitImage& image) {
  u64 size = image.code.size_bytes();
  for (const UnitImage::Entry& entry : image.entries) {
    if (entry.offset >= size) return false;
  }
  for (const Relocation& r : image.relocations) {
    u64 end = u64{r.offset} + (r.kind == Relocation::Kind::kStub ? 4 : 8);
    if (end > size || r.offset % 4 != 0) return false;
    if (r.kind == Relocation::Kind::kInsn && r.value >= image.insns.size()) return false;
  }
  return !image.entries.empty();
}

}  // namespace

u64 emulator_begin() { return reinterpret_cast<u64>(__ehdr_start); }

// ELF notes (System V ABI, chapter 5): a header, the owner's name, the contents.
std::string emulator_build() {
  u64 begin = emulator_begin();
  const auto* header = reinterpret_cast<const Elf64_Ehdr*>(begin);
  const auto* segments = reinterpret_cast<const Elf64_Phdr*>(begin + header->e_phoff);
  for (const Elf64_Phdr& segment : std::span(segments, header->e_phnum)) {
    if (segment.p_type != PT_NOTE) continue;
    u64 at = begin + segment.p_vaddr - segments[0].p_vaddr, end = at + segment.p_memsz;
    while (at + sizeof(Elf64_Nhdr) < end) {
      const auto& note = *reinterpret_cast<const Elf64_Nhdr*>(at);
      u64 contents = at + sizeof note + align_up(note.n_namesz, 4);
      const auto* bytes = reinterpret_cast<const u8*>(contents);
      if (note.n_type == NT_GNU_BUILD_ID) return hexadecimal({bytes, note.n_descsz});
      at = contents + align_up(note.n_descsz, 4);
    }
  }
  return "";
}

Recovery as_stored(const Recovery& recovery) { return moved(recovery, 0 - emulator_begin()); }
Recovery as_executed(const Recovery& recovery) { return moved(recovery, emulator_begin()); }

void UnitImage::append_to(std::vector<u8>& bytes) const {
  auto count = [](const auto& items) { return static_cast<u32>(items.size()); };
  const Head head = {demands,      count(entries),    count(code), count(relocations),
                     count(marks), count(recoveries), count(insns)};
  append(bytes, std::span(&head, 1));
  append(bytes, entries);
  u64 start = bytes.size();
  append(bytes, code);
  for (const Relocation& r : relocations) {
    if (r.kind != Relocation::Kind::kStub) std::memset(&bytes[start + r.offset], 0, 8);
  }
  append(bytes, relocations);
  append(bytes, marks);
  append(bytes, recoveries);
  append(bytes, insns);
}

bool UnitImage::read(std::span<const u8> bytes, UnitImage& image) {
  std::span<const Head> head;
  if (!take(bytes, 1, head)) return false;
  image.demands = head[0].demands;
  return take(bytes, head[0].entries, image.entries) && take(bytes, head[0].code, image.code) &&
         take(bytes, head[0].relocations, image.relocations) &&
         take(bytes, head[0].marks, image.marks) &&
         take(bytes, head[0].recoveries, image.recoveries) &&
         take(bytes, head[0].insns, image.insns) && is_within(image);
}

}  // namespace gantry::jit
