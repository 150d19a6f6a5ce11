#include "oci/edits/seccomp_tables.h"

#include <algorithm>
#include <string_view>

namespace gantry {
namespace {

// Every x86-64 call of Linux 6.12 that arm64, riscv64 or loongarch64 lacks (a test compares with
// libseccomp). riscv64 and loongarch64 lack the calls that were superseded before they arrived.
constexpr Equivalent kEquivalents[] = {
    {"access", {"faccessat", "faccessat2"}, 1},
    {"alarm", {"setitimer"}},
    {"arch_prctl", {}},  // FS and GS base are the emulator's registers
    {"chmod", {"fchmodat"}, 1},
    {"chown", {"fchownat"}, 1},
    {"creat", {"openat"}},
    {"create_module", {}},
    {"dup2", {"dup3", "fcntl"}},
    {"epoll_create", {"epoll_create1"}},
    {"epoll_ctl_old", {}},
    {"epoll_wait", {"epoll_pwait"}, 0},
    {"epoll_wait_old", {}},
    {"eventfd", {"eventfd2"}, 0},
    {"fork", {"clone"}},
    {"fstat", {"statx"}},
    {"futimesat", {"utimensat"}},
    {"get_kernel_syms", {}},
    {"get_thread_area", {}},
    {"getdents", {"getdents64"}, 0},
    {"getpgrp", {"getpgid"}},
    {"getrlimit", {"prlimit64"}, 1},
    {"inotify_init", {"inotify_init1"}},
    {"ioperm", {}},
    {"iopl", {}},
    {"lchown", {"fchownat"}, 1},
    {"link", {"linkat"}},
    {"lstat", {"newfstatat", "statx"}, 1},
    {"memfd_secret", {}},  // not on loongarch64; the emulator answers ENOSYS there
    {"mkdir", {"mkdirat"}, 1},
    {"mknod", {"mknodat"}, 1},
    {"modify_ldt", {}},
    {"newfstatat", {"statx"}, 0},
    {"open", {"openat"}, 1},
    {"pause", {"ppoll"}},
    {"pipe", {"pipe2"}, 0},
    {"poll", {"ppoll"}},
    {"query_module", {}},
    {"readlink", {"readlinkat"}, 1},
    {"rename", {"renameat", "renameat2"}},
    {"renameat", {"renameat2"}, 0},
    {"rmdir", {"unlinkat"}, 1},
    {"security", {}},
    {"select", {"pselect6"}},
    {"set_thread_area", {}},
    {"setrlimit", {"prlimit64"}, 1},
    {"signalfd", {"signalfd4"}, 0},
    {"stat", {"newfstatat", "statx"}, 1},
    {"symlink", {"symlinkat"}},
    {"sysfs", {}},
    {"time", {"clock_gettime"}},
    {"tuxcall", {}},
    {"unlink", {"unlinkat"}, 1},
    {"uprobe", {}},
    {"uretprobe", {}},
    {"uselib", {}},
    {"ustat", {}},
    {"utime", {"utimensat"}},
    {"utimes", {"utimensat"}},
    {"vfork", {"clone"}},
    {"vserver", {}},
    {"_sysctl", {}},
    {"afs_syscall", {}},
    {"getpmsg", {}},
    {"putpmsg", {}},
};

constexpr Need kNeeds[] = {
    {"brk", "the emulator's own heap (malloc of its libc)"},
    {"clock_gettime", "the guest's vDSO is the emulator's code"},
    {"clone", "guest threads are host threads, guest processes host processes"},
    {"close", "descriptors of the loader and of synthetic /proc files"},
    {"close_range", "the emulator's descriptors are closed over execve"},
    {"dup3", "the emulator's descriptors are kept away from the guest's numbers"},
    {"execve", "native programs are executed natively"},
    {"execveat", "execve of the guest starts the next emulator by its descriptor"},
    {"exit", "end of a guest thread"},
    {"exit_group", "end of a guest process"},
    {"fcntl", "sealing memfds, moving descriptors"},
    {"fstat", "the loader checks what it has opened"},
    {"futex", "the emulator's locks"},
    {"getdents64", "synthetic /proc folders"},
    {"getpid", "signals to itself"},
    {"getrandom", "AT_RANDOM, address layout"},
    {"gettid", "signals to one guest thread"},
    {"lseek", "synthetic /proc files"},
    {"madvise", "giving back pages of the code cache"},
    {"membarrier", "code changed by one thread is seen by all"},
    {"memfd_create", "handing state to the next emulator, synthetic /proc files"},
    {"mmap", "guest memory and code cache"},
    {"mprotect", "guest memory, watching code pages for changes"},
    {"mremap", "guest memory"},
    {"munmap", "guest memory"},
    {"newfstatat", "resolving the guest's paths"},
    {"openat", "the loader opens the program and its interpreter"},
    {"ppoll", "waiting with the guest's signal mask"},
    {"prctl", "PR_SET_VMA_ANON_NAME, PR_SET_NAME as the guest's comm"},
    {"pread64", "reading ELF headers"},
    {"read", "reading /proc"},
    {"readlinkat", "finding its own path and the guest's"},
    {"restart_syscall", "the kernel restarts interrupted waits through it"},
    {"riscv_flush_icache", "instruction caches are not coherent on riscv64"},
    {"rseq", "registered by libc for each thread"},
    {"rt_sigaction", "faults of translated code, guest signals"},
    {"rt_sigprocmask", "signals wait while state is not precise"},
    {"rt_sigqueueinfo", "passing on a signal that came at the wrong moment"},
    {"rt_sigreturn", "return from the emulator's handlers"},
    {"rt_tgsigqueueinfo", "passing on a signal that came at the wrong moment"},
    {"sched_getaffinity", "CPUs shown in /proc/cpuinfo"},
    {"sched_yield", "spinning on a contended lock"},
    {"set_robust_list", "registered by libc for each thread"},
    {"set_tid_address", "registered by libc for each thread"},
    {"sigaltstack", "the emulator's handlers have a stack of their own"},
    {"statx", "stat on architectures without newfstatat"},
    {"tgkill", "signals to one guest thread; abort"},
    {"uname", "the kernel version that is shown to the guest"},
    {"write", "log lines"},
    {"writev", "log lines"},
};

}  // namespace

std::span<const Equivalent> seccomp_equivalents() { return kEquivalents; }
std::span<const Need> seccomp_needs() { return kNeeds; }

const Equivalent* find_equivalent(const char* guest_name) {
  auto found = std::find_if(std::begin(kEquivalents), std::end(kEquivalents),
                            [&](auto& row) { return std::string_view(row.guest) == guest_name; });
  return found == std::end(kEquivalents) ? nullptr : &*found;
}

}  // namespace gantry
