// Random functions of several blocks: flags, registers and memory that live across branches, loops,
// calls and returns, and are read in one block after another has left them. The program makes them
// itself, so that the CPU that it runs on says what they do. A line for each function: a hash of
// what it left in many runs. What an instruction leaves undefined is never read.
//
// random [SEED [FUNCTIONS [ONE]]]: other functions, more of them, and all runs of one.
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { kRuns = 60, kMaxBlocks = 12, kSubroutines = 4, kCodeBytes = 1 << 23 };

// What a function works on; R15 points to it.
struct State {
  uint8_t memory[0x800];
  int64_t counters[32];  // of loops
  uint64_t gpr[16];
  uint64_t flags;
  void* table[7];  // subroutines
  uint8_t unused[64];
  uint64_t xmm[16][2];
};
enum { kCounters = 0x800, kGprs = 0x900, kFlags = 0x980, kTable = 0x988, kXmms = 0xa00 };
_Static_assert(offsetof(struct State, xmm) == kXmms, "as the code has it");

enum { kRax, kRcx, kRdx, kRbx, kRsp, kRbp, kRsi, kRdi, kR12 = 12, kIndex, kLoop, kBase };

static uint64_t random_state;
static uint64_t next(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state * 0x2545f4914f6cdd1d;
}
static unsigned below(unsigned limit) { return (unsigned)(next() >> 33) % limit; }
static int one_in(unsigned n) { return below(n) == 0; }

// Numbers as programs have them.
static uint64_t number(void) {
  static const uint64_t kEdges[] = {0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffffffff};
  switch (below(5)) {
    case 0:
      return kEdges[below(9)];
    case 1:
      return -kEdges[below(9)];
    case 2:
      return 0x8000000000000000 >> below(64);
    case 3:
      return next() >> below(64);
    default:
      return next();
  }
}

// --- code

static uint8_t* at;
static void byte(unsigned value) { *at++ = (uint8_t)value; }
static void bytes(uint64_t value, unsigned count) {
  memcpy(at, &value, count);
  at += count;
}

// A register that random code may use, four of them more often so that they meet, and a width.
static unsigned any_gpr(void) {
  static const uint8_t kRegs[] = {kRax, kRcx, kRdx, kRbx, kRbp, kRsi, kRdi, 8, 9, 10, 11, kR12};
  return kRegs[below(one_in(3) ? 12 : 4)];
}
static unsigned any_width(void) {
  static const uint8_t kWidths[] = {1, 2, 4, 4, 4, 8, 8, 8};
  return kWidths[below(8)];
}

// Prefixes and the opcode. Bit 0 of most opcodes tells bytes from the other widths; 0x100 and above
// have the escape 0F.
static void opcode(unsigned width, unsigned code, unsigned reg, unsigned index, unsigned rm) {
  if (width == 2) byte(0x66);
  byte(0x40 | (width == 8) << 3 | reg >> 3 << 2 | index >> 3 << 1 | rm >> 3);
  if (code >= 0x100) byte(0x0f);
  byte(code);
}
static unsigned sized(unsigned width, unsigned code) { return code | (width > 1); }

