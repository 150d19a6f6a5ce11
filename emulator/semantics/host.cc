#include "emulator/semantics/host.h"

#include <sched.h>
#include <sys/random.h>
#include <time.h>

#include "emulator/guest/memory.h"

namespace gantry::sem {

u64 host_timestamp() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_RAW, &now);
  return static_cast<u64>(now.tv_sec) * kTimestampHertz + static_cast<u64>(now.tv_nsec);
}

u64 host_cpu_number() {
  unsigned cpu = 0, node = 0;
  getcpu(&cpu, &node);
  return node << 12 | cpu;
}

u64 host_random() {
  u64 value = 0;
  while (getrandom(&value, sizeof value, 0) != sizeof value) {
  }
  return value;
}

u64 fs_base(guest::Cpu& cpu) { return cpu.fs_base; }
u64 gs_base(guest::Cpu& cpu) { return cpu.gs_base; }

void set_fs_base(guest::Cpu& cpu, u64 base) {
  if (!guest::is_canonical(base)) guest::raise_gp(cpu);
  cpu.fs_base = base;
}

void set_gs_base(guest::Cpu& cpu, u64 base) {
  if (!guest::is_canonical(base)) guest::raise_gp(cpu);
  cpu.gs_base = base;
}

void store_table_register(guest::Cpu& cpu, u64 address, u64 base) {
  guest::probe_write(cpu, address, 10);
  guest::store<u16>(cpu, address, 0);
  guest::store<u64>(cpu, address + 2, base);
}

}  // namespace gantry::sem
