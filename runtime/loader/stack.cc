#include "runtime/loader/stack.h"

#include <elf.h>

#include <cerrno>
#include <cstring>

#include "emulator/base/bits.h"

namespace gantry::runtime::loader {
namespace {

// Fills a stack from its end downwards.
class StackWriter {
 public:
  explicit StackWriter(u64 end) : at_(end) {}

  u64 push(const void* data, u64 size) {
    at_ -= size;
    std::memcpy(reinterpret_cast<void*>(at_), data, size);
    return at_;
  }
  u64 push(const std::string& text) { return push(text.c_str(), text.size() + 1); }

  // The last string first, so that they lie in order; their addresses in order, too.
  std::vector<u64> push(const std::vector<std::string>& strings) {
    std::vector<u64> addresses(strings.size());
    for (std::size_t i = strings.size(); i-- > 0;) addresses[i] = push(strings[i]);
    return addresses;
  }

  void skip(u64 size) { at_ -= size; }
  void align(u64 alignment) { at_ = align_down(at_, alignment); }
  u64 at() const { return at_; }

 private:
  u64 at_;
};

u64 total_size(const std::vector<std::string>& strings) {
  u64 size = 0;
  for (const std::string& string : strings) size += string.size() + 1 + sizeof(u64);
  return size;
}

void append(std::vector<u64>& words, const std::vector<u64>& addresses) {
  words.insert(words.end(), addresses.begin(), addresses.end());
  words.push_back(0);
}

}  // namespace

Result<void> write_stack(u64 start, u64 end, const StackContents& contents, Image& image) {
  // Linux gives strings and pointers a quarter of the stack (execve(2), "Limits").
  u64 needed = total_size(contents.arguments) + total_size(contents.environment);
  if (needed + contents.file_name.size() > (end - start) / 4 * 3) {
    return make_error(E2BIG, "arguments and environment do not fit into the stack");
  }
  StackWriter stack(end - sizeof(u64));
  u64 file_name = stack.push(contents.file_name);
  image.environment_end = stack.at();
  std::vector<u64> environment = stack.push(contents.environment);
  image.environment_start = image.arguments_end = stack.at();
  std::vector<u64> arguments = stack.push(contents.arguments);
  image.arguments_start = stack.at();
  stack.align(16);
  u64 platform = stack.push("x86_64");
  u64 random = stack.push(contents.random, sizeof contents.random);

  auto auxv = contents.auxv;
  auxv.insert(auxv.end(),
              {{AT_RANDOM, random}, {AT_EXECFN, file_name}, {AT_PLATFORM, platform}, {AT_NULL, 0}});
  std::vector<u64> words{arguments.size()};
  append(words, arguments);
  append(words, environment);
  for (auto [type, value] : auxv) words.insert(words.end(), {type, value});
  u64 auxv_size = auxv.size() * 16;

  stack.align(16);
  if (words.size() % 2) stack.skip(sizeof(u64));
  image.stack_pointer = stack.push(words.data(), words.size() * sizeof(u64));
  image.auxv.assign(reinterpret_cast<const char*>(words.data() + words.size()) - auxv_size,
                    auxv_size);
  return {};
}

}  // namespace gantry::runtime::loader
