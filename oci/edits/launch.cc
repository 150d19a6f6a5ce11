#include "oci/edits/edits.h"

namespace gantry {

void apply_launch(Json& args, const Launch& launch) {
  Json result = Json::array();
  for (std::size_t i = 0; i < args.size(); i++) {
    if (i != launch.index) {
      result.push_back(std::move(args[i]));
      continue;
    }
    for (const std::string& word : launch.words) result.push_back(word);
  }
  args = std::move(result);
}

void prefix_process(Json& spec, const Plan& plan) {
  if (plan.process) apply_launch(spec["process"]["args"], *plan.process);
}

void prefix_hooks(Json& spec, const Plan& plan) {
  for (const HookLaunch& hook : plan.hooks) {
    Json& value = spec["hooks"]["startContainer"][hook.hook];
    value["path"] = hook.launch.words.front();
    Json& args = value["args"];
    if (!args.is_array() || args.empty()) args = Json::array({""});
    apply_launch(args, hook.launch);
  }
}

}  // namespace gantry
