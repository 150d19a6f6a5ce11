#include "shim/tuning.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "emulator/base/descriptor.h"
#include "oci/build_id.h"
#include "shim/code_stores.h"

namespace gantry {
namespace {

constexpr const char* kAdministratorsProfiles = "/etc/gantry/profiles.d";
constexpr const char* kInstalledProfiles = "/usr/share/gantry/profiles";

// Whether nobody else but root can have put into the directory what is there.
bool is_ours(const std::string& directory) {
  struct stat status;
  return ::stat(directory.c_str(), &status) == 0 && !(status.st_mode & S_IWOTH) &&
         (status.st_uid == 0 || status.st_uid == ::geteuid());
}

// Those below the prefix that this program was installed or unpacked in. Where others may write
// they are passed over, and not refused: it was nobody's wish that they be read.
std::string profiles_of_prefix() {
  std::string directory = std::filesystem::path(own_directory()).parent_path();
  for (const char* name : {"/share", "/gantry", "/profiles"}) {
    directory += name;
    if (!is_ours(directory)) return "";
  }
  return directory;
}

std::string builtin_profiles(const Config& config) {
  if (config.builtin_profiles) return *config.builtin_profiles;
  std::string beside = own_directory() + "/gantry-profiles";
  if (::access(beside.c_str(), F_OK) == 0) return beside;
  std::string of_prefix = profiles_of_prefix();
  return of_prefix.empty() ? kInstalledProfiles : of_prefix;
}

std::string build_id_in(const GuestView& view, const std::string& path) {
  Result<GuestFile> file = view.open(path);
  if (!file) return "";
  Result<UniqueFd> fd = reopen_for_reading(file->fd.get());
  return fd ? build_id_of(fd->get()) : "";
}

Keys keys_for(const Config& config, const Candidate* choice) {
  Keys keys = config;
  if (choice) override_keys(keys, *choice->profile);
  return keys;
}

bool uses_image_store(const Keys& keys) { return keys.cache == key_type::Cache::kImage; }

bool needs_image(const Config& config, const std::vector<Profile>& profiles) {
  return depend_on_image(profiles) || uses_image_store(config) ||
         std::any_of(profiles.begin(), profiles.end(), uses_image_store);
}

LaunchSettings settings_with(const Keys& keys, const Candidate* choice) {
  LaunchSettings settings;
  if (choice) settings.profile = choice->profile->called() + " (" + choice->text + ")";
  settings.options = emulator_options_of(keys);
  settings.arguments = keys.arguments.value_or(std::vector<std::string>());
  return settings;
}

}  // namespace

Result<std::vector<Profile>> load_profiles(const Config& config) {
  return load_profiles(config.profiles.value_or(kAdministratorsProfiles), builtin_profiles(config));
}

ProgramFacts program_facts_of(const GuestView& view, const Program& program) {
  ProgramFacts facts;
  if (program.path.starts_with('/')) facts.paths.push_back(lexical_path(program.path));
  facts.paths.insert(facts.paths.end(), program.files.begin(), program.files.end());
  facts.build_id = build_id_in(view, program.files.back());
  return facts;
}

LaunchSettings launch_settings_of(const Config& config, const Candidate* choice) {
  return settings_with(keys_for(config, choice), choice);
}

void apply_profiles(Emulator& emulator, const Config& config, std::function<ImageFacts()> image) {
  emulator.find_settings = [config, image = std::move(image)](
                               const GuestView& view,
                               const Program& program) -> Result<LaunchSettings> {
    TRY_ASSIGN(std::vector<Profile> profiles, load_profiles(config));
    ImageFacts facts = needs_image(config, profiles) ? image() : ImageFacts();
    auto fitting = fitting_profiles(profiles, facts, program_facts_of(view, program));
    const Candidate* choice = fitting.empty() ? nullptr : &fitting.front();
    Keys keys = keys_for(config, choice);
    LaunchSettings settings = settings_with(keys, choice);
    StoreChoice store = choose_code_store(config, keys.cache.value_or(""), facts);
    settings.code_store.source = store.path;
    settings.code_store_remark = store.remark;
    std::string refusal = refusal_of_name(profiles, facts);
    if (!refusal.empty()) settings.profile += (fitting.empty() ? "none; " : "; ") + refusal;
    return settings;
  };
}

}  // namespace gantry
