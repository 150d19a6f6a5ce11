#include "shim/embedded/user.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>

#include "emulator/base/descriptor.h"

namespace gantry {
namespace {

constexpr std::size_t kMaxFileBytes = 4 * 1024 * 1024;

using Fields = std::vector<std::string>;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// user_namespaces(7): (uid_t) -1 is no id.
std::optional<u32> number_of(std::string_view text) {
  u32 value;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == ~0u) return {};
  return value;
}

// The lines of a file of the image, by field; nothing when there is no such file.
Result<std::vector<Fields>> read_table(const GuestView& view, const char* path) {
  std::vector<Fields> table;
  Result<GuestFile> file = view.open(path);
  if (!file && (file.error().code == ENOENT || file.error().code == ENOTDIR)) return table;
  if (!file) return make_error(file.error().code, "%s: %s", path, file.error().message.c_str());
  Result<UniqueFd> fd = reopen_for_reading(file->fd.get());
  Result<std::string> text = fd ? read_all(fd->get(), kMaxFileBytes) : fd.take_error();
  if (!text) return make_error(text.error().code, "%s: %s", path, text.error().message.c_str());
  for (const std::string& line : split(*text, '\n')) table.push_back(split(line, ':'));
  return table;
}

// The row whose first field is the name, or whose third is the number.
const Fields* find_row(const std::vector<Fields>& table, const std::string& text) {
  std::optional<u32> number = number_of(text);
  auto matches = [&](const Fields& row) {
    return row.size() > 3 && (row[0] == text || (number && number_of(row[2]) == number));
  };
  // A name that looks like a number is a name first.
  auto by_name = std::find_if(table.begin(), table.end(), [&](const Fields& row) {
    return row.size() > 3 && !text.empty() && row[0] == text;
  });
  if (by_name != table.end()) return &*by_name;
  auto found = std::find_if(table.begin(), table.end(), matches);
  return found == table.end() ? nullptr : &*found;
}

Result<void> take_user(const std::vector<Fields>& passwd, const std::string& text,
                       ContainerUser& user, std::string& name) {
  const Fields* row = find_row(passwd, text.empty() ? "0" : text);
  std::optional<u32> number = number_of(row ? (*row)[2] : text);
  if (text.empty() && !row) number = 0;
  if (!number) {
    return make_error(EINVAL, "unable to find user %s: no matching entries in passwd file",
                      text.c_str());
  }
  user.user = *number;
  if (!row) return {};
  name = (*row)[0];
  user.group = number_of((*row)[3]).value_or(0);
  if (row->size() > 5 && (*row)[5].starts_with('/')) user.home = (*row)[5];
  return {};
}

Result<void> take_group(const std::vector<Fields>& groups, const std::string& text,
                        ContainerUser& user) {
  const Fields* row = find_row(groups, text);
  std::optional<u32> number = number_of(row ? (*row)[2] : text);
  if (!number) {
    return make_error(EINVAL, "unable to find group %s: no matching entries in group file",
                      text.c_str());
  }
  user.group = *number;
  return {};
}

void take_memberships(const std::vector<Fields>& groups, const std::string& name,
                      ContainerUser& user) {
  for (const Fields& row : groups) {
    std::optional<u32> number = row.size() > 3 ? number_of(row[2]) : std::nullopt;
    if (!number || name.empty()) continue;
    std::vector<std::string> members = split(row[3], ',');
    if (std::find(members.begin(), members.end(), name) == members.end()) continue;
    if (std::find(user.groups.begin(), user.groups.end(), *number) == user.groups.end()) {
      user.groups.push_back(*number);
    }
  }
}

}  // namespace

Result<ContainerUser> find_user(const GuestView& view, const std::string& text) {
  TRY_ASSIGN(std::vector<Fields> passwd, read_table(view, "/etc/passwd"));
  TRY_ASSIGN(std::vector<Fields> groups, read_table(view, "/etc/group"));
  std::size_t colon = text.find(':');
  ContainerUser user;
  std::string name;
  TRY(take_user(passwd, text.substr(0, colon), user, name));
  if (colon != std::string::npos) {
    // initgroups(3) is not asked when the group was given, as in podman.
    TRY(take_group(groups, text.substr(colon + 1), user));
  } else {
    take_memberships(groups, name, user);
  }
  return user;
}

}  // namespace gantry
