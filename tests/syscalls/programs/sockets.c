#include "cases.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

CASE(Socket, Errors) {
  SHOW(socket(999, SOCK_STREAM, 0));
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  printf("%d\n", fcntl(fd, F_GETFD));
  char byte;
  SHOW(recv(fd, &byte, 1, 0));
  SHOW(accept(fd, NULL, NULL));
  SHOW(shutdown(fd, SHUT_RD));
  SHOW(connect(fd, (void*)8, 16));
  close(fd);
}

CASE(Socket, TypeErrorsAndFlags) {
  SHOW(socket(AF_UNIX, 99, 0));
  SHOW(bind(999, NULL, 0));
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  printf("%#lo\n", (long)syscall(SYS_fcntl, fd, F_GETFL));
}

CASE(Socketpair, SendAndReceive) {
  int fds[2];
  SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  char text[32] = "";
  SHOW(send(fds[0], "hello", 5, 0));
  SHOW(recv(fds[1], text, 3, MSG_PEEK));
  SHOW(recv(fds[1], text, 32, 0));
  puts(text);
  SHOW(recv(fds[1], text, 32, MSG_DONTWAIT));
  SHOW(shutdown(fds[0], SHUT_WR));
  SHOW(recv(fds[1], text, 32, 0));
  SHOW(send(fds[0], "x", 1, MSG_NOSIGNAL));
  close(fds[0]);
  close(fds[1]);
}

CASE(Unix, DescriptorPassing) {
  int fds[2], pipes[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, fds);
  pipe(pipes);
  char byte = 'b', control[CMSG_SPACE(sizeof(int))] = "";
  struct iovec piece = {&byte, 1};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control,
                           .msg_controllen = sizeof control};
  struct cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(head), &pipes[1], sizeof(int));
  SHOW(sendmsg(fds[0], &message, 0));
  memset(control, 0, sizeof control);
  message.msg_controllen = sizeof control;
  SHOW(recvmsg(fds[1], &message, MSG_CMSG_CLOEXEC));
  int passed;
  memcpy(&passed, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof passed);
  printf("%d %d\n", fcntl(passed, F_GETFD), message.msg_flags == MSG_CMSG_CLOEXEC);
  SHOW(write(passed, "through", 7));
  char text[16] = "";
  SHOW(read(pipes[0], text, 16));
  puts(text);
}

CASE(Unix, CredentialsAndNames) {
  int fds[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
  struct ucred who;
  socklen_t size = sizeof who;
  SHOW(getsockopt(fds[0], SOL_SOCKET, SO_PEERCRED, &who, &size));
  printf("%d %d\n", who.pid == getpid(), who.uid == getuid());
  int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"}, got = {0};
  SHOW(bind(server, (struct sockaddr*)&name, sizeof name));
  SHOW(bind(client, (struct sockaddr*)&name, sizeof name));
  SHOW(listen(server, 5));
  SHOW(connect(client, (struct sockaddr*)&name, sizeof name));
  size = sizeof got;
  int peer = SHOW_OK(accept4(server, (struct sockaddr*)&got, &size, SOCK_CLOEXEC));
  printf("%d\n", size);
  size = sizeof got;
  SHOW(getsockname(peer, (struct sockaddr*)&got, &size));
  puts(got.sun_path);
  size = sizeof got;
  SHOW(getpeername(client, (struct sockaddr*)&got, &size));
  puts(got.sun_path);
  SHOW(write(client, "over", 4));
  char text[8] = "";
  SHOW(read(peer, text, 8));
  name.sun_path[0] = 'x';
  SHOW(connect(server, (struct sockaddr*)&name, sizeof name));
}

CASE(Inet, LoopbackStream) {
  int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}, from;
  SHOW(setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one));
  SHOW(bind(server, (struct sockaddr*)&name, sizeof name));
  SHOW(listen(server, 1));
  socklen_t size = sizeof name;
  getsockname(server, (struct sockaddr*)&name, &size);
  if (!fork()) {
    connect(client, (struct sockaddr*)&name, sizeof name);
    write(client, "from the child", 14);
    _exit(0);
  }
  close(client);
  size = sizeof from;
  int peer = SHOW_OK(accept(server, (struct sockaddr*)&from, &size));
  printf("%d %x\n", size, ntohl(from.sin_addr.s_addr));
  SHOW(setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one));
  int value = 0;
  size = sizeof value;
  SHOW(getsockopt(peer, SOL_SOCKET, SO_TYPE, &value, &size));
  printf("%d %d\n", value, size);
  char text[32] = "";
  SHOW(recvfrom(peer, text, 32, MSG_WAITALL, NULL, NULL));
  puts(text);
  wait(NULL);
  SHOW(getsockopt(peer, 999, 1, &value, &size));
}

CASE(Inet, DatagramsWithAddress) {
  int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}, from;
  bind(a, (struct sockaddr*)&name, sizeof name);
  socklen_t size = sizeof name;
  getsockname(a, (struct sockaddr*)&name, &size);
  SHOW(sendto(b, "datagram", 8, 0, (struct sockaddr*)&name, sizeof name));
  char text[16] = "";
  size = sizeof from;
  SHOW(recvfrom(a, text, 4, MSG_TRUNC, (struct sockaddr*)&from, &size));
  printf("%s %d\n", text, size);
  struct iovec pieces[2] = {{"one", 3}, {"second", 6}};
  struct mmsghdr messages[2] = {
      {.msg_hdr = {.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &pieces[0], .msg_iovlen = 1}},
      {.msg_hdr = {.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &pieces[1], .msg_iovlen = 1}}};
  SHOW(sendmmsg(b, messages, 2, 0));
  printf("%d %d\n", messages[0].msg_len, messages[1].msg_len);
  char first[8] = "", second[8] = "";
  struct iovec in[2] = {{first, 7}, {second, 7}};
  struct mmsghdr got[2] = {{.msg_hdr = {.msg_iov = &in[0], .msg_iovlen = 1}},
                           {.msg_hdr = {.msg_iov = &in[1], .msg_iovlen = 1}}};
  struct timespec limit = {1, 0};
  SHOW(recvmmsg(a, got, 2, 0, &limit));
  printf("%s %s\n", first, second);
}

CASE(Socket, ReceiveTimeoutGivesEAGAIN) {
  int fds[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
  struct timeval limit = {0, 20000};
  SHOW(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
  char byte;
  SHOW(recv(fds[0], &byte, 1, 0));
}

CASE(Socket, TimeoutOption) {
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  struct timeval limit = {3, 20000}, got = {0, 0};
  SHOW(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
  socklen_t size = sizeof got;
  SHOW(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &got, &size));
  printf("%ld %ld\n", got.tv_sec, (long)got.tv_usec);
}
