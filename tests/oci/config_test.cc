#include "profiles/config.h"

#include <gtest/gtest.h>

#include "shim/settings.h"
#include "tests/oci/support/temporary_bundle.h"

namespace gantry {
namespace {

std::string error_of(const std::string& text) {
  Result<Config> config = parse_config(text, "f");
  return config ? "" : config.error().message;
}

TEST(Config, AllKeys) {
  Result<Config> config = parse_config(
      "emulator: /e\nruntime: /r\nemulate_native: true\ncpu: x86-64-v2,+aes\n"
      "emulator_options: [--a, --b=c]\n",
      "f");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->emulator, "/e");
  EXPECT_EQ(config->runtime, "/r");
  EXPECT_TRUE(*config->emulate_native);
  EXPECT_EQ(config->cpu, "x86-64-v2,+aes");
  EXPECT_EQ(config->emulator_options, (std::vector<std::string>{"--a", "--b=c"}));
}

TEST(Config, EmptyMeansDefaults) {
  Result<Config> config = parse_config("# nothing\n", "f");
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->emulator);
  EXPECT_FALSE(config->emulate_native);
  EXPECT_FALSE(config->cpu);
}

TEST(Config, ErrorsGiveThePlace) {
  EXPECT_EQ(error_of("runtime: /r\n  \nemulater: /e\n"),
            "f:3:1: unknown key `emulater`; did you mean `emulator`?");
  EXPECT_EQ(error_of("emulator: e\n"), "f:1:11: `e` is not an absolute path");
  EXPECT_EQ(error_of("emulate_native: yes\n"), "f:1:17: expected true or false, not `yes`");
  EXPECT_EQ(error_of("cpu: Max Power\n"),
            "f:1:6: `Max Power` is not a CPU, as in x86-64-v3,-rdrand");
  EXPECT_EQ(error_of("cpu: ''\n"), "f:1:6: `` is not a CPU, as in x86-64-v3,-rdrand");
  EXPECT_EQ(error_of("emulator_options: --x\n"), "f:1:19: expected a list of options");
  EXPECT_EQ(error_of("emulator_options: [--x, y]\n"),
            "f:1:25: `y` is not an option (--name or --name=value)");
  EXPECT_EQ(error_of("runtime: /r\nruntime: /s\n"), "f:2:1: `runtime` is given twice");
  EXPECT_EQ(error_of("- a\n"), "f:1:1: expected a mapping of keys");
  EXPECT_EQ(error_of("runtime: [\n").substr(0, 4), "f:2:");
}

TEST(Config, AFileThatEveryoneMayWriteIsRefused) {
  test::TemporaryDirectory directory;
  test::write_file(directory.at("c"), "runtime: /r\n", 0666);
  EXPECT_NE(load_config(directory.at("c")).error().message.find("written by everyone"),
            std::string::npos);
  EXPECT_FALSE(load_config(directory.at("none")));
  EXPECT_FALSE(load_config(directory.path()));
}

TEST(Emulator, MustBeAProgramThatOthersCannotChange) {
  test::TemporaryDirectory directory;
  auto message = [&](const std::string& text, unsigned mode) {
    test::write_file(directory.at("e"), text, mode);
    Result<Emulator> emulator = inspect_emulator(directory.at("e"));
    return emulator ? "" : emulator.error().message;
  };
  std::string elf = test::elf_header(183);
  EXPECT_EQ(message(elf, 0755), "");
  EXPECT_NE(message(elf, 0777).find("may be written by everyone"), std::string::npos);
  EXPECT_NE(message(elf, 0700).find("by everyone (chmod 755)"), std::string::npos);
  EXPECT_NE(message(elf, 0644).find("not executable"), std::string::npos);
  EXPECT_NE(message("#!/bin/sh\n", 0755).find("not an ELF program"), std::string::npos);
}

}  // namespace
}  // namespace gantry
