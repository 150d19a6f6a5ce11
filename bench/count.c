// A plugin for QEMU's user emulation (7.2, plugin interface 1): counts the instructions that a
// process executes, block by block. At its end, and before it executes another program, the process
// writes
//
//   program START PATH
//   ADDRESS INSTRUCTIONS          one line a block, hexadecimal and decimal
//
// into a file of its own in the directory that the argument out=DIRECTORY names. START is where the
// program's code was loaded.
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// What is used of QEMU's plugin interface, from its manual, "QEMU TCG Plugins", API section.
typedef uint64_t PluginId;
struct qemu_plugin_tb;
enum { kInterfaceVersion = 1, kNoRegisters = 0, kInlineAdd = 0 };
typedef void (*SimpleCallback)(PluginId);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb*);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb*);
uint64_t qemu_plugin_start_code(void);
const char* qemu_plugin_path_to_binary(void);
void qemu_plugin_reset(PluginId, SimpleCallback);
void qemu_plugin_register_vcpu_init_cb(PluginId, void (*)(PluginId, unsigned vcpu));
void qemu_plugin_register_vcpu_tb_trans_cb(PluginId, void (*)(PluginId, struct qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb*, void (*)(unsigned vcpu, void*),
                                          int flags, void*);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb*, int op, void*, uint64_t);
void qemu_plugin_register_vcpu_syscall_cb(PluginId,
                                          void (*)(PluginId, unsigned vcpu, int64_t number,
                                                   uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                                   uint64_t, uint64_t, uint64_t));
void qemu_plugin_register_atexit_cb(PluginId, void (*)(PluginId, void*), void*);
__attribute__((visibility("default"))) int qemu_plugin_version = kInterfaceVersion;

enum { kExecve = 221, kExecveat = 281 };  // the system calls' numbers on ARM64

struct Block {
  struct Block* next;
  uint64_t address, size;
  _Atomic uint64_t instructions;
};

static _Atomic(struct Block*) blocks;
static atomic_int threads;
static const char* directory;

static void count_exactly(unsigned vcpu, void* data) {
  (void)vcpu;
  struct Block* block = data;
  atomic_fetch_add_explicit(&block->instructions, block->size, memory_order_relaxed);
}

// The addition that QEMU emits inline is fast, but two threads could lose each other's.
static void on_translation(PluginId id, struct qemu_plugin_tb* tb) {
  (void)id;
  struct Block* block = calloc(1, sizeof *block);
  if (!block) abort();
  block->address = qemu_plugin_tb_vaddr(tb);
  block->size = qemu_plugin_tb_n_insns(tb);
  block->next = atomic_load(&blocks);
  while (!atomic_compare_exchange_weak(&blocks, &block->next, block)) continue;
  if (atomic_load(&threads) > 1) {
    qemu_plugin_register_vcpu_tb_exec_cb(tb, count_exactly, kNoRegisters, block);
  } else {
    qemu_plugin_register_vcpu_tb_exec_inline(tb, kInlineAdd, &block->instructions, block->size);
  }
}

// Written under another name until it is complete: two threads may end the process at once.
static void report_and_clear(void) {
  static atomic_int part;
  char path[4096], unfinished[sizeof path + 5];
  snprintf(path, sizeof path, "%s/%d.%d", directory, (int)getpid(), atomic_fetch_add(&part, 1));
  snprintf(unfinished, sizeof unfinished, "%s.part", path);
  FILE* file = fopen(unfinished, "w");
  if (!file) {
    perror(unfinished);
    _exit(125);
  }
  fprintf(file, "program %" PRIx64 " %s\n", qemu_plugin_start_code(), qemu_plugin_path_to_binary());
  for (struct Block* block = atomic_load(&blocks); block; block = block->next) {
    uint64_t instructions = atomic_exchange(&block->instructions, 0);
    if (instructions) fprintf(file, "%" PRIx64 " %" PRIu64 "\n", block->address, instructions);
  }
  if (fclose(file) || rename(unfinished, path)) {
    perror(path);
    _exit(125);
  }
}

static void on_exit_of_process(PluginId id, void* data) {
  (void)id, (void)data;
  report_and_clear();
}

static void on_syscall(PluginId id, unsigned vcpu, int64_t number, uint64_t a, uint64_t b,
                       uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
  (void)id, (void)vcpu, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
  if (number == kExecve || number == kExecveat) report_and_clear();
}

// What was executed before a fork is the parent's.
static void on_fork_in_child(void) {
  for (struct Block* block = atomic_load(&blocks); block; block = block->next)
    atomic_store(&block->instructions, 0);
}

static void on_thread(PluginId id, unsigned vcpu);

static void register_callbacks(PluginId id) {
  qemu_plugin_register_vcpu_init_cb(id, on_thread);
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
  qemu_plugin_register_atexit_cb(id, on_exit_of_process, NULL);
}

// A reset forgets what was translated, so that all is counted exactly from then on.
static void on_thread(PluginId id, unsigned vcpu) {
  (void)vcpu;
  if (atomic_fetch_add(&threads, 1) == 1) qemu_plugin_reset(id, register_callbacks);
}

__attribute__((visibility("default"))) int qemu_plugin_install(PluginId id, const void* info,
                                                               int argc, char** argv) {
  (void)info;
  for (int i = 0; i < argc; i++)
    if (!strncmp(argv[i], "out=", 4)) directory = strdup(argv[i] + 4);
  if (!directory || pthread_atfork(NULL, NULL, on_fork_in_child)) return 1;
  register_callbacks(id);
  return 0;
}
