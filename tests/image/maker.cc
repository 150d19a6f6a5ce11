#include "tests/image/maker.h"

#include <zlib.h>
#include <zstd.h>

#include <cstdio>
#include <cstring>

#include "oci/image/digest.h"
#include "tests/oci/support/temporary_bundle.h"

namespace gantry::test {
namespace {

constexpr std::size_t kBlock = 512;

std::string padded(std::string bytes) {
  bytes.resize((bytes.size() + kBlock - 1) / kBlock * kBlock);
  return bytes;
}

// tar(5), "POSIX ustar Archives": digits at fixed places; a size too large for 11 octal digits is
// binary, its first bit set.
std::string header(const Member& member, long long size) {
  char bytes[kBlock] = {};
  std::snprintf(bytes, 100, "%s", member.name.c_str());
  std::snprintf(bytes + 100, 8, "%07o", member.mode);
  std::snprintf(bytes + 108, 8, "%07o", member.user);
  std::snprintf(bytes + 116, 8, "%07o", member.user);
  if (size < (1ll << 33)) {
    std::snprintf(bytes + 124, 12, "%011llo", static_cast<unsigned long long>(size));
  } else {
    bytes[124] = static_cast<char>(0x80);
    for (int i = 0; i < 8; i++) bytes[135 - i] = static_cast<char>(size >> 8 * i);
  }
  std::snprintf(bytes + 136, 12, "%011o", 1'000'000'000);
  std::memset(bytes + 148, ' ', 8);
  bytes[156] = member.type;
  std::snprintf(bytes + 157, 100, "%s", member.link.c_str());
  std::memcpy(bytes + 257,
              "ustar\0"
              "00",
              8);
  // Those of /dev/null; 0, 0 would be a whiteout of overlayfs, which everyone may make.
  std::snprintf(bytes + 329, 8, "%07o", 1);
  std::snprintf(bytes + 337, 8, "%07o", 3);
  unsigned sum = 0;
  for (char byte : bytes) sum += static_cast<unsigned char>(byte);
  std::snprintf(bytes + 148, 8, "%06o", sum);
  return std::string(bytes, kBlock);
}

std::string pax_record(const std::string& key, const std::string& value) {
  std::string rest = " " + key + "=" + value + "\n";
  std::size_t length = rest.size();
  while (std::to_string(length).size() + rest.size() != length) length++;
  return std::to_string(length) + rest;
}

}  // namespace

Member file(const std::string& name, const std::string& content) {
  Member member;
  member.name = name;
  member.content = content;
  return member;
}

Member folder(const std::string& name) {
  Member member;
  member.name = name;
  member.type = '5';
  member.mode = 0755;
  return member;
}

Member symlink(const std::string& name, const std::string& target) {
  Member member;
  member.name = name;
  member.type = '2';
  member.link = target;
  return member;
}

Member hard_link(const std::string& name, const std::string& target) {
  Member member = symlink(name, target);
  member.type = '1';
  return member;
}

std::string tar(const std::vector<Member>& members) {
  std::string bytes;
  for (const Member& member : members) {
    if (!member.pax.empty()) {
      std::string records;
      for (auto& [key, value] : member.pax) records += pax_record(key, value);
      Member extended = file("pax", records);
      extended.type = 'x';
      bytes += header(extended, static_cast<long long>(records.size())) + padded(records);
    }
    long long size = member.size >= 0 ? member.size : static_cast<long long>(member.content.size());
    bytes += header(member, size) + padded(member.content);
  }
  return bytes + std::string(2 * kBlock, '\0');
}

std::string gzip(const std::string& bytes) {
  z_stream stream = {};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string zstd(const std::string& bytes) {
  std::string packed(ZSTD_compressBound(bytes.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), 3));
  return packed;
}

Layout::Layout(const std::vector<std::string>& tars, std::string (*pack)(const std::string&))
    : layers(tars) {
  for (const std::string& layer : tars) packed.push_back(pack ? pack(layer) : layer);
  Json ids = Json::array();
  for (const std::string& layer : tars) ids.push_back("sha256:" + sha256_of(layer));
  config = {{"architecture", "amd64"},
            {"os", "linux"},
            {"config", {{"Cmd", {"/bin/sh"}}}},
            {"rootfs", {{"type", "layers"}, {"diff_ids", ids}}}};
  finish();
}

std::string Layout::add_blob(const std::string& bytes) {
  std::string name = "blobs/sha256/" + sha256_of(bytes);
  files[name] = bytes;
  return name;
}

Json Layout::descriptor(const std::string& bytes, const std::string& type) const {
  return {{"mediaType", type}, {"digest", "sha256:" + sha256_of(bytes)}, {"size", bytes.size()}};
}

void Layout::finish() {
  Json list = Json::array();
  for (const std::string& layer : packed) {
    add_blob(layer);
    list.push_back(descriptor(layer, "application/vnd.oci.image.layer.v1.tar"));
  }
  add_blob(config.dump());
  manifest = {{"schemaVersion", 2},
              {"config", descriptor(config.dump(), "application/vnd.oci.image.config.v1+json")},
              {"layers", list}};
  add_blob(manifest.dump());
  Json entry = descriptor(manifest.dump(), "application/vnd.oci.image.manifest.v1+json");
  index = {{"schemaVersion", 2}, {"manifests", Json::array({entry})}};
  files["oci-layout"] = R"({"imageLayoutVersion":"1.0.0"})";
  files["index.json"] = index.dump();
}

void Layout::write(const std::string& directory) const {
  for (auto& [name, text] : files) write_file(directory + "/" + name, text);
}

std::string Layout::archive() const {
  std::vector<Member> members;
  for (auto& [name, text] : files) members.push_back(test::file(name, text));
  return tar(members);
}

std::string Layout::docker_archive() const {
  std::string text = config.dump(), name = sha256_of(text) + ".json";
  std::vector<Member> members = {test::file(name, text)};
  Json names = Json::array();
  for (std::size_t i = 0; i < layers.size(); i++) {
    names.push_back("layer" + std::to_string(i) + "/layer.tar");
    members.push_back(test::file(names.back(), layers[i]));
  }
  Json image = {{"Config", name}, {"RepoTags", {"localhost/made:1"}}, {"Layers", names}};
  members.push_back(test::file("manifest.json", Json::array({image}).dump()));
  return tar(members);
}

}  // namespace gantry::test
