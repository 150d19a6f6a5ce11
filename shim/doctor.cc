#include "shim/doctor.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <type_traits>

#include "emulator/base/descriptor.h"
#include "emulator/base/types.h"
#include "oci/program_file.h"
#include "shim/code_stores.h"
#include "shim/low_level.h"
#include "shim/settings.h"

namespace gantry {
namespace {

constexpr unsigned kGuestAddressBits = 47;

Finding good(std::string subject, std::string text) {
  return {Health::kGood, std::move(subject), std::move(text)};
}
Finding warning(std::string subject, std::string text) {
  return {Health::kWarning, std::move(subject), std::move(text)};
}
Finding broken(std::string subject, std::string text) {
  return {Health::kBroken, std::move(subject), std::move(text)};
}

Finding examine_machine_type() {
  std::string name = machine_name(host_machine());
  if (name != "x86-64") return good("machine", name);
  return good("machine", "x86-64: amd64 programs are native here, nothing needs emulation");
}

Finding examine_kernel() {
  utsname name;
  ::uname(&name);
  std::string release = name.release;
  Result<UniqueFd> root = open_resolved(AT_FDCWD, "/", O_PATH, RESOLVE_NO_MAGICLINKS);
  if (root) return good("kernel", release);
  return broken("kernel",
                release + ": openat2(2) does not work here (" + root.error().message +
                    "); Linux 5.6 or later is needed, and a seccomp profile may forbid it");
}

Finding examine_page_size() {
  long size = ::sysconf(_SC_PAGESIZE);
  std::string text = std::to_string(size) + " bytes";
  if (size == 4096) return good("page size", text);
  return warning("page size",
                 text +
                     ": guest pages stay 4096 bytes; shared mappings of files that do not fill "
                     "a page of the host fail");
}

struct NeededCapability {
  cap_value_t value;
  const char* name;
  const char* what;
};

// What a low-level runtime that is started by root does and may not be able to (capabilities(7)).
constexpr NeededCapability kNeededCapabilities[] = {
    {CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "namespaces and mounts cannot be made"},
    {CAP_SETUID, "CAP_SETUID", "the container's user cannot be set"},
    {CAP_SYS_CHROOT, "CAP_SYS_CHROOT", "the root filesystem cannot be entered"},
    {CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE",
     "limits cannot be raised; give podman --ulimit with the limits of this session"},
};

Finding examine_capabilities() {
  if (::geteuid() != 0) return good("capabilities", "not root: user namespaces give them");
  std::unique_ptr<std::remove_pointer_t<cap_t>, int (*)(void*)> state(cap_get_proc(), cap_free);
  std::string missing;
  for (const NeededCapability& needed : kNeededCapabilities) {
    cap_flag_value_t set = CAP_CLEAR;
    cap_get_flag(state.get(), needed.value, CAP_EFFECTIVE, &set);
    if (set == CAP_CLEAR) missing += std::string("; without ") + needed.name + " " + needed.what;
  }
  if (missing.empty()) return good("capabilities", "all that a container needs");
  return warning("capabilities", missing.substr(2));
}

bool can_map_near(u64 address) {
  auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* hint = reinterpret_cast<void*>(address);
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE;
  void* page = ::mmap(hint, size, PROT_NONE, flags, -1, 0);
  if (page == MAP_FAILED) return false;
  ::munmap(page, size);
  return page == hint;
}

// The highest half of an address space of `bits` bits has room for at least one page.
bool has_address_bits(unsigned bits) {
  u64 half = u64{1} << (bits - 1);
  return can_map_near(half + half / 2) || can_map_near(half + half / 4) || can_map_near(half);
}

Finding examine_addresses() {
  unsigned bits = kGuestAddressBits;
  while (bits > 32 && !has_address_bits(bits)) bits--;
  std::string text = std::to_string(bits) + " bits for a process";
  if (bits >= kGuestAddressBits) return good("addresses", text + " or more");
  return warning("addresses", text + ": programs that insist on addresses near 2^47 will fail");
}

Finding examine_program(const std::string& name, bool needed) {
  std::string path = find_host_program(name);
  auto missing = needed ? broken : warning;
  if (path.empty()) return missing(name, "not found");
  Result<Output> version = run_program(path, {"--version"});
  if (!version || version->status != 0) return missing(name, path + " does not run");
  return good(name, path + ": " + version->first_line());
}

void examine_low_level(std::vector<Finding>& findings) {
  bool has_crun = !find_host_program("crun").empty();
  bool has_runc = !find_host_program("runc").empty();
  if (!has_crun && !has_runc) {
    findings.push_back(broken("runtime", "neither crun nor runc was found; install one of them"));
  }
  if (has_crun) findings.push_back(examine_program("crun", true));
  if (has_runc) findings.push_back(examine_program("runc", !has_crun));
}

Finding examine_emulator(const Config& config) {
  Result<Emulator> emulator = find_emulator(config);
  if (!emulator) return broken("emulator", emulator.error().message);
  if (emulator->path.empty()) {
    auto missing = emulator->has_guests() ? broken : warning;
    return missing("emulator",
                   "gantry-x64 was not found; set `emulator` in the configuration file");
  }
  Result<Output> version = run_program(emulator->path, {"--version"}, true);
  if (!version) return broken("emulator", version.error().message);
  std::string what = emulator->path + " (" + machine_name(emulator->machine) + ")";
  if (version->status == 0) return good("emulator", what + ": " + version->first_line());
  return broken("emulator", what + " does not run: status " + std::to_string(version->status) +
                                " " + version->first_line());
}

// Containers start without stored code where something is wrong with it, and do not say so.
Finding examine_stored_code(const Config& config) {
  constexpr const char* kName = "stored code";
  Result<std::string> directory = cache_directory(config);
  if (!directory) return good(kName, "none");
  Result<SharedStores> stores = SharedStores::open(*directory);
  if (!stores) return warning(kName, "not used: " + stores.error().message);
  std::size_t count = stores->all().size();
  if (count == 0) return good(kName, "none");
  Result<Emulator> emulator = find_emulator(config);
  std::string build_id = emulator ? build_id_of_emulator(emulator->path) : "";
  auto is_stale = [&](const SharedStore& store) { return store.build_id != build_id; };
  auto stale = std::count_if(stores->all().begin(), stores->all().end(), is_stale);
  std::string text = *directory + ": " + std::to_string(count) + " stores";
  if (stale == 0) return good(kName, text);
  return warning(kName, text + ", " + std::to_string(stale) +
                            " of them by another emulator: make them anew with `gantry cache "
                            "warm`, or remove them with `gantry cache prune`");
}

}  // namespace

std::vector<Finding> examine_machine(const std::optional<std::string>& config_path) {
  std::vector<Finding> findings = {examine_machine_type(), examine_kernel(), examine_page_size(),
                                   examine_addresses(), examine_capabilities()};
  Result<Settings> settings = load_settings(config_path);
  if (!settings) {
    findings.push_back(broken("configuration", settings.error().message));
  } else {
    const std::string& path = settings->config_path;
    findings.push_back(good("configuration", path.empty() ? "defaults, no file" : path));
    findings.push_back(examine_emulator(settings->config));
    findings.push_back(examine_stored_code(settings->config));
  }
  examine_low_level(findings);
  return findings;
}

// Podman 4.4 brought [engine.platform_to_oci_runtime].
Finding examine_podman() {
  Finding finding = examine_program("podman", false);
  if (finding.health != Health::kGood) {
    finding.text += "; containers can be started by other engines all the same";
    return finding;
  }
  int major = 0, minor = 0;
  std::size_t digits = finding.text.find_last_of(' ');
  std::sscanf(finding.text.c_str() + digits, "%d.%d", &major, &minor);
  if (major > 4 || (major == 4 && minor >= 4)) return finding;
  finding.health = Health::kWarning;
  finding.text += "; before 4.4 --platform does not choose the runtime: use --runtime";
  return finding;
}

int exit_status(const std::vector<Finding>& findings) {
  auto has = [&](Health health) {
    return std::any_of(findings.begin(), findings.end(),
                       [&](const Finding& finding) { return finding.health == health; });
  };
  if (has(Health::kBroken)) return 1;
  return has(Health::kWarning) ? 3 : 0;
}

}  // namespace gantry
