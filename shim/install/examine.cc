#include "shim/install/examine.h"

#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "emulator/base/descriptor.h"
#include "oci/program_file.h"
#include "shim/install/binfmt.h"
#include "shim/install/engines.h"
#include "shim/install/smoke.h"
#include "shim/low_level.h"
#include "shim/settings.h"

namespace gantry::install {
namespace {

// In a child, as it cannot be undone.
Finding examine_user_namespaces() {
  pid_t child = ::fork();
  if (child == 0) ::_exit(::unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  int code = child < 0 ? EAGAIN : WEXITSTATUS(status);
  if (code == 0) return {Health::kGood, "user namespaces", "can be made"};
  return {Health::kWarning, "user namespaces",
          make_system_error(code, "cannot be made").message +
              "; rootless containers need them: see user.max_user_namespaces and "
              "kernel.unprivileged_userns_clone or kernel.apparmor_restrict_unprivileged_userns in "
              "sysctl(8)"};
}

Finding examine_binfmt(const std::string& emulator) {
  const char* kSubject = "binfmt";
  Result<std::vector<BinfmtEntry>> entries = x86_64_entries();
  std::string others, ours;
  for (const BinfmtEntry& entry : entries ? *entries : std::vector<BinfmtEntry>()) {
    if (!entry.enabled) continue;
    if (entry.is_ours()) {
      ours = entry.interpreter;
    } else {
      others += (others.empty() ? "" : ", ") + entry.name + " (" + entry.interpreter + ")";
    }
  }
  if (!others.empty()) {
    return {Health::kWarning, kSubject,
            "also start x86-64 programs: " + others + "; see `gantry binfmt status`"};
  }
  if (!ours.empty() && ours != emulator) {
    return {Health::kWarning, kSubject,
            ours + " is registered, not " + emulator + ": gantry binfmt register"};
  }
  if (!ours.empty()) return {Health::kGood, kSubject, ours};
  return {
      Health::kGood, kSubject,
      "no entry for x86-64 programs; sudo and the like in images need `gantry binfmt register`"};
}

Finding examine_noexec(const std::string& emulator) {
  struct statvfs status;
  if (::statvfs(emulator.c_str(), &status) < 0) {
    return {Health::kBroken, "noexec", make_system_error(errno, "%s", emulator.c_str()).message};
  }
  if (status.f_flag & ST_NOEXEC) {
    return {Health::kBroken, "noexec",
            "the file system of " + emulator + " is mounted noexec: mount it with exec"};
  }
  return {Health::kGood, "noexec", "programs may be executed from " + parent_path(emulator)};
}

// Containers may execute files of these types (container-selinux).
Finding examine_selinux(const std::string& emulator) {
  char enforcing = '0';
  std::ifstream("/sys/fs/selinux/enforce") >> enforcing;
  if (enforcing != '1') return {Health::kGood, "SELinux", "is not enforced"};
  char label[256] = {};
  ::getxattr(emulator.c_str(), "security.selinux", label, sizeof label - 1);
  std::string text = label;
  for (const char* type : {":container_file_t:", ":container_ro_file_t:", ":container_share_t:"}) {
    if (text.find(type) != std::string::npos) return {Health::kGood, "SELinux", text};
  }
  return {Health::kWarning, "SELinux",
          "containers may not execute " + emulator + ", which is " + text +
              ": chcon -t container_ro_file_t " + emulator};
}

// An amd64 program in memory, by the emulator where there is one.
Finding examine_smoke(const Emulator& emulator) {
  Result<UniqueFd> program = sealed_memfd("gantry-smoke", smoke_program());
  if (!program) return {Health::kBroken, "smoke test", program.error().message};
  ::fchmod(program->get(), 0700);
  std::string path =
      "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(program->get());
  Result<Output> output =
      emulator.path.empty() ? run_program(path, {}) : run_program(emulator.path, {path}, true);
  std::string how = emulator.path.empty() ? "an amd64 program by this machine"
                                          : "an amd64 program by " + emulator.path;
  if (!output) return {Health::kBroken, "smoke test", output.error().message};
  if (output->status == 0 && output->text == kSmokeText) {
    return {Health::kGood, "smoke test", how + ": " + output->first_line()};
  }
  return {Health::kBroken, "smoke test",
          how + ": status " + std::to_string(output->status) + " " + output->first_line()};
}

// How an engine is asked for the configuration it really reads.
struct Question {
  const char* engine;
  const char* program;
  std::vector<std::string> words;
};

const std::vector<Question>& questions() {
  static const std::vector<Question> kQuestions = {
      {"podman",
       "podman",
       {"--runtime", "gantry-runtime", "info", "--format", "{{.Host.OCIRuntime.Path}}"}},
      {"docker", "docker", {"info", "--format", "{{json .Runtimes}}"}},
      {"containerd", "containerd", {"config", "dump"}},
      {"crio", "crio", {"config"}},
      {"buildkit", "cat", {"/etc/buildkit/buildkitd.toml"}},
  };
  return kQuestions;
}

Finding examine_engine(const Engine& engine, const Question& question) {
  std::string subject = std::string(engine.name) + " reads";
  std::string advice = std::string("gantry install --engine ") + engine.name;
  std::string program = find_host_program(question.program);
  Result<Output> output = program.empty() ? make_error(ENOENT, "%s was not found", question.program)
                                          : run_program(program, question.words, true);
  if (!output) return {Health::kWarning, subject, output.error().message};
  bool is_told = output->text.find("gantry-runtime") != std::string::npos;
  if (output->status == 0 && is_told) return {Health::kGood, subject, "of gantry-runtime"};
  if (output->status == 0) {
    return {Health::kWarning, subject, "nothing of gantry-runtime: " + advice};
  }
  return {
      Health::kWarning, subject,
      "nothing of gantry-runtime (" + advice + "), or it cannot be asked: " + output->first_line()};
}

std::vector<Finding> examine_engines(const std::vector<std::string>& names) {
  std::vector<Finding> findings;
  auto has = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  Result<Tree> tree = Tree::open("/");
  if (!tree) return {{Health::kBroken, "engines", tree.error().message}};
  bool all = names.empty() || has("all");
  for (const Question& question : questions()) {
    const Engine& engine = *find_engine(question.engine);
    bool is_named = has(engine.name), is_there = is_present(engine, *tree);
    if (!is_named && !all) continue;
    if (is_named && !is_there) {
      findings.push_back(
          {Health::kBroken, engine.name, std::string(engine.program) + " not found"});
      continue;
    }
    if (question.engine == std::string("podman")) findings.push_back(examine_podman());
    if (is_there) findings.push_back(examine_engine(engine, question));
  }
  return findings;
}

}  // namespace

std::vector<Finding> examine_surroundings(const std::optional<std::string>& config_path,
                                          const std::vector<std::string>& engines) {
  std::vector<Finding> findings = {examine_user_namespaces()};
  Result<Config> config = read_settings_file(config_path);
  Result<Emulator> emulator = config ? find_emulator(*config) : config.take_error();
  std::string path = emulator ? emulator->path : "";
  findings.push_back(examine_binfmt(path));
  if (!path.empty()) {
    findings.push_back(examine_noexec(path));
    findings.push_back(examine_selinux(path));
  }
  bool has_to_emulate = emulator && (!path.empty() || host_machine() == EM_X86_64);
  if (has_to_emulate) findings.push_back(examine_smoke(*emulator));
  std::vector<Finding> of_engines = examine_engines(engines);
  findings.insert(findings.end(), of_engines.begin(), of_engines.end());
  return findings;
}

}  // namespace gantry::install