static void with_gpr(unsigned width, unsigned code, unsigned reg, unsigned rm) {
  opcode(width, code, reg, 0, rm);
  byte(0xc0 | (reg & 7) << 3 | (rm & 7));
}
// [R15 + offset], or with an index that has been made before.
static void with_memory(unsigned width, unsigned code, unsigned reg, unsigned offset) {
  opcode(width, code, reg, 0, kBase);
  byte(0x80 | (reg & 7) << 3 | (kBase & 7));
  bytes(offset, 4);
}
static void with_indexed(unsigned width, unsigned code, unsigned reg, unsigned offset) {
  opcode(width, code, reg, kIndex, kBase);
  byte(0x84 | (reg & 7) << 3);
  byte(below(2) << 6 | (kIndex & 7) << 3 | (kBase & 7));
  bytes(offset, 4);
}
// LEA; never of the state, whose address is another one in each process.
static void load_address(void) {
  unsigned base = any_gpr(), index = any_gpr();
  unsigned width = one_in(4) ? 4 : 8, reg = any_gpr();
  opcode(width, 0x8d, reg, index, base);
  byte(0x84 | (reg & 7) << 3);
  byte(below(4) << 6 | (index & 7) << 3 | (base & 7));
  bytes(number(), 4);
}
// A register or memory.
static void with_any(unsigned width, unsigned code, unsigned reg) {
  unsigned offset = below(0x400) & -(one_in(4) ? 1 : width);
  switch (below(5)) {
    case 0:
      return with_memory(width, code, reg, offset);
    case 1:
      with_gpr(4, 0x1b6, kIndex, any_gpr());  // MOVZX, of a byte
      return with_indexed(width, code, reg, offset);
    default:
      return with_gpr(width, code, reg, any_gpr());
  }
}

// --- flags

enum { kCf = 1, kPf = 4, kAf = 0x10, kZf = 0x40, kSf = 0x80, kOf = 0x800, kAll = 0x8d5 };
static unsigned undefined;  // those that must not be read

static void writes(unsigned defined, unsigned left_undefined) {
  undefined = (undefined & ~defined) | left_undefined;
}
static int can_read(unsigned flags) { return !(undefined & flags); }
static void define_flags(void) {
  if (undefined) with_gpr(8, one_in(2) ? 0x01 : 0x39, any_gpr(), any_gpr());  // ADD, CMP
  undefined = 0;
}

// A condition that may be read; the opcode's low bits.
static unsigned any_condition(void) {
  static const uint16_t kReads[] = {kOf, kCf, kZf, kCf | kZf, kSf, kPf, kSf | kOf, kSf | kOf | kZf};
  while (1) {
    unsigned condition = below(16);
    if (can_read(kReads[condition >> 1])) return condition;
    if (one_in(8)) define_flags();
  }
}

// --- instructions

enum { kOr = 1, kAdc = 2, kSbb = 3, kAnd = 4, kXor = 6, kCmp = 7 };
static void arithmetic(void) {
  unsigned width = any_width(), what = below(8), reg = any_gpr();
  if ((what == kAdc || what == kSbb) && !can_read(kCf)) what = kCmp;
  switch (below(4)) {
    case 0:
      with_gpr(width, sized(width, 0x80), what, reg);
      bytes(number(), width == 8 ? 4 : width);
      break;
    case 1:
      with_any(width, width == 1 ? 0x80 : 0x83, what);
      byte((unsigned)number());
      break;
    default:
      with_any(width, sized(width, what << 3 | below(2) << 1), reg);
  }
  int logic = what == kOr || what == kAnd || what == kXor;
  writes(kAll, logic ? kAf : 0);
}

static void test(void) {
  unsigned width = any_width();
  with_any(width, sized(width, 0x84), any_gpr());
  writes(kAll, kAf);
}

// INC, DEC, NOT, NEG
static void unary(void) {
  unsigned width = any_width(), what = below(4);
  with_any(width, sized(width, what < 2 ? 0xfe : 0xf6), what);
  if (what < 2) writes(kAll & ~kCf, 0);
  if (what == 3) writes(kAll, 0);
}

enum { kShl = 4, kShr = 5, kSar = 7 };
static void shift(void) {
  unsigned width = any_width(), what = below(8), form = below(3);
  if (what == 6) what = kShl;
  int rotates = what < 4, through_carry = what == 2 || what == 3;
  if (through_carry && !can_read(kCf)) return;
  unsigned count = form == 0 ? 1 : below(4) ? below(8) : below(64);
  with_any(width, sized(width, form == 0 ? 0xd0 : form == 1 ? 0xd2 : 0xc0), what);
  if (form == 2) byte(count);
  if (form == 1) count = 31;  // in CL: anything
  unsigned masked = count & (width == 8 ? 63 : 31);
  if (masked == 0) return;
  unsigned beyond = masked >= width * 8 && what != kSar && !rotates ? kCf : 0;
  unsigned unknown = (masked != 1 ? kOf : 0) | (rotates ? 0 : kAf) | beyond;
  // By CL flags may stay, undefined ones included.
  writes(form == 1 ? 0 : (rotates ? kCf | kOf : kAll) & ~unknown, unknown);
}

