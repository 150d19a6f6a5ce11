// What the emulator says when it dies itself.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csetjmp>
#include <cstring>
#include <memory>

#include "emulator/base/check.h"
#include "emulator/jit/backend.h"
#include "emulator/x86/decoder.h"
#include "runtime/core/report.h"
#include "runtime/linux/syscall.h"
#include "runtime/signals/handlers.h"

namespace gantry::runtime {
namespace {

// inc rcx; ud2
constexpr u8 kGuestCode[16] = {0x48, 0xff, 0xc1, 0x0f, 0x0b};

// A thread of a guest that has called getpid() and is at kGuestCode.
class Crash : public testing::Test {
 protected:
  Crash() {
    testing::FLAGS_gtest_death_test_style = "fast";
    process_.file_name = "/bin/guest";
    auto memory = AddressSpace::create(static_cast<u64>(sysconf(_SC_PAGESIZE)));
    EXPECT_TRUE(memory);
    memory_.reset(*memory);
    process_.memory = memory_.get();
    task_.process = &process_;
    set_current_task(&task_);
    install_fault_handlers();
    prepare_reports("1.2.3", process_.settings);
    constexpr u64 kGetpid = 39;
    task_.cpu.gpr[guest::kRax] = kGetpid;
    dispatch_syscall(task_);
    task_.cpu.rip = reinterpret_cast<u64>(kGuestCode);
    task_.cpu.gpr[guest::kRbx] = 0x1234567;
  }
  ~Crash() override { set_current_task(nullptr); }

  std::unique_ptr<AddressSpace> memory_;
  Process process_;
  Task task_;
};

constexpr const char* kGuestPart =
    "guest: /bin/guest .process [0-9]+.*  at 0x[0-9a-f]+: .*crash_test \\+ 0x"
    ".*  code 48 ff c1 0f 0b.* rbx=0000000001234567.*rip="
    ".*last system calls.*getpid\\(.*\\) = [0-9]+"
    ".*gantry-x64 1\\.2\\.3 on .*please report";

TEST_F(Crash, AFaultOfTheEmulatorSaysWhereItAndTheGuestAre) {
  volatile u64 nowhere = 8;
  auto fault = [&] { *reinterpret_cast<volatile int*>(nowhere) = 0; };
  std::string host =
      "internal error: signal 11 .SEGV., code 1, address 0x8, at 0x[0-9a-f]+"
      ".*  host 0x[0-9a-f]+: .*crash_test.*for addr2line.*";
  EXPECT_EXIT(fault(), testing::KilledBySignal(SIGSEGV), host + kGuestPart);
}

TEST_F(Crash, AnIllegalInstructionIsReportedWhateverTheGuestWants) {
  process_.signals.actions[SIGILL].handler = 0x1000;
  install_action(SIGILL, process_.signals.actions[SIGILL]);
#if defined(__x86_64__)
  auto execute = [] { asm volatile("ud2"); };
#elif defined(__aarch64__)
  auto execute = [] { asm volatile("udf #0"); };
#else
  auto execute = [] { asm volatile(".4byte 0"); };
#endif
  EXPECT_EXIT(execute(), testing::KilledBySignal(SIGILL),
              std::string("internal error: signal 4 .ILL..*for addr2line.*") + kGuestPart);
}

TEST_F(Crash, AFailedCheckIsReported) {
  EXPECT_EXIT(CHECK(kGuestCode[0] == 0), testing::KilledBySignal(SIGABRT),
              std::string("CHECK failed: kGuestCode\\[0\\] == 0.*") + kGuestPart);
}

TEST_F(Crash, AGuestThatIsNowhereIsReported) {
  task_.cpu.rip = 0x10;
  EXPECT_EXIT(CHECK(false), testing::KilledBySignal(SIGABRT),
              "  at 0x10: not mapped.*please report");
}

#if defined(__aarch64__)

// The translation of kGuestCode, whose INC was overwritten with a word that is no instruction.
const void* make_wrong_unit() {
  x86::Insn insn;
  EXPECT_EQ(x86::decode(kGuestCode, reinterpret_cast<u64>(kGuestCode), insn),
            x86::DecodeStatus::kOk);
  EXPECT_TRUE(jit::prepare({}));
  jit::Block block{insn.rip, {&insn, 1}};
  jit::Entry entry;
  EXPECT_EQ(jit::compile({&block, 1}, {&entry, 1}, 1), jit::Outcome::kDone);
  auto* code = static_cast<char*>(const_cast<void*>(entry.after_poll()));
  std::memset(code, 0, 4);
  __builtin___clear_cache(code, code + 4);
  return entry.code;
}

TEST_F(Crash, WrongCodeIsShownWithTheInstructionThatItBelongsTo) {
  const void* code = make_wrong_unit();
  task_.cpu.rip = 0;
  std::jmp_buf recovery;
  task_.cpu.recovery = &recovery;
  std::string host =
      "signal 4 .ILL..*in the translation of guest code at 0x[0-9a-f]+: unit .*"
      "  > 0x[0-9a-f]+: 00000000  udf #0\n.*";
  std::string instruction = "  code 48 ff c1 0f 0b [0 ]*inc rcx";
  EXPECT_EXIT(jit::enter(task_.cpu, code), testing::KilledBySignal(SIGILL), host + kGuestPart);
  EXPECT_EXIT(jit::enter(task_.cpu, code), testing::KilledBySignal(SIGILL), host + instruction);
}

#endif

}  // namespace
}  // namespace gantry::runtime
