#include "cases.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/personality.h>
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/utsname.h>

CASE(Uname, MachineIsX86) {
  struct utsname name;
  SHOW(uname(&name));
  printf("%s %s\n", name.sysname, name.machine);
  SHOW(syscall(SYS_uname, (void*)8));
}

CASE(Sysinfo, Plausible) {
  struct sysinfo info;
  SHOW(sysinfo(&info));
  printf("%d %d %u\n", info.uptime > 0, info.totalram > 0, info.mem_unit);
}

CASE(Getrandom, SizesAndFlags) {
  char bytes[300];
  SHOW(getrandom(bytes, 256, 0));
  SHOW(getrandom(bytes, 10, GRND_NONBLOCK | GRND_RANDOM) > 0);
  SHOW(getrandom(bytes, 1, 99));
  SHOW(getrandom((void*)8, 10, 0));
}

CASE(Personality, Query) { printf("%x\n", personality(0xffffffff)); }

CASE(Process, VmReadOfOneself) {
  char from[] = "over there", to[16] = "";
  struct iovec local = {to, 10}, remote = {from, 10};
  SHOW(process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
  puts(to);
  remote.iov_base = (void*)8;
  SHOW(process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
  SHOW(process_vm_readv(getpid(), &local, 1, &remote, 1, 5));
}

CASE(Keyctl, BadKey) { SHOW(syscall(SYS_keyctl, 9999, 0, 0, 0, 0)); }

CASE(Mount, Errors) {
  SHOW(syscall(SYS_umount2, "missing", 0));
  SHOW(syscall(SYS_mount, "none", "missing", "tmpfs", 0, NULL));
  SHOW(syscall(430, "no-such-fs", 0));
}

CASE(Landlock, Version) {
  // Kernels differ in what they have; both runs see the same one.
  printf("%ld\n", syscall(444, NULL, 0, 1));
}

CASE(Obsolete, GiveENOSYS) {
  int numbers[] = {134, 156, 174, 177, 178, 180, 181, 182, 183, 184, 185, 205, 211, 212, 214, 215, 236};
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    printf("%d ", numbers[i]);
    SHOW(syscall(numbers[i], 0, 0, 0));
  }
}

CASE(Unknown, NumbersGiveENOSYS) {
  SHOW(syscall(350, 0));
  SHOW(syscall(400, 0));
  SHOW(syscall(5000, 0));
  SHOW(syscall(-1, 0));
  SHOW(syscall(0x40000000 + SYS_getpid));
}

CASE(Unknown, HighHalfOfRaxIsIgnored) {
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(0x100000000 + SYS_getpid) : "rcx", "r11", "memory");
  printf("%d\n", result == getpid());
}
