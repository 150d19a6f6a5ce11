#include "oci/json.h"

#include <algorithm>
#include <cerrno>
#include <unordered_set>

namespace gantry {
namespace {

// Maps whose keys are data and not names of the specification: there, case distinguishes.
bool holds_free_keys(const std::string& key) {
  return key == "annotations" || key == "sysctl" || key == "unified" || key == "Labels" ||
         key == "Volumes";
}

// As runc's decoder compares names: U+017F is an "s" and U+212A a "k" to it (Unicode, CaseFolding).
std::string fold_case(std::string text) {
  constexpr std::pair<std::string_view, char> kFolded[] = {{"\u017f", 's'}, {"\u212a", 'k'}};
  for (auto [letter, plain] : kFolded) {
    for (std::size_t at; (at = text.find(letter)) != text.npos;) {
      text.replace(at, letter.size(), 1, plain);
    }
  }
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return text;
}

// Builds the document from parser events. nlohmann's own builder looks a key up in a list for each
// key it adds, which takes quadratic time for a hostile document, and lets the last duplicate win.
class StrictBuilder : public nlohmann::json_sax<Json> {
 public:
  explicit StrictBuilder(std::string name) : name_(std::move(name)) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return is_c_string(value) && add(std::move(value)); }
  bool binary(binary_t&) override { return fail("binary data"); }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& key) override;
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override;

  Json root;
  Error error;

 private:
  struct Frame {
    Json* value;
    bool free_keys;
    std::unordered_set<std::string> keys;
  };

  bool fail(const std::string& what);
  bool is_c_string(const std::string& text);
  Json* place(Json value);
  bool add(Json value) { return place(std::move(value)) != nullptr; }
  bool open(Json container);
  bool close() {
    frames_.pop_back();
    return true;
  }

  std::string name_;
  std::string key_;
  std::vector<Frame> frames_;
};

bool StrictBuilder::fail(const std::string& what) {
  error = make_error(EINVAL, "%s: %s", name_.c_str(), what.c_str());
  return false;
}

// A C program's text ends at a NUL: it would use another one than was checked.
bool StrictBuilder::is_c_string(const std::string& text) {
  return text.find('\0') == std::string::npos ||
         fail("\"" + text.substr(0, std::min(text.find('\0'), std::size_t{80})) +
              "\" is followed by a NUL byte");
}

bool StrictBuilder::key(string_t& key) {
  if (!is_c_string(key)) return false;
  Frame& frame = frames_.back();
  if (!frame.keys.insert(frame.free_keys ? key : fold_case(key)).second) {
    return fail("the key \"" + key.substr(0, 80) + "\" occurs twice in one object");
  }
  key_ = std::move(key);
  return true;
}

// The parent's last element stays where it is while it is being filled: only the innermost
// container grows.
Json* StrictBuilder::place(Json value) {
  if (frames_.empty()) {
    root = std::move(value);
    return &root;
  }
  Json& parent = *frames_.back().value;
  if (parent.is_array()) {
    parent.push_back(std::move(value));
    return &parent.back();
  }
  using Members = std::vector<Json::object_t::value_type>;
  Members& members = *parent.get_ptr<Json::object_t*>();
  return &members.emplace_back(key_, std::move(value)).second;
}

bool StrictBuilder::open(Json container) {
  if (frames_.size() == kMaxJsonDepth) {
    return fail("nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
  }
  bool free_keys = !frames_.empty() && frames_.back().value->is_object() && holds_free_keys(key_);
  Json* value = place(std::move(container));
  frames_.push_back({value, free_keys, {}});
  return true;
}

bool StrictBuilder::parse_error(std::size_t position, const std::string&,
                                const nlohmann::detail::exception& reason) {
  // "[json.exception.parse_error.101] parse error at line 1, column 2: …"
  std::string text = reason.what();
  std::size_t start = text.find("] ");
  if (start != std::string::npos) text.erase(0, start + 2);
  return fail(text.substr(0, 200) + " (byte " + std::to_string(position) + ")");
}

}  // namespace

Result<Json> parse_json(std::string_view text, const std::string& name) {
  if (text.size() > kMaxJsonBytes) {
    return make_error(EFBIG, "%s is larger than %zu bytes", name.c_str(), kMaxJsonBytes);
  }
  // RFC 8259, section 8.1: some readers take it, others do not.
  if (text.starts_with("\ufeff")) {
    return make_error(EINVAL, "%s starts with a byte order mark", name.c_str());
  }
  StrictBuilder builder(name);
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) return std::move(builder.error);
  return std::move(builder.root);
}

const Json* member(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

Json* member(Json& object, const char* key) {
  return const_cast<Json*>(member(static_cast<const Json&>(object), key));
}

const std::string* string_member(const Json& object, const char* key) {
  const Json* value = member(object, key);
  return value ? value->get_ptr<const std::string*>() : nullptr;
}

std::string text_member(const Json& object, const char* key) {
  const std::string* text = string_member(object, key);
  return text ? *text : "";
}

Result<std::vector<std::string>> string_list(const Json* value, const std::string& name) {
  std::vector<std::string> list;
  if (!value || value->is_null()) return list;
  if (!value->is_array()) return make_error(EINVAL, "%s is not an array", name.c_str());
  for (const Json& element : *value) {
    const std::string* text = element.get_ptr<const std::string*>();
    if (!text) {
      return make_error(EINVAL, "%s[%zu] is not a string", name.c_str(), list.size());
    }
    list.push_back(*text);
  }
  return list;
}

std::string to_text(const Json& value) { return value.dump(); }

}  // namespace gantry