static void double_shift(void) {
  unsigned width = one_in(2) ? 4 : 8, by_cl = below(2);
  with_any(width, (one_in(2) ? 0x1a4 : 0x1ac) + by_cl, any_gpr());
  if (!by_cl) byte(1 + below(31));
  writes(by_cl ? 0 : kAll & ~(kOf | kAf), kOf | kAf);
}

static void multiply(void) {
  unsigned width = one_in(2) ? 4 : 8;
  switch (below(3)) {
    case 0:
      with_any(width, 0x1af, any_gpr());
      break;
    case 1:
      with_gpr(width, 0x6b, any_gpr(), any_gpr());
      byte((unsigned)number());
      break;
    default:
      with_any(width, 0xf7, 4 + below(2));  // MUL, IMUL
  }
  writes(kCf | kOf, kSf | kZf | kAf | kPf);
}

static void divide(void) {
  unsigned width = one_in(2) ? 4 : 8;
  with_gpr(width, 0x83, kOr, kRcx);
  byte(1 + below(100));
  with_gpr(4, 0x31, kRdx, kRdx);
  with_gpr(width, 0xf7, 6, kRcx);
  writes(0, kAll);
}

static void move(void) {
  unsigned width = any_width();
  switch (below(7)) {
    case 0:
      with_gpr(8, 0xc7, 0, any_gpr());
      return bytes(number(), 4);
    case 1:
      return with_any(4 << below(2), 0x1b6 + below(2) + 8 * below(2), any_gpr());  // MOVZX, MOVSX
    case 2:
      return with_any(8, 0x63, any_gpr());  // MOVSXD
    case 3:
      return load_address();
    default:
      return with_any(width, sized(width, 0x88 | below(2) << 1), any_gpr());
  }
}

// AH to BH, which have no number where there is a REX prefix.
static void high_byte(void) {
  static const uint8_t kOpcodes[] = {0x00, 0x28, 0x38, 0x30, 0x88, 0x86};
  unsigned code = kOpcodes[below(6)];
  byte(code);
  byte(0xc0 | below(64));
  if (code == 0x30) writes(kAll, kAf);
  if (code < 0x80 && code != 0x30) writes(kAll, 0);
}

static void conditional(void) {
  unsigned condition = any_condition();
  if (one_in(2)) return with_any(1, 0x190 | condition, 0);  // SETcc
  with_any(4 << below(2), 0x140 | condition, any_gpr());    // CMOVcc
}

static void bits(void) {
  static const uint16_t kTests[] = {0x1a3, 0x1ab, 0x1b3, 0x1bb};
  unsigned width = one_in(2) ? 4 : 8;
  switch (below(4)) {
    case 0:
      with_gpr(width, kTests[below(4)], any_gpr(), any_gpr());  // BT and others
      return writes(kCf, kOf | kSf | kAf | kPf);
    case 1:
      with_any(width, 0x1ba, 4 + below(4));
      byte(below(64));
      return writes(kCf, kOf | kSf | kAf | kPf);
    case 2:
      byte(0xf3);
      with_gpr(width, 0x1bc + below(2), any_gpr(), any_gpr());  // TZCNT, LZCNT
      return writes(kCf | kZf, kOf | kSf | kAf | kPf);
    default:
      byte(0xf3);
      with_gpr(width, 0x1b8, any_gpr(), any_gpr());  // POPCNT
      return writes(kAll, 0);
  }
}

