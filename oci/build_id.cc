#include "oci/build_id.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "emulator/base/types.h"

namespace gantry {
namespace {

constexpr u64 kMaxHeaders = 64;
constexpr u64 kMaxNoteBytes = 64 * 1024;
constexpr u64 kMaxIdBytes = 64;

// What the file has there, at most.
std::string read_at(int fd, u64 offset, u64 size) {
  std::string bytes(size, '\0');
  ssize_t count = ::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return bytes;
}

template <typename T>
bool take(std::string_view& bytes, T& value) {
  if (bytes.size() < sizeof value) return false;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return true;
}

std::vector<Elf64_Phdr> read_headers(int fd) {
  std::string start = read_at(fd, 0, sizeof(Elf64_Ehdr));
  std::string_view rest = start;
  Elf64_Ehdr head;
  std::vector<Elf64_Phdr> headers;
  if (!take(rest, head) || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0) return headers;
  bool is_ours = head.e_ident[EI_CLASS] == ELFCLASS64 && head.e_ident[EI_DATA] == ELFDATA2LSB &&
                 head.e_phentsize == sizeof(Elf64_Phdr);
  if (!is_ours) return headers;
  u64 count = std::min<u64>(head.e_phnum, kMaxHeaders);
  std::string table = read_at(fd, head.e_phoff, count * sizeof(Elf64_Phdr));
  rest = table;
  for (Elf64_Phdr header; take(rest, header);) headers.push_back(header);
  return headers;
}

std::string hexadecimal(std::string_view bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned char byte : bytes) text.append({kDigits[byte >> 4], kDigits[byte & 15]});
  return text;
}

// elf(5), "Notes": a header, then name and descriptor, each padded to a multiple of 4.
std::string find_id(std::string_view notes) {
  auto padded = [](u64 size) { return (size + 3) & ~u64{3}; };
  for (Elf64_Nhdr note; take(notes, note);) {
    u64 name = padded(note.n_namesz), size = padded(note.n_descsz);
    if (name > notes.size() || size > notes.size() - name) break;
    bool is_id = note.n_type == NT_GNU_BUILD_ID && note.n_descsz <= kMaxIdBytes &&
                 notes.substr(0, note.n_namesz) == std::string_view("GNU", 4);
    if (is_id) return hexadecimal(notes.substr(name, note.n_descsz));
    notes.remove_prefix(name + size);
  }
  return "";
}

}  // namespace

std::string build_id_of(int fd) {
  for (const Elf64_Phdr& header : read_headers(fd)) {
    if (header.p_type != PT_NOTE) continue;
    std::string id =
        find_id(read_at(fd, header.p_offset, std::min(header.p_filesz, kMaxNoteBytes)));
    if (!id.empty()) return id;
  }
  return "";
}

}  // namespace gantry
