#include "oci/json.h"

#include <gtest/gtest.h>

#include <chrono>

namespace gantry {
namespace {

std::string error_of(const std::string& text) {
  Result<Json> parsed = parse_json(text, "doc");
  return parsed ? "" : parsed.error().message;
}

TEST(Json, KeepsOrderAndUnknownKeys) {
  std::string text = R"({"z":1,"a":{"y":[1,-2,2.5,18446744073709551615],"b":null},"m":true})";
  EXPECT_EQ(to_text(*parse_json(text, "doc")), text);
}

TEST(Json, RefusesWhatTwoReadersCouldReadDifferently) {
  EXPECT_EQ(error_of(R"({"a":1,"a":2})"), "doc: the key \"a\" occurs twice in one object");
  EXPECT_EQ(error_of(R"({"process":{"args":[]},"Process":{}})"),
            "doc: the key \"Process\" occurs twice in one object");
  EXPECT_NE(error_of(R"([{"x":[{"b":1,"b":1}]}])"), "");
}

// As runc's decoder compares names.
TEST(Json, RefusesKeysThatDifferByUnicodesCaseOnly) {
  EXPECT_NE(error_of("{\"process\":1,\"proce\u017f\u017f\":2}"), "");
  EXPECT_NE(error_of("{\"hooks\":1,\"hoo\u212as\":2}"), "");
  EXPECT_EQ(error_of("{\"annotations\":{\"s\":\"1\",\"\u017f\":\"2\"}}"), "");
}

TEST(Json, RefusesWhatEndsEarlyInC) {
  EXPECT_EQ(error_of(R"({"a":["b\u0000c"]})"), "doc: \"b\" is followed by a NUL byte");
  EXPECT_EQ(error_of(R"({"a\u0000b":1})"), "doc: \"a\" is followed by a NUL byte");
  EXPECT_EQ(error_of("\ufeff{}"), "doc starts with a byte order mark");
}

TEST(Json, SameKeyInTwoObjectsIsFine) { EXPECT_EQ(error_of(R"([{"a":1},{"a":{"a":2}}])"), ""); }

TEST(Json, CaseDistinguishesInMapsOfFreeKeys) {
  EXPECT_EQ(error_of(R"({"annotations":{"x/A":"1","x/a":"2"}})"), "");
  EXPECT_NE(error_of(R"({"annotations":{"x":"1","x":"2"}})"), "");
}

TEST(Json, SyntaxErrorsGiveThePlace) {
  EXPECT_NE(error_of("{\"a\": 1,\n  oops}").find("line 2"), std::string::npos);
  EXPECT_NE(error_of(""), "");
  EXPECT_NE(error_of("{} {}"), "");
  EXPECT_NE(error_of("{\"a\":\"\xff\"}"), "");
  EXPECT_NE(error_of("// c\n{}"), "");
}

TEST(Json, DeepNestingIsRefused) {
  std::string deep = std::string(100000, '[') + std::string(100000, ']');
  EXPECT_EQ(error_of(deep), "doc: nested deeper than 64 levels");
  EXPECT_EQ(error_of(std::string(64, '[') + std::string(64, ']')), "");
}

TEST(Json, TooManyBytesAreRefused) {
  EXPECT_EQ(error_of("\"" + std::string(10'000'000, 'x') + "\""),
            "doc is larger than 8388608 bytes");
}

TEST(Json, ManyKeysTakeLinearTime) {
  std::string text = "{";
  for (int i = 0; i < 300'000; i++) text += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":0";
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(error_of(text + "}"), "");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(Json, StringListNamesTheElement) {
  Json list = {"a", 5};
  EXPECT_EQ(string_list(&list, "process.args").error().message, "process.args[1] is not a string");
  Json object = Json::object();
  EXPECT_EQ(string_list(&object, "env").error().message, "env is not an array");
  EXPECT_TRUE(string_list(nullptr, "env")->empty());
}

}  // namespace
}  // namespace gantry
