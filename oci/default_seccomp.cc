// What ordinary programs need is permitted, by name. What changes the machine as a whole is refused
// with EPERM, or permitted to those who hold the capability that the kernel asks for. What nobody
// named gets ENOSYS, so that programs
// fall back as on an older kernel.
#include "oci/default_seccomp.h"

#include <cerrno>
#include <iterator>
#include <sstream>

#include "emulator/base/types.h"

namespace gantry {
namespace {

// One family a string, names between spaces.
constexpr const char* kPermitted[] = {
    // files and directories
    "access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat "
    "faccessat2 fadvise64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl "
    "fdatasync flock fstat fstatfs fsync ftruncate futimesat getcwd getdents getdents64 ioctl "
    "lchown link linkat lseek lstat mkdir mkdirat mknod mknodat name_to_handle_at newfstatat open "
    "openat openat2 readahead readlink readlinkat rename renameat renameat2 rmdir stat statfs "
    "statx "
    "symlink symlinkat sync sync_file_range syncfs truncate umask unlink unlinkat utime utimensat "
    "utimes",
    // attributes
    "fgetxattr flistxattr fremovexattr fsetxattr getxattr lgetxattr listxattr llistxattr "
    "lremovexattr lsetxattr removexattr setxattr",
    // reading and writing
    "io_cancel io_destroy io_getevents io_setup io_submit pipe pipe2 pread64 preadv preadv2 "
    "pwrite64 pwritev pwritev2 read readv sendfile splice tee write writev",
    // waiting
    "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait "
    "epoll_wait_old eventfd eventfd2 fanotify_mark inotify_add_watch inotify_init inotify_init1 "
    "inotify_rm_watch poll ppoll pselect6 select signalfd signalfd4",
    // memory
    "brk get_mempolicy madvise mbind membarrier memfd_create memfd_secret mincore "
    "mlock mlock2 mlockall mmap mprotect mremap msync munlock munlockall munmap pkey_alloc "
    "pkey_free pkey_mprotect process_mrelease process_vm_readv process_vm_writev remap_file_pages "
    "set_mempolicy",
    // processes and threads
    "arch_prctl clone clone3 execve execveat exit exit_group fork futex "
    "get_robust_list get_thread_area getcpu getpgid getpgrp getpid getppid "
    "getpriority getrlimit getrusage getsid gettid ioprio_get ioprio_set modify_ldt pause "
    "pidfd_getfd pidfd_open pidfd_send_signal prctl prlimit64 ptrace restart_syscall "
    "riscv_flush_icache riscv_hwprobe rseq seccomp set_robust_list set_thread_area "
    "set_tid_address setpgid setpriority setrlimit setsid times unshare vfork wait4 waitid",
    // scheduling
    "sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam "
    "sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam "
    "sched_setscheduler sched_yield",
    // identity
    "capget capset getegid geteuid getgid getgroups getresgid getresuid getuid setfsgid setfsuid "
    "setgid setgroups setregid setresgid setresuid setreuid setuid",
    // signals
    "kill rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend "
    "rt_sigtimedwait rt_tgsigqueueinfo sigaltstack tgkill tkill",
    // time
    "adjtimex alarm clock_adjtime clock_getres clock_gettime clock_nanosleep getitimer "
    "gettimeofday nanosleep setitimer time timer_create timer_delete timer_getoverrun "
    "timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime",
    // sockets; socket itself has rules below
    "accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg "
    "recvmsg sendmmsg sendmsg sendto setsockopt shutdown socketpair",
    // System V and POSIX communication
    "mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv "
    "msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget",
    // mounting, for which the kernel asks for CAP_SYS_ADMIN in some user namespace
    "fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree pivot_root "
    "umount2",
    // the rest
    "getrandom keyctl landlock_add_rule landlock_create_ruleset landlock_restrict_self "
    "reboot sysinfo syslog uname",
    // 32-bit x86 programs, which a native x86-64 machine runs
    "_llseek _newselect chown32 clock_adjtime64 clock_getres_time64 clock_gettime64 "
    "clock_nanosleep_time64 fadvise64_64 fchown32 fcntl64 fstat64 fstatat64 fstatfs64 ftruncate64 "
    "futex_time64 getegid32 geteuid32 getgid32 getgroups32 getresgid32 getresuid32 getuid32 ipc "
    "lchown32 lstat64 mmap2 mq_timedreceive_time64 mq_timedsend_time64 ppoll_time64 "
    "pselect6_time64 readdir recvmmsg_time64 rt_sigtimedwait_time64 sched_rr_get_interval_time64 "
    "semtimedop_time64 sendfile64 setfsgid32 setfsuid32 setgid32 setgroups32 setregid32 "
    "setresgid32 setresuid32 setreuid32 setuid32 sigaction signal sigpending sigprocmask sigreturn "
    "sigsuspend socketcall stat64 statfs64 timer_gettime64 timer_settime64 timerfd_gettime64 "
    "timerfd_settime64 truncate64 ugetrlimit umount utimensat_time64 waitpid"};

// Old, or with a long record of faults in the kernel, or about the machine as a whole.
constexpr const char* kRefused =
    "migrate_pages move_pages nfsservctl swapoff swapon sysfs uselib userfaultfd ustat vmsplice";

struct Gated {
  const char* capability;
  const char* names;
};
constexpr Gated kGated[] = {
    {"CAP_DAC_READ_SEARCH", "open_by_handle_at"},
    {"CAP_SYS_ADMIN",
     "bpf fanotify_init lookup_dcookie perf_event_open quotactl quotactl_fd setdomainname "
     "sethostname setns"},
    {"CAP_SYS_BOOT", "kexec_file_load kexec_load"},
    {"CAP_SYS_CHROOT", "chroot"},
    {"CAP_SYS_MODULE", "delete_module finit_module init_module"},
    {"CAP_SYS_PACCT", "acct"},
    {"CAP_SYS_PTRACE", "kcmp process_madvise"},
    {"CAP_SYS_RAWIO", "ioperm iopl"},
    {"CAP_SYS_TIME", "clock_settime clock_settime64 settimeofday stime"},
    {"CAP_SYS_TTY_CONFIG", "vhangup"},
};

// personality(2): PER_LINUX, PER_LINUX32, each with and without UNAME26, and the question.
constexpr u64 kPersonalities[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};

constexpr u64 kAfNetlink = 16, kNetlinkAudit = 9;  // netlink(7)

Json words_of(const char* text) {
  std::istringstream stream(text);
  return std::vector<std::string>(std::istream_iterator<std::string>(stream), {});
}

Json rule(Json names, const char* action) {
  return {{"names", std::move(names)}, {"action", action}};
}

Json refusal(Json names, unsigned error) {
  Json value = rule(std::move(names), "SCMP_ACT_ERRNO");
  value["errnoRet"] = error;
  return value;
}

Json conditional(const char* name, unsigned index, u64 value, const char* comparison) {
  Json permitted = rule(Json::array({name}), "SCMP_ACT_ALLOW");
  permitted["args"] = Json::array({{{"index", index}, {"value", value}, {"op", comparison}}});
  return permitted;
}

void add_gated(Json& rules, const std::set<std::string>& capabilities) {
  for (const Gated& row : kGated) {
    Json names = words_of(row.names);
    rules.push_back(capabilities.count(row.capability) ? rule(std::move(names), "SCMP_ACT_ALLOW")
                                                       : refusal(std::move(names), EPERM));
  }
}

// The audit log is the host's. EINVAL is what a kernel without it answers.
void add_socket(Json& rules, const std::set<std::string>& capabilities) {
  if (capabilities.count("CAP_AUDIT_WRITE")) {
    rules.push_back(rule(Json::array({"socket"}), "SCMP_ACT_ALLOW"));
    return;
  }
  Json audit = refusal(Json::array({"socket"}), EINVAL);
  audit["args"] = Json::array({{{"index", 0}, {"value", kAfNetlink}, {"op", "SCMP_CMP_EQ"}},
                               {{"index", 2}, {"value", kNetlinkAudit}, {"op", "SCMP_CMP_EQ"}}});
  rules.push_back(std::move(audit));
  rules.push_back(conditional("socket", 0, kAfNetlink, "SCMP_CMP_NE"));
  rules.push_back(conditional("socket", 2, kNetlinkAudit, "SCMP_CMP_NE"));
}

}  // namespace

Json default_seccomp(const std::set<std::string>& capabilities) {
  Json rules = Json::array();
  for (const char* family : kPermitted) rules.push_back(rule(words_of(family), "SCMP_ACT_ALLOW"));
  rules.push_back(refusal(words_of(kRefused), EPERM));
  for (u64 value : kPersonalities) {
    rules.push_back(conditional("personality", 0, value, "SCMP_CMP_EQ"));
  }
  add_gated(rules, capabilities);
  add_socket(rules, capabilities);
  return {{"defaultAction", "SCMP_ACT_ERRNO"},
          {"defaultErrnoRet", ENOSYS},
          {"architectures", {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"}},
          {"syscalls", std::move(rules)}};
}

}  // namespace gantry
