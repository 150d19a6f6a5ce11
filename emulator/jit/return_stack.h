// Where calls in translated code expect to return to: a thread's stack of pairs of a guest address
// and the code there. It only guesses: a return that finds another address looks its code up, so
// guests may switch stacks and unwind as they like. Both its ends fault; then it starts again.
// JumpTable::kReadsFlags is meant here, too.
#pragma once

#include "emulator/base/types.h"

namespace gantry::jit {

class ReturnStack {
 public:
  ReturnStack() = default;
  ReturnStack(const ReturnStack&) = delete;
  ReturnStack& operator=(const ReturnStack&) = delete;

  // Gives the memory back.
  void release();
  // Forgets what it holds. The top, which has room on both sides.
  u64 reset();
  bool contains(u64 top) const { return begin_ != 0 && top - begin_ <= bytes_; }
  // Whether the address is beside the stack.
  bool is_end(u64 address) const {
    return begin_ != 0 && address - begin_ >= bytes_ && address - (begin_ - bytes_) < 3 * bytes_;
  }

 private:
  u64 begin_ = 0;
  u64 bytes_ = 0;  // of the stack, and of the guard on either side
};

}  // namespace gantry::jit
