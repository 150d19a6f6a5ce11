// XSAVE and its kin at what random states seldom hit: page faults, headers, what stays as it was.
// The expectations are what a Sapphire Rapids does.
#include "emulator/guest/xsave.h"

#include <string>

#include "tests/insn/machine.h"

namespace gantry::test {
namespace {

using guest::kAvxState, guest::kSseState, guest::kX87State;
using guest::XsaveImage;

constexpr u64 kAll = kX87State | kSseState | kAvxState;

enum class Form { kXsave, kXsaveopt, kXsavec, kXrstor };

class XsaveMachine : public Machine {
 public:
  XsaveMachine() {
    std::memset(reinterpret_cast<void*>(kData), 0xcc, oracle::kDataSize);
    area().header = {};
    (*this)[kRdi] = kData;
  }

  // The instruction's 64-bit form on [rdi].
  std::optional<Vector> execute_form(Form form, u64 components, Where where = Where::current()) {
    // Bytes after REX: opcode and ModRM.
    constexpr u8 kForms[][2] = {{0xae, 0x27}, {0xae, 0x37}, {0xc7, 0x27}, {0xae, 0x2f}};
    const auto& form_bytes = kForms[static_cast<unsigned>(form)];
    const u8 bytes[] = {0x48, 0x0f, form_bytes[0], form_bytes[1]};
    (*this)[kRax] = components & 0xffffffff;
    (*this)[kRdx] = components >> 32;
    return execute(bytes, where);
  }
  void run_form(Form form, u64 components, Where where = Where::current()) {
    EXPECT_EQ(execute_form(form, components, where), std::nullopt);
  }

  XsaveImage& area() { return *reinterpret_cast<XsaveImage*>(kData); }

  // "[24,32) [160,416)": the bytes that are no longer 0xcc, the header aside.
  std::string written() {
    std::string text;
    const u8* bytes = reinterpret_cast<const u8*>(kData);
    for (unsigned i = 0; i < sizeof(XsaveImage);) {
      unsigned start = i;
      while (i < sizeof(XsaveImage) && bytes[i] != 0xcc && (i < 512 || i >= 576)) i++;
      if (i > start) text += "[" + std::to_string(start) + "," + std::to_string(i) + ") ";
      if (i == start) i++;
    }
    return text;
  }

