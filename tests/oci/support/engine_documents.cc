#include "tests/oci/support/engine_documents.h"

#include <cstdlib>
#include <filesystem>

#include "tests/oci/support/temporary_bundle.h"

namespace gantry::test {

std::vector<EngineDocument> engine_documents() {
  std::vector<EngineDocument> documents;
  const char* folder = std::getenv("GANTRY_ENGINE_DOCUMENTS");
  if (!folder) return documents;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    documents.push_back({entry.path().stem(), Json::parse(read_file(entry.path()))});
  }
  return documents;
}

}  // namespace gantry::test
