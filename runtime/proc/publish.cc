// What the host's kernel shows other processes of this one.
#include <linux/prctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "emulator/base/log.h"
#include "runtime/core/process.h"
#include "runtime/proc/proc.h"

namespace gantry::runtime::proc {
namespace {

// The kernel takes arguments, environment and auxiliary vector from the guest's own stack, so that
// what the guest changes there (setproctitle) is seen as well. It needs CONFIG_CHECKPOINT_RESTORE
// (prctl(2), PR_SET_MM_MAP).
bool publish_layout(const loader::Image& image) {
  auto break_end = reinterpret_cast<u64>(sbrk(0));
  prctl_mm_map map = {};
  map.start_code = image.code_start;
  map.end_code = image.code_end;
  map.start_data = image.data_start ? image.data_start : image.code_start;
  map.end_data = image.data_end ? image.data_end : image.code_end;
  map.start_brk = map.brk = break_end;  // the emulator's own heap goes on from here
  map.start_stack = image.stack_pointer;
  map.arg_start = image.arguments_start;
  map.arg_end = image.arguments_end;
  map.env_start = image.environment_start;
  map.env_end = image.environment_end;
  map.auxv = reinterpret_cast<__u64*>(const_cast<char*>(image.auxv.data()));
  map.auxv_size = static_cast<u32>(image.auxv.size());
  map.exe_fd = ~0u;
  return prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0) == 0;
}

// Without that: the strings of main's argv, as far as there is room in them.
void overwrite_arguments(const std::string& command_line, char** argv) {
  char* end = argv[0];
  for (char** argument = argv; *argument == end; argument++) end += std::strlen(*argument) + 1;
  auto room = static_cast<std::size_t>(end - argv[0]);
  std::size_t size = std::min(room, command_line.size());
  std::memset(argv[0], 0, room);
  std::memcpy(argv[0], command_line.data(), size);
  argv[0][room - 1] = '\0';
}

}  // namespace

void publish_command_line(Process& process, char** original) {
  prctl(PR_SET_NAME, process.comm.c_str());
  process.layout_published = publish_layout(process.image);
  if (process.layout_published) return;
  LOG(kProcess, "PR_SET_MM_MAP: %s", std::strerror(errno));
  overwrite_arguments(process.command_line, original);
}

}  // namespace gantry::runtime::proc
