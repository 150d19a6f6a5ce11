// What a case's exception tells, in a line.
#pragma once
#include "tests/guest/cases.h"

// The first case. Run again it leaves the same address in CR2, whatever came before.
CASE("page fault", "mov (%rbx), %eax");

static struct {
  int signal, code;
  unsigned long address, trap, error, fault_address, rip, flags, rsp, rcx, rsi, rdi;
} seen;

static void on_exception(int signal, siginfo_t* info, void* context) {
  clear_flags();
  ucontext_t* u = context;
  const greg_t* r = u->uc_mcontext.gregs;
  seen.signal = signal;
  seen.code = info->si_code;
  seen.address = (unsigned long)info->si_addr;
  seen.trap = r[REG_TRAPNO];
  seen.error = r[REG_ERR];
  seen.fault_address = r[REG_CR2];
  seen.rip = r[REG_RIP];
  seen.flags = r[REG_EFL];
  seen.rsp = r[REG_RSP];
  seen.rcx = r[REG_RCX];
  seen.rsi = r[REG_RSI];
  seen.rdi = r[REG_RDI];
  leave_case(u);
}

static void run(const struct Case* c) {
  seen.signal = 0;
  gantry_run_case(c->code);
  printf("%s:", c->name);
  if (seen.signal == 0) {
    printf(" no signal\n");
    return;
  }
  printf(" signal %d code %d trap %ld error %#lx flags %#lx", seen.signal, seen.code, seen.trap,
         seen.error, seen.flags & 0x25f702);
  print_address("addr", seen.address, c);
  print_address("cr2", seen.fault_address, c);
  print_address("rip", seen.rip, c);
  print_address("rsp", seen.rsp, c);
  printf(" rcx=%lx rsi=%lx rdi=%lx\n", seen.rcx, seen.rsi, seen.rdi);
}

static void run_all(void) {
  int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
  for (int i = 0; i < 5; i++) install(signals[i], on_exception, SA_ONSTACK);
  for (const struct Case* c = __start_gantry_cases; c < __stop_gantry_cases; c++) {
    run(c);
    if (strncmp(c->name, "Intel: ", 7) == 0) gantry_run_case(__start_gantry_cases->code);
  }
}
