// Content digests (OCI image-spec, descriptor.md, "Digests"): SHA-256, by nettle.
#pragma once

#include <nettle/sha2.h>

#include <string>
#include <string_view>

#include "emulator/base/result.h"

namespace gantry {

class Sha256 {
 public:
  Sha256() { sha256_init(&state_); }
  void add(std::string_view bytes);
  // 64 digits of what was added; starts anew.
  std::string finish();

 private:
  sha256_ctx state_;
};

// The digits of "sha256:…". Other algorithms are refused by name.
Result<std::string> parse_digest(std::string_view text);

std::string sha256_of(std::string_view bytes);

}  // namespace gantry
