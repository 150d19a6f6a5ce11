#include "cases.h"

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>

union semun {
  int value;
  struct semid_ds* status;
  unsigned short* values;
};

CASE(Sem, OperationsAndStatus) {
  int id = SHOW_OK(semget(IPC_PRIVATE, 3, 0600));
  unsigned short values[3] = {1, 2, 3};
  SHOW(semctl(id, 0, SETALL, (union semun){.values = values}));
  struct sembuf take = {1, -2, IPC_NOWAIT}, more = {0, -5, IPC_NOWAIT};
  SHOW(semop(id, &take, 1));
  SHOW(semop(id, &more, 1));
  SHOW(semctl(id, 1, GETVAL));
  SHOW(semctl(id, 1, GETPID) == getpid());
  struct semid_ds status;
  memset(&status, 0x55, sizeof status);
  SHOW(semctl(id, 0, IPC_STAT, (union semun){.status = &status}));
  printf("%lu mode %o owner %d otime %d ctime %d\n", (long)status.sem_nsems, status.sem_perm.mode,
         status.sem_perm.uid == geteuid(), labs(status.sem_otime - time(NULL)) < 5,
         labs(status.sem_ctime - time(NULL)) < 5);
  status.sem_perm.mode = 0640;
  SHOW(semctl(id, 0, IPC_SET, (union semun){.status = &status}));
  semctl(id, 0, IPC_STAT, (union semun){.status = &status});
  printf("%o\n", status.sem_perm.mode);
  struct timespec limit = {0, 10000000};
  more.sem_flg = 0;
  SHOW(semtimedop(id, &more, 1, &limit));
  SHOW(semctl(id, 2, SETVAL, (union semun){.value = 9}));
  SHOW(semctl(id, 0, GETALL, (union semun){.values = values}));
  printf("%d %d %d\n", values[0], values[1], values[2]);
  SHOW(semctl(id, 0, IPC_RMID));
  SHOW(semctl(id, 0, GETVAL));
}

CASE(Msg, SendReceiveStatus) {
  int id = SHOW_OK(msgget(IPC_PRIVATE, 0600));
  struct { long type; char text[16]; } message = {3, "queued"};
  SHOW(msgsnd(id, &message, 7, 0));
  struct msqid_ds status;
  SHOW(msgctl(id, IPC_STAT, &status));
  printf("%lu %o %d\n", (long)status.msg_qnum, status.msg_perm.mode, status.msg_lspid == getpid());
  memset(&message, 0, sizeof message);
  SHOW(msgrcv(id, &message, 3, 0, 0));
  SHOW(msgrcv(id, &message, 16, 5, IPC_NOWAIT));
  SHOW(msgrcv(id, &message, 16, -3, 0));
  printf("%ld %s\n", message.type, message.text);
  message.type = 0;
  SHOW(msgsnd(id, &message, 1, 0));
  SHOW(msgctl(id, IPC_RMID, NULL));
}

CASE(Shm, AttachShareDetach) {
  int id = SHOW_OK(shmget(IPC_PRIVATE, 10000, 0600));
  char* memory = shmat(id, NULL, 0);
  printf("%d\n", memory != (char*)-1 && (unsigned long)memory < 1ul << 47);
  if (!fork()) {
    strcpy(memory + 5000, "from the child");
    _exit(0);
  }
  wait(NULL);
  puts(memory + 5000);
  struct shmid_ds status;
  SHOW(shmctl(id, IPC_STAT, &status));
  printf("%lu %lu\n", (long)status.shm_segsz, (long)status.shm_nattch);
  const char* read_only = shmat(id, NULL, SHM_RDONLY);
  puts(read_only + 5000);
  SHOW(shmdt(read_only));
  SHOW(shmdt(memory));
  SHOW(shmdt(memory));
  SHOW(shmctl(id, IPC_RMID, NULL));
  SHOW((long)shmat(id, NULL, 0));
}

CASE(Mq, SendReceive) {
  struct mq_attr attributes = {.mq_maxmsg = 4, .mq_msgsize = 64}, got;
  mq_unlink("/gantry-test");
  int queue = mq_open("/gantry-test", O_CREAT | O_RDWR | O_NONBLOCK, 0600, &attributes);
  if (queue < 0) {
    puts(strerrorname_np(errno));
    return;
  }
  char text[64] = "";
  unsigned priority;
  SHOW(mq_receive(queue, text, 64, &priority));
  SHOW(mq_send(queue, "low", 3, 1));
  SHOW(mq_send(queue, "high", 4, 9));
  SHOW(mq_receive(queue, text, 64, &priority));
  printf("%s %u\n", text, priority);
  SHOW(mq_getattr(queue, &got));
  printf("%ld %ld %ld %#lo\n", got.mq_maxmsg, got.mq_msgsize, got.mq_curmsgs, got.mq_flags);
  SHOW(mq_receive(queue, text, 3, &priority));
  SHOW(mq_unlink("/gantry-test"));
  SHOW(mq_unlink("/gantry-test"));
  mq_close(queue);
}

CASE(Aio, WriteThenRead) {
  aio_context_t context = 0;
  if (syscall(SYS_io_setup, 8, &context)) {
    puts(strerrorname_np(errno));
    return;
  }
  int fd = open("aio", O_CREAT | O_RDWR, 0600);
  char out[] = "asynchronous", in[16] = "";
  struct iocb write_block = {.aio_fildes = (unsigned)fd, .aio_lio_opcode = IOCB_CMD_PWRITE,
                             .aio_buf = (unsigned long)out, .aio_nbytes = 12, .aio_data = 77};
  struct iocb read_block = {.aio_fildes = (unsigned)fd, .aio_lio_opcode = IOCB_CMD_PREAD,
                            .aio_buf = (unsigned long)in, .aio_nbytes = 15, .aio_data = 88};
  struct iocb* list[1] = {&write_block};
  struct io_event event;
  SHOW(syscall(SYS_io_submit, context, 1L, list));
  SHOW(syscall(SYS_io_getevents, context, 1L, 1L, &event, NULL));
  printf("%lld %lld\n", event.data, event.res);
  list[0] = &read_block;
  SHOW(syscall(SYS_io_submit, context, 1L, list));
  SHOW(syscall(SYS_io_getevents, context, 1L, 1L, &event, NULL));
  printf("%lld %lld %s\n", event.data, event.res, in);
  struct timespec limit = {0, 1000};
  SHOW(syscall(SYS_io_getevents, context, 1L, 1L, &event, &limit));
  SHOW(syscall(SYS_io_setup, 8, &context));
  SHOW(syscall(SYS_io_destroy, context));
  SHOW(syscall(SYS_io_destroy, context));
  SHOW(syscall(SYS_io_submit, 12345L, 1L, list));
}
