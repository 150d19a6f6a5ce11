#include "oci/edits/edits.h"

namespace gantry {
namespace {

// A bind mount has its own flags: it stays executable on a /dev that is mounted noexec. Read-only,
// so that no process of the container can change the emulator that others run.
Json bind_of(const Plan& plan) {
  return {{"destination", plan.place.path},
          {"type", "bind"},
          {"source", plan.emulator},
          {"options", {"bind", "ro", "nosuid", "nodev", "rprivate"}}};
}

// Nothing of it is executed where it lies: the emulator copies what it uses.
Json code_store_of(const Plan& plan) {
  const char* access = plan.code_store.is_writable ? "rw" : "ro";
  return {{"destination", plan.place.code_directory()},
          {"type", "bind"},
          {"source", plan.code_store.source},
          {"options", {"bind", access, "nosuid", "nodev", "noexec", "rprivate"}}};
}

Json tmpfs_at(const std::string& directory) {
  return {{"destination", directory},
          {"type", "tmpfs"},
          {"source", "tmpfs"},
          {"options", {"nosuid", "nodev", "mode=755", "tmpcopyup"}}};
}

Json& mounts_of(Json& spec) {
  Json& mounts = spec["mounts"];
  if (!mounts.is_array()) mounts = Json::array();
  return mounts;
}

}  // namespace

void mount_emulator(Json& spec, const Plan& plan) {
  if (plan.place.is_mounted) return;
  Json& mounts = mounts_of(spec);
  // First, since mounts of config.json may lie below it; the emulator last, so that no other mount
  // covers it.
  if (!plan.place.tmpfs.empty()) mounts.insert(mounts.begin(), tmpfs_at(plan.place.tmpfs));
  if (!plan.code_store.source.empty()) mounts.push_back(code_store_of(plan));
  mounts.push_back(bind_of(plan));
}

}  // namespace gantry
