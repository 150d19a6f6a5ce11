#include "tests/insn/paged_machine.h"

#include <sys/mman.h>

#include <csignal>

#include "emulator/base/check.h"
#include "emulator/interp/eval.h"
#include "emulator/x86/decoder.h"

namespace gantry::test {
namespace {

guest::Cpu* running = nullptr;

void on_fault(int signal, siginfo_t* info, void*) {
  if (!running) {
    std::signal(signal, SIG_DFL);
    return;
  }
  guest::raise(*running, {.vector = guest::Vector::kPageFault,
                          .address = reinterpret_cast<u64>(info->si_addr),
                          .host_signal = signal,
                          .host_code = info->si_code});
}

struct sigaction old_segv, old_bus;

void install_handler() {
  struct sigaction action{};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSEGV, &action, &old_segv);
  sigaction(SIGBUS, &action, &old_bus);
}

}  // namespace

PagedMachine::PagedMachine(unsigned pages) {
  install_handler();
  // Large enough that its inner pages are the host's pages too.
  u64 size = (pages + 2) * kPage;
  void* at = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(at != MAP_FAILED);
  data_ = reinterpret_cast<u64>(at) + kPage;
  data_end_ = data_ + pages * kPage;
  CHECK(mprotect(reinterpret_cast<void*>(data_), pages * kPage, PROT_READ | PROT_WRITE) == 0);
  cpu.rip = kRip;
}

PagedMachine::~PagedMachine() {
  sigaction(SIGSEGV, &old_segv, nullptr);
  sigaction(SIGBUS, &old_bus, nullptr);
  munmap(reinterpret_cast<void*>(data_ - kPage), data_end_ - data_ + 2 * kPage);
}

bool PagedMachine::run(std::initializer_list<u8> bytes) {
  x86::Insn insn;
  CHECK(x86::decode({bytes.begin(), bytes.size()}, kRip, insn) == x86::DecodeStatus::kOk);
  std::jmp_buf recovery;
  bool completed = false;
  cpu.rip = kRip;
  running = &cpu;
  if (!setjmp(recovery)) {
    cpu.recovery = &recovery;
    interp::handler_for(insn)(cpu, insn);
    if (!insn.ends_block) cpu.rip = insn.next_rip();
    completed = true;
  }
  running = nullptr;
  cpu.recovery = nullptr;
  return completed;
}

}  // namespace gantry::test
