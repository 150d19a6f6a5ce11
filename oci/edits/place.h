// Where in the container the emulator is mounted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "oci/guest_view.h"
#include "oci/mount.h"

namespace gantry {

struct Place {
  std::string path;         // of the emulator in the container
  std::string tmpfs;        // mount a tmpfs here first; empty when config.json already does
  bool is_mounted = false;  // config.json has the emulator's mount already
  // What config.json mounts at code_directory() then, a directory of this host; empty: nothing.
  std::string code_store;

  // Of stored code, beside the emulator.
  std::string code_directory() const;
};

// A directory that config.json covers with a tmpfs, so that the mount point is not created in the
// image's files: /dev, else /run. Failing both, a tmpfs is put over the image's own /run, starting
// as a copy of it. Fails when none of these can be trusted; the message says why.
Result<Place> choose_place(const GuestView& view, const std::vector<Mount>& mounts);

// The place in a container whose configuration has been rewritten before.
std::optional<Place> mounted_place(const std::vector<Mount>& mounts);

}  // namespace gantry
