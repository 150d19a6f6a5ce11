#include "runtime/linux/ioctl_names.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <linux/vt.h>
#include <sys/ioctl.h>

namespace gantry::runtime {
namespace {

struct Name {
  u64 request;
  const char* name;
};

// The numbers are the same on x86-64 and all hosts (asm-generic/ioctls.h and ioctl.h).
#define NAME(request) {request, #request}
constexpr Name kNames[] = {
    NAME(TCGETS),        NAME(TCSETS),          NAME(TCSETSW),         NAME(TCSETSF),
    NAME(TCSBRK),        NAME(TCXONC),          NAME(TCFLSH),          NAME(TIOCEXCL),
    NAME(TIOCNXCL),      NAME(TIOCSCTTY),       NAME(TIOCGPGRP),       NAME(TIOCSPGRP),
    NAME(TIOCOUTQ),      NAME(TIOCSTI),         NAME(TIOCGWINSZ),      NAME(TIOCSWINSZ),
    NAME(TIOCMGET),      NAME(FIONREAD),        NAME(TIOCCONS),        NAME(TIOCPKT),
    NAME(FIONBIO),       NAME(TIOCNOTTY),       NAME(TIOCGETD),        NAME(TIOCSETD),
    NAME(TIOCGSID),      NAME(TIOCGPTN),        NAME(TIOCSPTLCK),      NAME(TIOCGPTPEER),
    NAME(FIONCLEX),      NAME(FIOCLEX),         NAME(FIOASYNC),        NAME(TIOCVHANGUP),
    NAME(FIBMAP),        NAME(FIGETBSZ),        NAME(FICLONE),         NAME(FICLONERANGE),
    NAME(FIDEDUPERANGE), NAME(FS_IOC_GETFLAGS), NAME(FS_IOC_SETFLAGS), NAME(FS_IOC_FIEMAP),
    NAME(FITRIM),        NAME(FIFREEZE),        NAME(FITHAW),          NAME(BLKGETSIZE64),
    NAME(BLKSSZGET),     NAME(BLKFLSBUF),       NAME(SIOCGIFNAME),     NAME(SIOCGIFCONF),
    NAME(SIOCGIFFLAGS),  NAME(SIOCSIFFLAGS),    NAME(SIOCGIFADDR),     NAME(SIOCGIFMTU),
    NAME(SIOCGIFHWADDR), NAME(SIOCGIFINDEX),    NAME(SIOCETHTOOL),     NAME(SIOCATMARK),
    NAME(TUNSETIFF),     NAME(VT_GETSTATE),     NAME(VT_ACTIVATE),
};
#undef NAME

}  // namespace

const char* ioctl_name(u32 request) {
  for (const Name& name : kNames) {
    if (name.request == request) return name.name;
  }
  return nullptr;
}

}  // namespace gantry::runtime
