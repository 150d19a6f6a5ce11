#include "shim/doctor.h"

#include <cstdio>
#include <memory>

#include "oci/json.h"
#include "shim/commands/command.h"
#include "shim/install/examine.h"

namespace gantry {
namespace {

constexpr const char* kWords[] = {"good", "warning", "broken"};

const char* word_of(Health health) { return kWords[static_cast<int>(health)]; }

void print_json(const std::vector<Finding>& findings) {
  Json list = Json::array();
  Health worst = Health::kGood;
  for (const Finding& finding : findings) {
    worst = std::max(worst, finding.health);
    list.push_back({{"subject", finding.subject},
                    {"health", word_of(finding.health)},
                    {"text", finding.text}});
  }
  Json answer = {{"health", word_of(worst)}, {"findings", list}};
  // What engines print may be no UTF-8.
  std::printf("%s\n", answer.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

void print_lines(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    std::printf("%-8s %-16s %s\n", word_of(finding.health), finding.subject.c_str(),
                finding.text.c_str());
  }
}

struct Options {
  bool json = false;
  std::vector<std::string> engines;
};

int doctor(const std::optional<std::string>& config, const Options& options) {
  std::vector<Finding> findings = examine_machine(config);
  std::vector<Finding> more = install::examine_surroundings(config, options.engines);
  findings.insert(findings.end(), more.begin(), more.end());
  options.json ? print_json(findings) : print_lines(findings);
  return exit_status(findings);
}

}  // namespace

void add_doctor(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(app, "doctor",
                              "look for what would keep containers from running\n"
                              "(exit status 0: good, 1: broken, 3: warnings)");
  command->add_flag("--json", options->json, "the findings as JSON");
  add_engine_option(*command, options->engines);
  command->callback([&invocation, options] {
    invocation.action = [&invocation, options] { return doctor(invocation.config, *options); };
  });
}

}  // namespace gantry
