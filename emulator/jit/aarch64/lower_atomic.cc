// Locked operations. Each is one atomic instruction (FEAT_LSE) or a loop that stores exclusively,
// and orders all accesses before it against all after it, as LOCK does (SDM vol. 3, section 9.1).
// Memory that nobody else sees is simply loaded and stored: signals come between instructions.
//
// What may fault writes scratch registers alone, or is the one instruction that does all.
#include "emulator/base/bits.h"
#include "emulator/guest/memory.h"
#include "emulator/jit/aarch64/branch.h"
#include "emulator/jit/aarch64/lowering.h"

namespace gantry::aarch64 {
namespace {

using guest::Rmw;

constexpr unsigned kHostZ = 30;

// to := what the operation makes of old. `old` is zero-extended, `to` need not be.
void apply(Assembler& a, Rmw operation, X to, X old, X value) {
  switch (operation) {
    case Rmw::kExchange:
      return a.mov(8, to, value);
    case Rmw::kAdd:
      return a.add(8, to, old, value);
    case Rmw::kSub:
      return a.sub(8, to, old, value);
    case Rmw::kAnd:
      return a.and_(8, to, old, value);
    case Rmw::kOr:
      return a.orr(8, to, old, value);
    case Rmw::kXor:
      return a.eor(8, to, old, value);
  }
}

// The same as one instruction. It is a barrier for all that comes before and after (Arm ARM,
// B2.3.7, "Barrier-ordered-before").
void apply_atomically(Assembler& a, Rmw operation, unsigned width, X old, X value, X address) {
  constexpr Order kFull = kAcquireRelease;
  switch (operation) {
    case Rmw::kExchange:
      return a.swp(width, kFull, value, old, address);
    case Rmw::kAdd:
      return a.ldadd(width, kFull, value, old, address);
    case Rmw::kSub:
      a.neg(8, kScratch2, value);
      return a.ldadd(width, kFull, kScratch2, old, address);
    case Rmw::kAnd:
      a.mvn(8, kScratch2, value);
      return a.ldclr(width, kFull, kScratch2, old, address);
    case Rmw::kOr:
      return a.ldset(width, kFull, value, old, address);
    case Rmw::kXor:
      return a.ldeor(width, kFull, value, old, address);
  }
}

// Loads into scratch register 1 and stores what change() puts into scratch register 2: exclusively
// until that succeeds, unless `failed`, which tells it, is no register.
template <typename F>
void update(Assembler& a, unsigned width, X at, X failed, F change) {
  if (failed == kZr) {
    a.ldr(width, kScratch1, {at});
    change();
    return a.str(width, kScratch2, {at});
  }
  Label again;
  a.bind(again);
  a.ldaxr(width, kScratch1, at);
  change();
  a.stlxr(width, failed, kScratch2, at);
  a.cbnz(4, failed, again);
  a.dmb(kIsh);
}

// to := 0 when the `width` bytes are equal.
void compare(Assembler& a, unsigned width, X to, X left, X right) {
  a.eor(width == 8 ? 8 : 4, to, left, right);
  if (width < 4) a.and_(4, to, to, width_mask(width));
}

}  // namespace

// A register for the operation at hand alone; what it uses besides has its registers already.
X Lowering::temporary() {
  u32 available = free_ & ~locked_;
  u8 reg = available ? static_cast<u8>(std::countr_zero(available)) : evict(false);
  free_ |= 1u << reg;
  locked_ |= 1u << reg;
  return X{reg};
}

// The register that sum_address() leaves an address in.
X Lowering::sum_register(const Address& address) {
  bool is_register = !address.has_index && address.displacement == 0 && address.base.code != 31;
  return is_register ? address.base : kScratch0;
}

X Lowering::sum_address(Assembler& a, const Address& address) {
  X base = address.base;
  s64 displacement = address.displacement;
  if (base.code == 31) {
    a.mov(8, kScratch0, static_cast<u64>(displacement));
    base = kScratch0;
    displacement = 0;
  }
  if (address.has_index) {
    add_index(a, base, address);
    base = kScratch0;
  }
  if (displacement == 0) return base;
  u64 magnitude = static_cast<u64>(displacement < 0 ? -displacement : displacement);
  if (!encode_add_immediate(magnitude)) {
    a.mov(8, kScratch1, static_cast<u64>(displacement));
    a.add(8, kScratch0, base, kScratch1);
  } else {
    displacement < 0 ? a.sub(8, kScratch0, base, magnitude) : a.add(8, kScratch0, base, magnitude);
  }
  return kScratch0;
}

// What the host cannot do at once is left to the interpreter: an access that is not aligned, or
// with FEAT_LSE2 one that is not within 16 aligned bytes. Prepends the computation of the address.
void Lowering::check_atomic_address(const Address& address, unsigned width) {
  bool within_16 = !demands_.shared || (features().lse && features().lse2);
  u32 branch = within_16 ? kTbz | 1u << 31 | 31u << 19 : kCbnz64;
  if (width != 1) step_if(branch | kScratch1.code);
  sequence([&](Assembler& a) {
    X at = sum_address(a, address);
    if (width == 1) return;
    a.and_(8, kScratch1, at, within_16 ? 15 : width - 1u);
    if (within_16) a.sub(8, kScratch1, kScratch1, 17 - width);
  });
}

void Lowering::lower_rmw() {
  const Inst& i = inst(at_);
  unsigned w = i.width;
  auto operation = static_cast<Rmw>(i.aux);
  bool wanted = is_wanted(at_);
  X to = result();
  X value = use(i.arg[1], w);
  Address address = match_address(i.arg[0]);
  X at = sum_register(address);
  if (demands_.shared && features().lse) {
    sequence([&](Assembler& a) { apply_atomically(a, operation, w, to, value, at); });
    return check_atomic_address(address, w);
  }
  X failed = demands_.shared ? temporary() : kZr;
  sequence([&](Assembler& a) {
    update(a, w, at, failed, [&] { apply(a, operation, kScratch2, kScratch1, value); });
    if (wanted) a.mov(8, to, kScratch1);
  });
  check_atomic_address(address, w);
}

// One that fails is no barrier. It is repeated after one: then it is ordered like one that stores.
void Lowering::swap_compared(Assembler& a, unsigned w, X expected, X desired, X at) {
  Label done;
  a.mov(8, kScratch1, expected);
  a.cas(w, kAcquireRelease, kScratch1, desired, at);
  compare(a, w, kScratch2, kScratch1, expected);
  a.cbz(8, kScratch2, done);
  a.dmb(kIsh);
  a.mov(8, kScratch1, expected);
  a.cas(w, kAcquireRelease, kScratch1, desired, at);
  a.bind(done);
}

// Memory is written in any case (SDM vol. 2, CMPXCHG): with what was there when it differs.
void Lowering::lower_compare_exchange() {
  const Inst& i = inst(at_);
  unsigned w = i.width;
  bool wanted = is_wanted(at_);
  X to = result();
  X expected = use(i.arg[1], w), desired = use(i.arg[2], w);
  Address address = match_address(i.arg[0]);
  X at = sum_register(address);
  bool lse = demands_.shared && features().lse;
  X failed = demands_.shared && !lse ? temporary() : kZr;
  sequence([&](Assembler& a) {
    if (lse) {
      swap_compared(a, w, expected, desired, at);
    } else {
      update(a, w, at, failed, [&] {
        Label equal, chosen;
        compare(a, w, kScratch2, kScratch1, expected);
        a.cbz(8, kScratch2, equal);
        a.mov(8, kScratch2, kScratch1);
        a.b(chosen);
        a.bind(equal);
        a.mov(8, kScratch2, desired);
        a.bind(chosen);
      });
    }
    if (wanted) a.mov(8, to, kScratch1);
  });
  check_atomic_address(address, w);
}

// The first of two consecutive registers, as temporary(); none when there are no such.
std::optional<X> Lowering::temporary_pair() {
  constexpr u32 kEven = 0x55555555;
  u32 available = free_ & ~locked_;
  available &= available >> 1 & kEven;
  if (available == 0) return std::nullopt;
  auto reg = static_cast<u8>(std::countr_zero(available));
  locked_ |= 3u << reg;
  return X{reg};
}

namespace {

constexpr X kRaxHost = guest_gpr(guest::kRax), kRdxHost = guest_gpr(guest::kRdx);
constexpr X kRbxHost = guest_gpr(guest::kRbx), kRcxHost = guest_gpr(guest::kRcx);

// low := 0 when the scratch registers hold RDX:RAX.
void compare_pair(Assembler& a, X low, X high) {
  a.eor(8, low, kScratch0, kRaxHost);
  a.eor(8, high, kScratch1, kRdxHost);
  a.orr(8, low, low, high);
}

void swap_pair_compared(Assembler& a, X low, X high, X at) {
  a.mov(8, kScratch0, kRaxHost);
  a.mov(8, kScratch1, kRdxHost);
  a.mov(8, low, kRbxHost);
  a.mov(8, high, kRcxHost);
  a.dmb(kIsh);
  a.casp(8, kAcquireRelease, kScratch0, low, at);
  compare_pair(a, low, high);
}

void swap_pair_exclusively(Assembler& a, X low, X high, X at) {
  Label again, equal, stored;
  a.bind(again);
  a.ldaxp(8, kScratch0, kScratch1, at);
  compare_pair(a, low, high);
  a.cbz(8, low, equal);
  a.stlxp(8, kScratch2, kScratch0, kScratch1, at);
  a.b(stored);
  a.bind(equal);
  a.stlxp(8, kScratch2, kRbxHost, kRcxHost, at);
  a.bind(stored);
  a.cbnz(4, kScratch2, again);
  a.dmb(kIsh);
}

}  // namespace

// CMPXCHG16B: RDX:RAX against memory, from RCX:RBX. The address is aligned.
void Lowering::lower_compare_exchange_16(Value address) {
  X at = use(address);
  auto pair = features().lse ? temporary_pair() : std::nullopt;
  X low = pair ? *pair : temporary();
  X high = pair ? X{static_cast<u8>(low.code + 1)} : temporary();
  bool sets_flag = live_ & kFlagZ;
  live_ &= static_cast<u8>(~kFlagZ);
  sequence([&](Assembler& a) {
    pair ? swap_pair_compared(a, low, high, at) : swap_pair_exclusively(a, low, high, at);
    if (sets_flag) {
      a.mrs(high, SystemRegister::kNzcv);
      a.clz(8, low, low);
      a.lsr(8, low, low, 6);
      a.bfi(8, high, low, kHostZ, 1);
      a.msr(SystemRegister::kNzcv, high);
    }
    a.mov(8, kRaxHost, kScratch0);
    a.mov(8, kRdxHost, kScratch1);
  });
}

}  // namespace gantry::aarch64