static void exchange(void) {
  unsigned width = any_width(), reg = any_gpr();
  switch (below(4)) {
    case 0:
      return with_any(width, sized(width, 0x86), reg);  // XCHG
    case 1:
      with_any(width, sized(width, 0x1c0), reg);  // XADD
      return writes(kAll, 0);
    case 2:
      with_any(width, sized(width, 0x1b0), reg);  // CMPXCHG
      return writes(kAll, 0);
    default:
      opcode(one_in(2) ? 4 : 8, 0x1c8 | (reg & 7), 0, 0, reg);  // BSWAP
  }
}

static void push_and_pop(void) {
  unsigned from = any_gpr(), to = any_gpr();
  opcode(4, 0x50 | (from & 7), 0, 0, from);
  if (one_in(2)) move();
  opcode(4, 0x58 | (to & 7), 0, 0, to);
}

// All flags as a number: PUSHFQ and POP, or LAHF.
static void read_flags(void) {
  define_flags();
  if (one_in(2)) return byte(0x9f);
  byte(0x9c);
  unsigned to = any_gpr();
  opcode(4, 0x58 | (to & 7), 0, 0, to);
}

// CLC, STC, CMC, SAHF, CBW, CWD and their like.
static void small(void) {
  switch (below(5)) {
    case 0:
      byte(0xf8 + below(2));
      return writes(kCf, 0);
    case 1:
      if (can_read(kCf)) byte(0xf5);
      return;
    case 2:
      byte(0x9e);
      return writes(kAll & ~kOf, 0);
    default:
      return opcode(1 << (1 + below(3)), 0x98 + below(2), 0, 0, 0);
  }
}

// XMM0-7 hold integers, XMM8-11 double precision numbers.
static void vector(void) {
  static const uint8_t kOpcodes[] = {0xfc, 0xfd, 0xfe, 0xd4, 0xf8, 0xfa, 0xef, 0xdb, 0xeb, 0xdf,
                                     0x74, 0x76, 0x66, 0xda, 0x60, 0x62, 0x6c, 0x61, 0xd5, 0xf4};
  byte(0x66);
  switch (below(5)) {
    case 0:
      return with_gpr(4 << below(2), one_in(2) ? 0x16e : 0x17e, below(8), any_gpr());  // MOVD
    case 1:
      return with_gpr(4, 0x1d7, any_gpr(), below(8));  // PMOVMSKB
    case 2:
      return with_memory(4, 0x16f, below(8), below(0x40) * 16);  // MOVDQA
    default:
      return with_gpr(4, 0x100 | kOpcodes[below(20)], below(8), below(8));
  }
}

static void floating(void) {
  static const uint16_t kOpcodes[] = {0x158, 0x159, 0x15c, 0x15d, 0x15f};
  unsigned reg = 8 + below(4), other = 8 + below(4);
  switch (below(4)) {
    case 0:
      byte(0xf2);
      return with_gpr(4 << below(2), 0x12a, reg, any_gpr());  // CVTSI2SD
    case 1:
      byte(0xf2);
      return with_gpr(4 << below(2), 0x12c, any_gpr(), reg);  // CVTTSD2SI
    case 2:
      byte(0x66);
      with_gpr(4, 0x12e, reg, other);  // UCOMISD
      return writes(kAll, 0);
    default:
      byte(0xf2);
      return with_gpr(4, kOpcodes[below(5)], reg, other);
  }
}

static void any_instruction(void) {
  static void (*const kFrequent[])(void) = {arithmetic, arithmetic, arithmetic,  test,
                                            move,       move,       conditional, unary};
  static void (*const kOthers[])(void) = {
      shift,    shift,      double_shift, multiply, divide,   high_byte, bits,
      exchange, read_flags, push_and_pop, small,    floating, vector};
  if (one_in(2)) return kFrequent[below(8)]();
  kOthers[below(13)]();
}

// --- control flow

// A branch's 32-bit distance, to be set when its target is known.
static uint8_t* jump(unsigned code) {
  if (code >= 0x100) byte(0x0f);
  byte(code);
  bytes(0, 4);
  return at;
}
static void set_target(uint8_t* after, const uint8_t* target) {
  int32_t distance = (int32_t)(target - after);
  memcpy(after - 4, &distance, 4);
}

