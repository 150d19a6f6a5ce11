// Bundles made for a test, in a folder that goes away with it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "oci/guest_view.h"
#include "oci/json.h"

namespace gantry::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  // The absolute path of a name in the folder; parents are made.
  std::string at(const std::string& name) const;

 private:
  std::string path_;
};

void write_file(const std::string& path, const std::string& text, unsigned mode = 0644);
std::string read_file(const std::string& path);
// A symbolic link at `path`.
void write_link(const std::string& path, const std::string& target);
// Every name below `path` with type, mode, size, time of change and, of files and links, content:
// two equal texts mean that nothing was touched.
std::string fingerprint(const std::string& path);

// Enough of an ELF file to be recognised: a header without segments.
std::string elf_header(unsigned machine);

// bundle/rootfs with /bin/guest (x86-64), /bin/native (aarch64), /bin/script (#!/bin/guest) and an
// empty /run, and the config.json of a plain container: a tmpfs on /dev, PATH=/bin.
class TemporaryBundle : public TemporaryDirectory {
 public:
  TemporaryBundle();

  std::string directory() const { return path() + "/bundle"; }
  std::string rootfs(const std::string& name = "") const { return at("bundle/rootfs") + name; }
  void write_config() const;
  Json written_config() const;
  // The view of `config` as it stands.
  Result<GuestView> view() const;

  Json config;
};

Json tmpfs_mount(const std::string& destination, std::vector<std::string> options = {"nosuid"});
Json bind_mount(const std::string& source, const std::string& destination);

}  // namespace gantry::test
