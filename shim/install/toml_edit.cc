#include "shim/install/toml_edit.h"

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <vector>

namespace gantry::install {
namespace {

using Path = std::vector<std::string>;

struct Setting {
  Path table;
  std::string key;
  const toml::node* value;
};

std::string to_text(const toml::node& node) {
  constexpr auto kFlags =
      toml::toml_formatter::default_flags & ~toml::format_flags::allow_literal_strings;
  std::ostringstream stream;
  stream << toml::toml_formatter(node, kFlags);
  return stream.str();
}

std::string quoted_key(const std::string& key) {
  bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char letter) {
    return std::isalnum(letter) || letter == '-' || letter == '_';
  });
  return bare ? key : '"' + key + '"';
}

std::string dotted(const Path& path) {
  std::string text;
  for (const std::string& key : path) text += (text.empty() ? "" : ".") + quoted_key(key);
  return text;
}

// The values of a table and then of those in it, as single settings. Each is written right behind
// the table's header, so the last one comes first.
void collect(const toml::table& table, const Path& path, std::vector<Setting>& settings) {
  std::vector<std::pair<std::string, const toml::node*>> nodes;
  for (const auto& [key, value] : table) nodes.emplace_back(std::string(key.str()), &value);
  auto line = [](const auto& node) { return node.second->source().begin.line; };
  std::sort(nodes.begin(), nodes.end(),
            [&](const auto& a, const auto& b) { return line(a) < line(b); });
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    if (!node->second->is_table()) settings.push_back({path, node->first, node->second});
  }
  for (const auto& [key, node] : nodes) {
    if (!node->is_table()) continue;
    Path below = path;
    below.push_back(key);
    collect(*node->as_table(), below, settings);
  }
}

const toml::table* find_table(const toml::table& root, const Path& path) {
  const toml::table* table = &root;
  for (const std::string& key : path) {
    table = table->get_as<toml::table>(key);
    if (!table) return nullptr;
  }
  return table;
}

bool has_element(const toml::array& array, const toml::node& wanted) {
  return std::any_of(array.begin(), array.end(), [&](const toml::node& element) {
    return to_text(element) == to_text(wanted);
  });
}

// Offset of a place in a text; lines and columns count from 1, columns in code points.
std::size_t offset_of(const std::string& text, toml::source_position place) {
  std::size_t offset = 0;
  for (toml::source_index line = 1; line < place.line; line++) {
    offset = std::min(text.find('\n', offset), text.size() - 1) + 1;
  }
  for (toml::source_index column = 1; column < place.column && offset < text.size(); column++) {
    do {
      offset++;
    } while (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xc0) == 0x80);
  }
  return offset;
}

std::string with_elements(const std::string& text, const toml::array& array,
                          const toml::array& wanted) {
  std::string added;
  for (const toml::node& element : wanted) {
    if (!has_element(array, element)) added += (added.empty() ? "" : ", ") + to_text(element);
  }
  if (added.empty()) return text;
  std::size_t open = offset_of(text, array.source().begin);
  if (open >= text.size() || text[open] != '[') return text;
  if (!array.empty()) added += text[open + 1] == ' ' ? "," : ", ";
  return text.substr(0, open + 1) + added + text.substr(open + 1);
}

// After the table's header, else (there is none) in a header of its own at the end.
std::string with_line(const std::string& text, const toml::table* table, const Path& path,
                      const std::string& line) {
  if (path.empty()) return line + text;
  std::size_t header = table ? offset_of(text, table->source().begin) : text.size();
  std::string name = dotted(path);
  std::size_t end = std::min(text.find('\n', header), text.size());
  std::string words = text.substr(header, end - header);
  words.erase(std::remove(words.begin(), words.end(), ' '), words.end());
  std::replace(words.begin(), words.end(), '\'', '"');
  if (words.starts_with("[" + name + "]")) {
    std::string rest = end < text.size() ? text.substr(end + 1) : "";
    return text.substr(0, end) + "\n" + line + rest;
  }
  bool complete = text.empty() || text.ends_with('\n');
  return text + (complete ? "" : "\n") + "\n[" + name + "]\n" + line;
}

std::string with_value(const std::string& text, const toml::node& present,
                       const toml::node& value) {
  std::size_t begin = offset_of(text, present.source().begin);
  std::size_t end = offset_of(text, present.source().end);
  return text.substr(0, begin) + to_text(value) + text.substr(end);
}

Result<std::string> with_setting(const std::string& text, const std::string& name,
                                 const Setting& setting, Conflict conflict) {
  TRY_ASSIGN(toml::table document, parse_toml(text, name));
  const toml::table* table = find_table(document, setting.table);
  const toml::node* present = table ? table->get(setting.key) : nullptr;
  if (!present) {
    std::string line = quoted_key(setting.key) + " = " + to_text(*setting.value) + "\n";
    return with_line(text, table, setting.table, line);
  }
  if (present->is_array() && setting.value->is_array()) {
    return with_elements(text, *present->as_array(), *setting.value->as_array());
  }
  if (to_text(*present) == to_text(*setting.value)) return text;
  if (conflict == Conflict::kReplace) return with_value(text, *present, *setting.value);
  Path whole = setting.table;
  whole.push_back(setting.key);
  return make_error(EEXIST, "%s:%u: %s is %s there, and would have to be %s", name.c_str(),
                    present->source().begin.line, dotted(whole).c_str(), to_text(*present).c_str(),
                    to_text(*setting.value).c_str());
}

// What the document has to be afterwards.
void merge(toml::table& table, const toml::table& addition) {
  for (const auto& [key, value] : addition) {
    toml::node* present = table.get(key);
    if (!present) {
      table.insert(key, value);
    } else if (present->is_table() && value.is_table()) {
      merge(*present->as_table(), *value.as_table());
    } else if (present->is_array() && value.is_array()) {
      toml::array& list = *present->as_array();
      toml::array added;
      for (const toml::node& element : *value.as_array()) {
        if (!has_element(list, element)) added.push_back(element);
      }
      for (const toml::node& element : list) added.push_back(element);
      list = std::move(added);
    } else {
      table.insert_or_assign(key, value);
    }
  }
}

}  // namespace

Result<toml::table> parse_toml(const std::string& text, const std::string& name) {
  try {
    return toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    const toml::source_position& place = error.source().begin;
    return make_error(EINVAL, "%s:%u:%u: %s", name.c_str(), place.line, place.column,
                      std::string(error.description()).c_str());
  }
}

Result<std::string> add_to_toml(const std::string& text, const std::string& name,
                                const std::string& addition, Conflict conflict) {
  TRY_ASSIGN(toml::table added, parse_toml(addition, "addition"));
  TRY_ASSIGN(toml::table wanted, parse_toml(text, name));
  merge(wanted, added);
  std::vector<Setting> settings;
  collect(added, {}, settings);
  std::string result = text;
  for (const Setting& setting : settings) {
    Result<std::string> next = with_setting(result, name, setting, conflict);
    if (!next && next.error().code == EEXIST) return next;
    // As it was parsed at first, it is the addition that has no place.
    if (!next) break;
    result = std::move(*next);
  }
  Result<toml::table> document = parse_toml(result, name);
  if (document && *document == wanted) return result;
  return make_error(ENOTSUP,
                    "%s is written in a way that cannot be added to; add this yourself:\n%s",
                    name.c_str(), addition.c_str());
}

}  // namespace gantry::install