struct Block {
  const uint8_t* begin;
  uint8_t* jumps[64];  // to it, from before it
  unsigned jump_count;
  unsigned undefined;  // flags, where they come from
};
static struct Block blocks[kMaxBlocks + 1];
static const uint8_t* subroutines[kSubroutines];

static void jump_forward(unsigned code, unsigned block, unsigned count) {
  struct Block* to = &blocks[block + 1 + below(count - block)];
  to->jumps[to->jump_count++] = jump(code);
  to->undefined |= undefined;
}

// A counter in memory, whose flags decide: JG, JNS, JGE. It is decremented for ever.
static void loop_by_counter(const uint8_t* to) {
  int decrement = one_in(2);
  define_flags();
  with_memory(8, decrement ? 0xff : 0x83, decrement ? 1 : 5, kCounters + below(32) * 8);
  if (!decrement) byte(1);
  static const uint16_t kConditions[] = {0x18f, 0x189, 0x18d};
  set_target(jump(kConditions[below(3)]), to);
}

// A counter in R14, and no flag changes.
static void loop_without_flags(const uint8_t* to) {
  define_flags();
  with_gpr(8, 0x8d, kLoop, kLoop);
  at[-1] = 0x40 | (kLoop & 7) << 3 | (kLoop & 7);
  byte(0xff);
  with_gpr(8, 0x87, kRcx, kLoop);
  bytes(0x00e3, 2);  // JRCXZ
  uint8_t* leave = at;
  with_gpr(8, 0x87, kRcx, kLoop);
  set_target(jump(0xe9), to);
  leave[-1] = (uint8_t)(at - leave);
  with_gpr(8, 0x87, kRcx, kLoop);
  with_gpr(8, 0xc7, 0, kLoop);
  bytes(1, 4);
}

static void call(void) {
  define_flags();
  unsigned which = below(kSubroutines);
  if (one_in(2)) return set_target(jump(0xe8), subroutines[which]);
  with_memory(4, 0xff, 2, kTable + which * 8);
}

static void end_block(unsigned n, unsigned count) {
  switch (below(8)) {
    case 0:
    case 1:
    case 2:
      return jump_forward(0x180 | any_condition(), n, count);
    case 3:
      return loop_by_counter(blocks[below(n + 1)].begin);
    case 4:
      return loop_without_flags(blocks[below(n + 1)].begin);
    case 5:
      return call();
    case 6:
      if (one_in(4)) {
        jump_forward(0xe9, n, count);
        undefined = 0;  // nobody falls through
      }
      return;
    default:
      return;
  }
}

static void begin_block(struct Block* block) {
  for (unsigned n = 0; n < block->jump_count; n++) set_target(block->jumps[n], at);
  undefined |= block->undefined;
  block->begin = at;
}

static void body(unsigned block_count) {
  memset(blocks, 0, sizeof blocks);
  for (unsigned n = 0; n < block_count; n++) {
    begin_block(&blocks[n]);
    for (unsigned i = below(7); i > 0; i--) any_instruction();
    end_block(n, block_count);
  }
  begin_block(&blocks[block_count]);
}

static void subroutine(void) {
  undefined = 0;
  for (unsigned i = 1 + below(4); i > 0; i--) any_instruction();
  if (one_in(2)) {
    uint8_t* skip = jump(0x180 | any_condition());
    unsigned before = undefined;
    any_instruction();
    undefined |= before;
    set_target(skip, at);
  }
  define_flags();
  byte(0xc3);
}

static const unsigned kSaved[] = {kRbx, kRbp, 12, 13, 14, 15};

// All registers but RSP and R15, and the flags, from the state or to it.
static void transfer(int load) {
  for (unsigned n = 0; n < 16; n++) {
    byte(0x66);
    with_memory(4, load ? 0x16f : 0x17f, n, kXmms + n * 16);
  }
  if (!load) byte(0x9c);
  with_memory(4, load ? 0xff : 0x8f, load ? 6 : 0, kFlags);
  if (load) byte(0x9d);
  for (unsigned n = 0; n < 15; n++) {
    if (n != kRsp) with_memory(8, load ? 0x8b : 0x89, n, kGprs + n * 8);
  }
}

