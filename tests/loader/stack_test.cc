#include "runtime/loader/stack.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

namespace gantry::runtime::loader {
namespace {

struct Stack {
  std::vector<u64> memory = std::vector<u64>(8192);
  Image image;
  u64 start() const { return reinterpret_cast<u64>(memory.data()); }
  u64 end() const { return start() + memory.size() * 8; }
};

Result<void> write(Stack& stack, const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment) {
  StackContents contents{.file_name = "/bin/prog",
                         .arguments = arguments,
                         .environment = environment,
                         .random = {1, 2},
                         .auxv = {{AT_PAGESZ, 4096}}};
  return write_stack(stack.start(), stack.end() & ~u64{15}, contents, stack.image);
}

const char* text(u64 address) { return reinterpret_cast<const char*>(address); }

TEST(Stack, Layout) {
  for (int extra = 0; extra < 2; extra++) {
    Stack stack;
    std::vector<std::string> environment(static_cast<std::size_t>(extra) + 1, "A=B");
    ASSERT_TRUE(write(stack, {"prog", "x"}, environment));
    const u64* words = reinterpret_cast<const u64*>(stack.image.stack_pointer);
    EXPECT_EQ(stack.image.stack_pointer % 16, 0u);
    EXPECT_EQ(words[0], 2u);
    EXPECT_STREQ(text(words[1]), "prog");
    EXPECT_STREQ(text(words[2]), "x");
    EXPECT_EQ(words[3], 0u);
    EXPECT_STREQ(text(words[4]), "A=B");
    const u64* auxv = words + 6 + extra;
    EXPECT_EQ(auxv[0], u64{AT_PAGESZ});
    EXPECT_EQ(auxv[2], u64{AT_RANDOM});
    EXPECT_EQ(reinterpret_cast<const u64*>(auxv[3])[1], 2u);
    EXPECT_EQ(auxv[4], u64{AT_EXECFN});
    EXPECT_STREQ(text(auxv[5]), "/bin/prog");
    EXPECT_EQ(auxv[6], u64{AT_PLATFORM});
    EXPECT_STREQ(text(auxv[7]), "x86_64");
    EXPECT_EQ(auxv[8], u64{AT_NULL});
    EXPECT_EQ(std::memcmp(stack.image.auxv.data(), auxv, 80), 0);
    EXPECT_EQ(stack.image.auxv.size(), 80u);
  }
}

TEST(Stack, StringsLieInOrder) {
  Stack stack;
  ASSERT_TRUE(write(stack, {"prog", "", "x"}, {"A=B", "C"}));
  const Image& image = stack.image;
  EXPECT_EQ(std::string(text(image.arguments_start), text(image.arguments_end)),
            std::string("prog\0\0x\0", 8));
  EXPECT_EQ(std::string(text(image.environment_start), text(image.environment_end)),
            std::string("A=B\0C\0", 6));
  EXPECT_EQ(image.arguments_end, image.environment_start);
  EXPECT_STREQ(text(image.environment_end), "/bin/prog");
}

TEST(Stack, TooManyArguments) {
  Stack stack;
  auto result = write(stack, std::vector<std::string>(10000, "argument"), {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, E2BIG);
}

}  // namespace
}  // namespace gantry::runtime::loader
