#include "shim/command_line.h"

#include <gtest/gtest.h>

#include "emulator/base/format.h"
#include "shim/low_level.h"
#include "shim/runtime_log.h"
#include "shim/text_diff.h"

namespace gantry {
namespace {

CommandLine parse(Words words) { return *parse_command_line(words); }

TEST(CommandLine, GlobalFlagsInBothForms) {
  for (const Words& words : {Words{"--root", "/r", "--log=f", "--debug", "create", "-b", "d", "id"},
                             Words{"--root=/r", "--log", "f", "--debug", "create", "-b", "d", "id"},
                             Words{"-root", "/r", "-log=f", "-debug", "create", "-b", "d", "id"}}) {
    CommandLine line = parse(words);
    EXPECT_EQ(line.command, "create");
    EXPECT_EQ(line.global_flags.value_of("root"), "/r");
    EXPECT_EQ(line.global_flags.value_of("log"), "f");
    EXPECT_TRUE(line.global_flags.find("debug"));
    EXPECT_EQ(line.arguments, (Words{"-b", "d", "id"}));
  }
}

TEST(CommandLine, OurConfigIsTakenOutAndTheRestStays) {
  CommandLine line =
      parse({"--systemd-cgroup", "--config", "c", "--x=y", "--config=d", "state", "--config", "z"});
  EXPECT_EQ(line.config, "d");
  EXPECT_EQ(line.globals, (Words{"--systemd-cgroup", "--x=y"}));
  EXPECT_EQ(line.arguments, (Words{"--config", "z"}));
  EXPECT_FALSE(parse_command_line(Words{"--config"}));
}

TEST(CommandLine, UnknownFlagsMayHaveValues) {
  CommandLine line = parse({"--new-flag", "value", "--other", "create", "id"});
  EXPECT_EQ(line.command, "create");
  EXPECT_EQ(line.globals, (Words{"--new-flag", "value", "--other"}));
}

TEST(CommandLine, NoCommand) {
  EXPECT_EQ(parse({}).command, "");
  CommandLine line = parse({"-v"});
  EXPECT_EQ(line.command, "");
  EXPECT_TRUE(line.global_flags.find("version"));
}

TEST(CommandLine, BundleInEveryForm) {
  for (const Words& words :
       {Words{"--bundle", "d", "id"}, Words{"--bundle=d", "id"}, Words{"-b", "d", "id"},
        Words{"-bd", "id"}, Words{"-b=d", "id"}, Words{"-bundle", "d", "id"},
        Words{"id", "--bundle", "d"}, Words{"--no-pivot", "--bundle", "d", "--", "id"}}) {
    FlagList flags = parse_create_flags(words);
    EXPECT_EQ(flags.value_of("bundle"), "d") << words[0];
    ASSERT_EQ(flags.positional.size(), 1u);
    EXPECT_EQ(words[flags.positional[0]], "id");
  }
}

TEST(CommandLine, ExecFlagsEndAtTheName) {
  Words words = {"-t", "-e", "A=b", "--user=1",  "--cap", "CAP_X",
                 "id", "ls", "-e",  "--process", "x"};
  FlagList flags = parse_exec_flags(words);
  EXPECT_EQ(flags.value_of("env"), "A=b");
  EXPECT_FALSE(flags.find("process"));
  EXPECT_EQ(flags.positional.front(), 6u);
  EXPECT_EQ(flags.positional.size(), 5u);
}

TEST(CommandLine, QueriesKeepTheRootButNotTheLog) {
  CommandLine line = parse({"--root", "/r", "--log", "f", "--log-format=json", "--debug",
                            "--systemd-cgroup", "exec", "id", "ls"});
  EXPECT_EQ(query_globals(line), (Words{"--root", "/r", "--systemd-cgroup"}));
}

TEST(RuntimeLog, QuotesAsLogrusDoes) {
  EXPECT_EQ(quoted("a \"b\" \\ \n\x01"), R"("a \"b\" \\ \n\x01")");
}

TEST(Printable, ControlsOfTerminals) {
  EXPECT_EQ(printable("plain \\ \"text\" \xc3\xa9 \xc2\xa0"),
            "plain \\ \"text\" \xc3\xa9 \xc2\xa0");
  EXPECT_EQ(printable("\x1b[2J\n\x7f"), R"(\x1b[2J\n\x7f)");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m\xc2"),
            "\\xc2\\x9b31m\xc2");
}

TEST(TextDiff, Table) {
  EXPECT_EQ(unified_diff("a\nb\n", "a\nb\n"), "");
  EXPECT_EQ(unified_diff("a\nb\nc\n", "a\nx\nc\n"), "@@ line 1 @@\n a\n-b\n+x\n c\n");
  EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n", "1\n2\n3\n4\n5\n6\n"),
            "@@ line 3 @@\n 3\n 4\n 5\n+6\n");
}

}  // namespace
}  // namespace gantry