  void fill_all() {
    cpu.x87.st[3] = {u64{1} << 63, 0x3fff};
    cpu.x87.valid = 8;
    cpu.xmm[4] = {1, 2};
    cpu.ymm_high[5] = {3, 4};
  }
};

TEST(Xsave, WritesWhatIsRequested) {
  const char* expected[] = {"",
                            "[0,24) [32,160) ",
                            "[24,32) [160,416) ",
                            "[0,416) ",
                            "[24,32) [576,832) ",
                            "[0,160) [576,832) ",
                            "[24,32) [160,416) [576,832) ",
                            "[0,416) [576,832) "};
  for (u64 wanted = 0; wanted < 8; wanted++) {
    XsaveMachine m;
    m.run_form(Form::kXsave, wanted | u64{1} << 40);
    EXPECT_EQ(m.written(), expected[wanted]) << wanted;
    EXPECT_EQ(m.area().header.components, 0u);
    EXPECT_EQ(m.area().header.layout, 0u);
  }
}

TEST(Xsave, EachMaskOfEachFormWhenAllIsInUse) {
  for (Form form : {Form::kXsave, Form::kXsaveopt, Form::kXsavec}) {
    for (u64 wanted = 0; wanted < 8; wanted++) {
      XsaveMachine m;
      m.fill_all();
      m.run_form(form, wanted);
      EXPECT_EQ(m.area().header.components, wanted);
      EXPECT_EQ(m.area().header.layout, form == Form::kXsavec ? guest::kCompacted | wanted : 0);
    }
  }
}

TEST(Xrstor, EachMaskOfBothLayouts) {
  for (u64 layout : {u64{0}, guest::kCompacted | kAll}) {
    for (u64 wanted = 0; wanted < 8; wanted++) {
      XsaveMachine m;
      m.fill_all();
      m.area().legacy.mxcsr = 0x1fc0;
      m.area().header = {kAll, layout, {}};
      m.run_form(Form::kXrstor, wanted);
      constexpr V128 kLoaded = {0xcccccccccccccccc, 0xcccccccccccccccc};
      EXPECT_EQ(m.cpu.x87.valid == 0xcc, bool(wanted & kX87State)) << wanted;
      EXPECT_EQ(m.cpu.xmm[4] == kLoaded, bool(wanted & kSseState)) << wanted;
      EXPECT_EQ(m.cpu.ymm_high[5] == kLoaded, bool(wanted & kAvxState)) << wanted;
    }
  }
}

TEST(Xsaveopt, OmitsWhatIsInitialButMxcsr) {
  XsaveMachine m;
  m.run_form(Form::kXsaveopt, kAll);
  EXPECT_EQ(m.written(), "[24,32) ");
  m.cpu.ymm_high[15].hi = 1;
  m.run_form(Form::kXsaveopt, kAll);
  EXPECT_EQ(m.written(), "[24,32) [576,832) ");
  EXPECT_EQ(m.area().header.components, kAvxState);
}

TEST(Xsavec, AlwaysHasSse) {
  XsaveMachine m;
  m.run_form(Form::kXsavec, kAll);
  EXPECT_EQ(m.written(), "[24,32) [160,416) ");
  EXPECT_EQ(m.area().header.components, kSseState);
  EXPECT_EQ(m.area().header.layout, guest::kCompacted | kAll);
}

TEST(Xsavec, LeavesMxcsrToSse) {
  XsaveMachine m;
  m.fill_all();
  m.run_form(Form::kXsavec, kAvxState);
  EXPECT_EQ(m.written(), "[576,832) ");
}

TEST(Xsave, KeepsTheRestOfTheHeader) {
  XsaveMachine m;
  std::memset(&m.area().header, 0xcc, sizeof m.area().header);
  m.cpu.xmm[0].lo = 1;
  m.run_form(Form::kXsave, kAll);
  EXPECT_EQ(m.area().header.components, 0xcccccccccccccccau);
  EXPECT_EQ(m.area().header.layout, 0xccccccccccccccccu);
  m.run_form(Form::kXsavec, kAll);
  EXPECT_EQ(m.area().header.components, kSseState);
  EXPECT_EQ(m.area().header.reserved[0], 0xccccccccccccccccu);
}

TEST(Xsave, RestoreGivesBackEverything) {
  for (Form form : {Form::kXsave, Form::kXsaveopt, Form::kXsavec}) {
    XsaveMachine m;
    m.fill_all();
    m.cpu.mxcsr = 0x9fc0;
    m.run_form(form, kAll);
    guest::Cpu saved = m.cpu;
    guest::reset_state(m.cpu, kAll);
    m.cpu.xmm[9].hi = m.cpu.ymm_high[9].lo = 7;
    m.cpu.mxcsr = 0x1f80;
    m.run_form(Form::kXrstor, kAll);
    EXPECT_EQ(m.cpu.x87.st[3], saved.x87.st[3]);
    EXPECT_EQ(m.cpu.x87.valid, saved.x87.valid);
    for (int n = 0; n < 16; n++) EXPECT_EQ(m.cpu.xmm[n], saved.xmm[n]) << n;
    for (int n = 0; n < 16; n++) EXPECT_EQ(m.cpu.ymm_high[n], saved.ymm_high[n]) << n;
    EXPECT_EQ(m.cpu.mxcsr, 0x9fc0u);
  }
}

TEST(Xrstor, InitialisesWhatTheImageLacks) {
  XsaveMachine m;
  m.fill_all();
  m.area().header.components = kX87State;
  m.area().legacy = {};
  m.area().legacy.control = 0x37f;
  m.area().legacy.mxcsr = 0x1fc0;
  m.run_form(Form::kXrstor, kSseState | kAvxState);
  EXPECT_EQ(guest::state_in_use(m.cpu), kX87State);
  EXPECT_EQ(m.cpu.mxcsr, 0x1fc0u);
  m.area().header.layout = guest::kCompacted | kAll;
  m.run_form(Form::kXrstor, kAvxState);
  EXPECT_EQ(m.cpu.mxcsr, 0x1fc0u);
  m.run_form(Form::kXrstor, kAll);
  EXPECT_EQ(m.cpu.mxcsr, 0x1f80u);
}

struct BadHeader {
  const char* what;
  guest::XsaveHeader header;
};

TEST(Xrstor, ChecksTheHeader) {
  constexpr u64 kCompact = guest::kCompacted;
  const BadHeader cases[] = {
      {"a component that is not enabled", {8, 0, {}}},
      {"XSTATE_BV[63]", {kCompact, 0, {}}},
      {"XCOMP_BV without bit 63", {0, 1, {}}},
      {"bytes 16 to 23", {0, 0, {1}}},
      {"a component without space", {7, kCompact | 3, {}}},
      {"space for what is not enabled", {0, kCompact | 0x100, {}}},
      {"XCOMP_BV[62]", {0, kCompact | u64{1} << 62, {}}},
      {"reserved bytes, compacted", {0, kCompact | 7, {0, 0, 0, 0, 0, 1}}},
  };
  for (const BadHeader& bad : cases) {
    XsaveMachine m;
    m.fill_all();
    m.area().legacy.mxcsr = 0;
    m.area().header = bad.header;
    EXPECT_EQ(m.execute_form(Form::kXrstor, kAll), Vector::kGeneralProtection) << bad.what;
    EXPECT_EQ(guest::state_in_use(m.cpu), kAll) << bad.what;
  }
  XsaveMachine m;
  m.area().legacy.mxcsr = 0x1f80;
  m.area().header.reserved[5] = 1;  // which the standard form ignores
  m.run_form(Form::kXrstor, kAll);
}

TEST(Xrstor, ChecksMxcsrWhereItIsLoaded) {
  XsaveMachine m;
  m.area().legacy.mxcsr = 0x10000;
  m.run_form(Form::kXrstor, kX87State);
  EXPECT_EQ(m.execute_form(Form::kXrstor, kAvxState), Vector::kGeneralProtection);
  m.area().header = {0, guest::kCompacted | kAll, {}};
  m.run_form(Form::kXrstor, kAll);
  // Some CPUs have loaded the XMM registers by then, so what they load is what is there.
  for (V128& xmm : m.cpu.xmm) xmm = {0xcccccccccccccccc, 0xcccccccccccccccc};
  m.area().header.components = kSseState;
  EXPECT_EQ(m.execute_form(Form::kXrstor, kSseState), Vector::kGeneralProtection);
}

TEST(Xsave, AddressIsAligned) {
  for (Form form : {Form::kXsave, Form::kXsaveopt, Form::kXsavec, Form::kXrstor}) {
    XsaveMachine m;
    m[kRdi] += 16;
    EXPECT_EQ(m.execute_form(form, 0), Vector::kGeneralProtection);
  }
}

struct PageFault {
  Form form;
  u64 components;
  int from_end;    // where the area begins, from the end (negative) or the start of the pages
  int fault_from;  // the address that faults, from the same
};

// Processors look at the last byte of the area first, then at each component's first.
TEST(Xsave, PageFaultsNameTheByte) {
  const PageFault cases[] = {
      {Form::kXsave, kAll, -576, 255},
      {Form::kXsave, 0, -512, 63},
      {Form::kXsavec, kAvxState, -576, 255},
      {Form::kXrstor, kAll, -576, 255},
  };
  for (const PageFault& c : cases) {
    XsaveMachine m;
    u64 end = c.form == Form::kXrstor ? kUnmapped : kReadOnly;
    m[kRdi] = end + static_cast<u64>(c.from_end);
    std::memset(reinterpret_cast<void*>(kReadOnly - 64), 0, 64);
    EXPECT_EQ(m.execute_form(c.form, c.components), Vector::kPageFault);
    EXPECT_EQ(m.cpu.fault.address, end + static_cast<u64>(c.fault_from));
  }
}

TEST(Xsave, PageFaultBeforeTheHeader) {
  const PageFault cases[] = {
      {Form::kXsave, kAll, -512, -512},       {Form::kXsave, kAvxState, -512, -488},
      {Form::kXsave, kSseState, -64, -40},    {Form::kXsaveopt, kX87State, -64, -64},
      {Form::kXsavec, kSseState, -256, -232}, {Form::kXrstor, kSseState, -512, -488},
      {Form::kXrstor, kAvxState, -512, -488}, {Form::kXrstor, kAll, -256, -256},
  };
  for (const PageFault& c : cases) {
    XsaveMachine m;
    u64 start = kData;
    m[kRdi] = start + static_cast<u64>(c.from_end);
    std::memset(reinterpret_cast<void*>(start), 0, 1024);
    EXPECT_EQ(m.execute_form(c.form, c.components), Vector::kPageFault);
    EXPECT_EQ(m.cpu.fault.address, start + static_cast<u64>(c.fault_from));
  }
}

// What is not requested is not touched.
TEST(Xsave, NeedsOnlyWhatIsRequested) {
  for (auto [form, components] :
       {std::pair{Form::kXsave, u64{0}}, {Form::kXsavec, kAvxState}, {Form::kXrstor, u64{0}}}) {
    XsaveMachine m;
    m[kRdi] = kData - 512;
    std::memset(reinterpret_cast<void*>(kData), 0, 64);
    m.run_form(form, components);
  }
}

TEST(Xgetbv, Xcr0AndWhatIsInUse) {
  XsaveMachine m;
  m[kRcx] = 0;
  m.run({0x0f, 0x01, 0xd0});
  EXPECT_EQ(m[kRax], kAll);
  EXPECT_EQ(m[kRdx], 0u);
  m[kRcx] = 1;
  m.run({0x0f, 0x01, 0xd0});
  EXPECT_EQ(m[kRax], kSseState);
  m.cpu.ymm_high[0].lo = 1;
  m.run({0x0f, 0x01, 0xd0});
  EXPECT_EQ(m[kRax], kSseState | kAvxState);
  m[kRcx] = 2;
  EXPECT_EQ(m.fault({0x0f, 0x01, 0xd0}), Vector::kGeneralProtection);
}

TEST(Xsetbv, IsPrivileged) {
  XsaveMachine m;
  EXPECT_EQ(m.fault({0x0f, 0x01, 0xd1}), Vector::kGeneralProtection);
}

}  // namespace
}  // namespace gantry::test
