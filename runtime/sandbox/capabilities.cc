#include "runtime/sandbox/capabilities.h"

#include <sys/capability.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace gantry::sandbox {
namespace {

struct Freed {
  void operator()(cap_t value) const { cap_free(value); }
};

using Values = std::vector<cap_value_t>;

// Names that this kernel does not know yet are skipped: they cannot be given.
Result<Values> values_of(const std::vector<std::string>& names) {
  Values values;
  for (const std::string& name : names) {
    cap_value_t value;
    if (cap_from_name(name.c_str(), &value) < 0) {
      return make_error(EINVAL, "`%s` is not a capability", name.c_str());
    }
    if (value < cap_max_bits()) values.push_back(value);
  }
  return values;
}

Result<void> raise(cap_t state, cap_flag_t flag, const std::vector<std::string>& names) {
  TRY_ASSIGN(Values values, values_of(names));
  if (values.empty()) return {};
  if (cap_set_flag(state, flag, static_cast<int>(values.size()), values.data(), CAP_SET) < 0) {
    return make_system_error(errno, "capabilities");
  }
  return {};
}

}  // namespace

Result<void> bound_capabilities(const std::vector<std::string>& names) {
  TRY_ASSIGN(Values kept, values_of(names));
  for (cap_value_t value = 0; value < cap_max_bits(); value++) {
    if (std::find(kept.begin(), kept.end(), value) != kept.end()) continue;
    if (cap_get_bound(value) != 1) continue;
    if (cap_drop_bound(value) < 0) return make_system_error(errno, "capability bounding set");
  }
  return {};
}

Result<void> set_capabilities(const Capabilities& capabilities) {
  std::unique_ptr<std::remove_pointer_t<cap_t>, Freed> state(cap_init());
  if (!state) return make_system_error(errno, "capabilities");
  TRY(raise(state.get(), CAP_PERMITTED, capabilities.permitted));
  TRY(raise(state.get(), CAP_EFFECTIVE, capabilities.effective));
  TRY(raise(state.get(), CAP_INHERITABLE, capabilities.inheritable));
  if (cap_set_proc(state.get()) < 0) return make_system_error(errno, "cannot set capabilities");
  if (cap_reset_ambient() < 0) return make_system_error(errno, "ambient capabilities");
  TRY_ASSIGN(Values ambient, values_of(capabilities.ambient));
  for (cap_value_t value : ambient) {
    if (cap_set_ambient(value, CAP_SET) < 0) {
      return make_system_error(errno, "ambient capabilities");
    }
  }
  return {};
}

}  // namespace gantry::sandbox
