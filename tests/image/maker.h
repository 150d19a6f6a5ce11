// Tar archives and images made byte by byte, right ones and wrong ones.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "emulator/base/types.h"
#include "oci/json.h"

namespace gantry::test {

struct Member {
  std::string name;
  char type =
      '0';  // tar(5): 0 file, 1 hard link, 2 symbolic link, 3 and 4 devices, 5 folder, 6 FIFO
  std::string content;  // of a file
  std::string link;
  unsigned mode = 0644;
  unsigned user = 0;
  long long size = -1;  // claimed; -1: that of the content
  std::map<std::string, std::string> pax;
};

Member file(const std::string& name, const std::string& content = "");
Member folder(const std::string& name);
Member symlink(const std::string& name, const std::string& target);
Member hard_link(const std::string& name, const std::string& target);

// With the two empty blocks at the end.
std::string tar(const std::vector<Member>& members);

std::string gzip(const std::string& bytes);
std::string zstd(const std::string& bytes);

// An OCI layout as its files, by name.
class Layout {
 public:
  // Layers are tar archives, stored as `pack` makes them.
  explicit Layout(const std::vector<std::string>& layers,
                  std::string (*pack)(const std::string&) = nullptr);

  // Puts config, manifest and index together from what is there.
  void finish();
  // The file's new name, after its digest.
  std::string add_blob(const std::string& bytes);
  Json descriptor(const std::string& bytes, const std::string& type) const;

  void write(const std::string& directory) const;
  std::string archive() const;  // as one tar
  // As `docker save` of old wrote it.
  std::string docker_archive() const;

  std::map<std::string, std::string> files;
  std::vector<std::string> layers, packed;
  Json config, manifest, index;
};

}  // namespace gantry::test
