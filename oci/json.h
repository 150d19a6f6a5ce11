// JSON documents that keep every key and its order, read strictly.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/base/result.h"

namespace gantry {

using Json = nlohmann::ordered_json;

// No engine writes more; a document beyond these is refused before it costs time or stack.
constexpr std::size_t kMaxJsonBytes = 8 * 1024 * 1024;
constexpr std::size_t kMaxJsonDepth = 64;

// Parses a whole document. Refused: a key twice in one object, also when only upper and lower case
// differ (crun takes the first or the last by its parser, and runc's decoder ignores case, so two
// readers would see two documents); NUL bytes in keys and texts, at which C programs stop reading;
// deeper nesting or more bytes than the limits; trailing text. `name` is what messages call the
// document.
Result<Json> parse_json(std::string_view text, const std::string& name);

// The value of `key`, or null when `object` is no object or has no such key.
const Json* member(const Json& object, const char* key);
Json* member(Json& object, const char* key);

// The text of a member string, or null when absent or not a string.
const std::string* string_member(const Json& object, const char* key);

// The same as text that is empty when there is none.
std::string text_member(const Json& object, const char* key);

// An array of strings; `name` ("process.args") is what messages call it. An absent or null value
// is an empty list.
Result<std::vector<std::string>> string_list(const Json* value, const std::string& name);

// As engines write it: no added white space, UTF-8.
std::string to_text(const Json& value);

}  // namespace gantry
