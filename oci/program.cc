#include "oci/program.h"

#include <cerrno>
#include <optional>
#include <string_view>

namespace gantry {
namespace {

// Linux: exec_binprm() follows five levels of "#!" and then fails with ELOOP.
constexpr int kMaxInterpreters = 5;

std::optional<std::string_view> search_path(const ProgramQuery& query) {
  std::optional<std::string_view> found;
  for (const std::string& variable : query.environment) {
    if (variable.starts_with("PATH=")) found = std::string_view(variable).substr(5);
  }
  return found;
}

// The words of crun, but for their last, which Docker knows in small letters alone.
Error not_found(const std::string& name) {
  return make_error(ENOENT, "executable file `%s` not found in $PATH: no such file or directory",
                    name.c_str());
}

Error named(const std::string& path, const Error& error) {
  return make_error(error.code, "`%s` %s", path.c_str(), error.message.c_str());
}

// The file alone: not yet what a script's interpreter is.
Result<Program> identify(const GuestView& view, const ProgramQuery& query,
                         const std::string& path) {
  TRY_ASSIGN(GuestFile file, view.open(path, query.directory));
  TRY_ASSIGN(ProgramFile program, identify_program(file.fd.get()));
  return Program{path, std::move(program), {file.path}};
}

// Takes the program to the ELF file at the end of its chain of "#!" lines.
Result<Program> follow_interpreters(const GuestView& view, const ProgramQuery& query,
                                    Program program) {
  std::string script = program.path;
  for (int depth = 0; program.file.format == ProgramFormat::kScript; depth++) {
    if (depth == kMaxInterpreters) {
      return make_error(ELOOP, "`%s` has too many levels of \"#!\" interpreters",
                        program.path.c_str());
    }
    std::string interpreter = program.file.interpreter;
    Result<Program> next = identify(view, query, interpreter);
    if (!next) {
      bool missing = next.error().code == ENOENT || next.error().code == ENOTDIR;
      return make_error(next.error().code, "`%s` needs the interpreter `%s`: %s", script.c_str(),
                        interpreter.c_str(),
                        missing ? "no such file or directory" : next.error().message.c_str());
    }
    script = std::move(interpreter);
    program.file = std::move(next->file);
    program.files.push_back(std::move(next->files.front()));
  }
  return program;
}

// A name with a slash: PATH plays no part.
Result<Program> find_by_path(const GuestView& view, const ProgramQuery& query) {
  Result<Program> program = identify(view, query, query.name);
  if (program) return follow_interpreters(view, query, std::move(*program));
  int code = program.error().code;
  if (code == ENOENT || code == ENOTDIR) return not_found(query.name);
  return named(query.name, program.error());
}

std::string under(std::string directory, std::string_view name) {
  while (directory.ends_with('/')) directory.pop_back();
  return directory.append("/").append(name);
}

// An empty or relative element of PATH is relative to the working directory (environ(7)).
std::string candidate_in(std::string_view element, const ProgramQuery& query) {
  std::string directory(element);
  if (element.empty()) directory = query.directory;
  if (!element.empty() && element[0] != '/') directory = under(query.directory, element);
  return under(std::move(directory), query.name);
}

// execvp(3): a candidate that cannot be executed is passed over, and reported when nothing else
// is found.
Result<Program> find_in_path(const GuestView& view, const ProgramQuery& query,
                             std::string_view path) {
  std::optional<Error> refused;
  while (true) {
    std::size_t end = path.find(':');
    std::string candidate = candidate_in(path.substr(0, end), query);
    Result<Program> program = identify(view, query, candidate);
    if (program) return follow_interpreters(view, query, std::move(*program));
    int code = program.error().code;
    if (code != ENOENT && code != ENOTDIR && !refused) refused = named(candidate, program.error());
    if (end == std::string_view::npos) break;
    path.remove_prefix(end + 1);
  }
  return refused ? *refused : not_found(query.name);
}

}  // namespace

Result<Program> find_program(const GuestView& view, const ProgramQuery& query) {
  if (query.name.empty()) {
    return make_error(ENOENT, "the program's name is empty: no such file or directory");
  }
  if (query.name.find('/') != std::string::npos) return find_by_path(view, query);
  std::optional<std::string_view> path = search_path(query);
  return path ? find_in_path(view, query, *path) : not_found(query.name);
}

}  // namespace gantry