static void function(void) {
  for (unsigned n = 0; n < 6; n++) opcode(4, 0x50 | (kSaved[n] & 7), 0, 0, kSaved[n]);
  with_gpr(8, 0x89, kRdi, kBase);
  transfer(1);
  undefined = 0;
  body(2 + below(kMaxBlocks - 1));
  define_flags();
  transfer(0);
  for (unsigned n = 6; n-- > 0;) opcode(4, 0x58 | (kSaved[n] & 7), 0, 0, kSaved[n]);
  byte(0xc3);
}

// --- running

static void fill(struct State* state) {
  for (unsigned n = 0; n < sizeof state->memory; n += 8) {
    uint64_t value = number();
    memcpy(state->memory + n, &value, 8);
  }
  for (unsigned n = 0; n < 32; n++) state->counters[n] = below(4);
  for (unsigned n = 0; n < 16; n++) state->gpr[n] = number();
  state->gpr[kLoop] = 1 + below(4);
  state->gpr[kIndex] = below(256);
  state->flags = 0x202 | (next() & kAll);
  for (unsigned n = 0; n < kSubroutines; n++) state->table[n] = (void*)subroutines[n];
  for (unsigned n = 0; n < 16; n++) {
    for (unsigned half = 0; half < 2; half++) {
      double value = (double)(int64_t)number();
      state->xmm[n][half] = number();
      if (n >= 8) memcpy(&state->xmm[n][half], &value, 8);
    }
  }
}

static uint64_t hash(uint64_t sum, const void* data, size_t size) {
  for (size_t n = 0; n < size; n += 8) {
    uint64_t value;
    memcpy(&value, (const char*)data + n, 8);
    sum = (sum ^ value) * 0x100000001b3;
    sum ^= sum >> 29;
  }
  return sum;
}

static void show(unsigned run, const struct State* state) {
  printf(" %u: memory %016lx xmm %016lx flags %lx", run, hash(0, state->memory, kGprs),
         hash(0, state->xmm, sizeof state->xmm), state->flags);
  for (unsigned n = 0; n < 15; n++) printf(" %lx", state->gpr[n]);
  printf("\n");
}

static void run(unsigned number_of_it, void (*code)(struct State*), int shows) {
  static struct State state __attribute__((aligned(64)));
  uint64_t sum = 0;
  for (unsigned n = 0; n < kRuns; n++) {
    fill(&state);
    code(&state);
    if (shows) show(n, &state);
    sum = hash(sum, state.memory, kFlags + 8);
    sum = hash(sum, state.xmm, sizeof state.xmm);
  }
  printf("%u: %016lx\n", number_of_it, sum);
}

int main(int argc, char** argv) {
  uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
  unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : 100;
  int one = argc > 3 ? atoi(argv[3]) : -1;
  uint8_t* code =
      mmap(NULL, kCodeBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  void (**functions)(struct State*) = calloc(count, sizeof *functions);
  at = code;
  random_state = seed * 0x9e3779b97f4a7c15 + 1;
  for (unsigned n = 0; n < kSubroutines; n++) {
    subroutines[n] = at;
    subroutine();
  }
  for (unsigned n = 0; n < count && at - code < kCodeBytes - 8192; n++) {
    functions[n] = (void (*)(struct State*))at;
    function();
  }
  mprotect(code, kCodeBytes, PROT_READ | PROT_EXEC);
  for (unsigned n = 0; n < count && functions[n]; n++) {
    random_state = seed + n * 0x9e3779b97f4a7c15 + 1;
    if (one < 0 || one == (int)n) run(n, functions[n], one >= 0);
  }
  if (one >= 0) fwrite(functions[one], 1, 4096, stderr);
  return 0;
}
