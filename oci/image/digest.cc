#include "oci/image/digest.h"

#include <algorithm>
#include <cerrno>

namespace gantry {
namespace {

constexpr std::string_view kAlgorithm = "sha256:";
constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

void Sha256::add(std::string_view bytes) {
  sha256_update(&state_, bytes.size(), reinterpret_cast<const uint8_t*>(bytes.data()));
}

std::string Sha256::finish() {
  uint8_t bytes[SHA256_DIGEST_SIZE];
  sha256_digest(&state_, sizeof bytes, bytes);
  std::string text;
  for (uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Result<std::string> parse_digest(std::string_view text) {
  std::string_view digits = text.substr(std::min(kAlgorithm.size(), text.size()));
  bool is_plain = std::all_of(digits.begin(), digits.end(),
                              [](char c) { return kDigits.find(c) != std::string_view::npos; });
  if (text.starts_with(kAlgorithm) && is_plain && digits.size() == 2 * SHA256_DIGEST_SIZE) {
    return std::string(digits);
  }
  return make_error(EINVAL, "the digest `%.80s` is not sha256: and 64 digits",
                    std::string(text).c_str());
}

std::string sha256_of(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.finish();
}

}  // namespace gantry
