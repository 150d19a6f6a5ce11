// struct epoll_event, which x86-64 alone packs (include/uapi/linux/eventpoll.h, EPOLL_PACKED).
#pragma once

#include <sys/epoll.h>

#include "emulator/base/types.h"

namespace gantry::runtime::abi {

struct [[gnu::packed]] EpollEvent {
  u32 events;
  u64 data;
};
static_assert(sizeof(EpollEvent) == 12);

inline epoll_event to_host(const EpollEvent& event) {
  epoll_event host = {};
  host.events = event.events;
  host.data.u64 = event.data;
  return host;
}
inline EpollEvent to_guest(const epoll_event& event) { return {event.events, event.data.u64}; }

}  // namespace gantry::runtime::abi
