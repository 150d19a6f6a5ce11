// `gantry install`, `uninstall` and `status`: what they do, without how they say it.
#pragma once

#include <string>
#include <vector>

#include "shim/install/engines.h"
#include "shim/install/machine.h"

namespace gantry::install {

constexpr const char* kProgramsPart = "programs";

struct Options {
  PlaceOptions place;
  std::vector<std::string> engines;  // empty: those that are there
  bool as_default = false;
  bool dry_run = false;
  bool reloads = false;  // tell the running engines
  bool force = false;    // uninstall: also what running containers use
};

// One line about a file.
struct Step {
  enum Kind { kCreate, kEdit, kRemove, kRestore, kUnchanged, kKept };
  Kind kind;
  std::string part;
  std::string path;
  std::string reason;  // why it was kept
};

struct Report {
  bool recovered = false;  // an interrupted change was taken back first
  std::vector<Step> steps;
  std::vector<std::string> engines;      // that were told of gantry-runtime, or no longer are
  std::vector<std::string> differences;  // --dry-run: what would change, as text
  bool has_kept() const;
  // Whether a default of --set-as-default, which the engine's unit tells it, came or went.
  bool changes_default_of(const std::string& engine) const;
};

// What makes a file what is wanted, whose present state is `current`; none when it is that already.
// EEXIST when a drop-in is there that is not, or no longer, as it was installed.
Result<std::optional<Change>> change_for(const Journal& journal, const std::string& part,
                                         const Wanted& wanted, const std::optional<File>& current,
                                         mode_t mode = 0644);

// All that is asked for, or nothing and the reason.
Result<Report> install(const Options& options);

// Puts back what was there. A file that was changed since is left as it is (Step::kKept), and
// an emulator that containers run on, too, unless forced.
Result<Report> uninstall(const Options& options);

enum class Condition { kAsInstalled, kChanged, kMissing };

struct StatusRow {
  std::string part;
  std::string path;
  Condition condition;
};

struct Status {
  std::vector<StatusRow> files;
  std::vector<std::string> present_engines;  // whose programs are on this machine
  bool interrupted = false;
};

Result<Status> status(const PlaceOptions& place);

}  // namespace gantry::install
