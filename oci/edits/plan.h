// What has to change in a container's configuration so that its x86-64 programs start in the
// emulator. Planning reads and may fail; the edits then apply the plan and cannot.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "oci/edits/place.h"
#include "oci/guest_view.h"
#include "oci/json.h"
#include "oci/program.h"
#include "oci/program_file.h"

namespace gantry {

// A directory of this host with translated code.
struct CodeStoreMount {
  std::string source;        // empty: none
  bool is_writable = false;  // for one container alone
};

// How one program is started in the emulator.
struct LaunchSettings {
  std::vector<std::string> options;    // of the emulator
  std::vector<std::string> arguments;  // of the program, before its own
  std::string profile;                 // which one asks for this, and why; for people
  CodeStoreMount code_store = {};
  std::string code_store_remark = {};  // which one it is or why there is none; for people
};

// Asked for each program that is to be emulated.
using FindLaunchSettings =
    std::function<Result<LaunchSettings>(const GuestView& view, const Program& program)>;

// The emulator as the administrator configured it.
struct Emulator {
  std::string path;  // on this host
  u16 machine = 0;   // e_machine of that file: programs of this machine are native
  // Emulate x86-64 programs also when the emulator itself is an x86-64 program.
  bool emulate_native = false;
  std::vector<std::string> options;  // given to it before the program
  FindLaunchSettings find_settings;  // in place of `options`, unless it is empty

  bool must_emulate(const ProgramFile& program) const;
  // Whether any program at all can need it.
  bool has_guests() const;
};

// `words` take the place of the word at `index` in a list of arguments.
struct Launch {
  std::size_t index = 0;
  std::vector<std::string> words;
  // Of LaunchSettings.
  std::string profile;
  std::string code_store_remark = {};
};

struct HookLaunch {
  std::size_t hook = 0;  // index in hooks.startContainer
  Launch launch;
};

struct Plan {
  std::string emulator;  // on this host
  Place place;
  // Mounted besides; there is one in a container, that of the first program which asks for one.
  CodeStoreMount code_store;
  std::optional<Launch> process;
  std::vector<HookLaunch> hooks;
};

// Nothing when no program of the document needs the emulator, or all start in it already.
Result<std::optional<Plan>> plan_container(const Json& spec, const GuestView& view,
                                           const Emulator& emulator);

// The same for the process of `exec` in a container that has the emulator at `place`.
Result<std::optional<Launch>> plan_process(const Json& process, const GuestView& view,
                                           const Emulator& emulator, const Place& place);

}  // namespace gantry
