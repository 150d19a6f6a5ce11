#include "runtime/sandbox/message.h"

#include <cerrno>
#include <cstring>

#include "emulator/base/descriptor.h"
#include "emulator/base/types.h"

namespace gantry::sandbox {
namespace {

constexpr std::size_t kMaxBytes = 64 * 1024 * 1024;

struct Header {
  s32 is_error = 0;
  s32 code = 0;
};

}  // namespace

void send_message(int fd, const Result<std::string>& result) {
  Header header;
  header.is_error = !result.ok();
  if (!result) header.code = result.error().code;
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes += result ? *result : result.error().message;
  [[maybe_unused]] Result<void> written = write_all(fd, bytes);
}

Result<std::string> receive_message(int fd) {
  TRY_ASSIGN(std::string bytes, read_all(fd, kMaxBytes));
  Header header;
  if (bytes.size() < sizeof header) return make_error(ECHILD, "a helper process ended early");
  std::memcpy(&header, bytes.data(), sizeof header);
  std::string text = bytes.substr(sizeof header);
  if (header.is_error) return Error{header.code, std::move(text)};
  return text;
}

}  // namespace gantry::sandbox
