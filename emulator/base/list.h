// A vector of plain data to which appending costs little.
#pragma once

#include <cstddef>
#include <iterator>
#include <span>
#include <type_traits>
#include <vector>

namespace gantry {

template <typename T>
class List {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  List() = default;
  // No moves: they would leave a size without items.
  List(const List&) = default;
  List& operator=(const List&) = default;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::span<const T> items() const { return {data(), size_}; }
  T* data() { return items_.data(); }
  const T* data() const { return items_.data(); }
  T& operator[](std::size_t n) { return data()[n]; }
  const T& operator[](std::size_t n) const { return data()[n]; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  auto rbegin() const { return std::make_reverse_iterator(end()); }
  auto rend() const { return std::make_reverse_iterator(begin()); }
  T& back() { return data()[size_ - 1]; }
  const T& back() const { return data()[size_ - 1]; }

  void push_back(const T& item) {
    if (size_ == room_) [[unlikely]]
      grow();
    data()[size_++] = item;
  }
  // Room for `count` items, which the caller is to set.
  T* extend(std::size_t count) {
    while (room_ - size_ < count) [[unlikely]]
      grow();
    size_ += count;
    return end() - count;
  }
  void pop_back() { size_--; }
  // Drops those after the first `size`, of as many at least.
  void shrink(std::size_t size) { size_ = size; }
  void clear() { size_ = 0; }

 private:
  [[gnu::noinline]] void grow() {
    items_.resize(room_ < 64 ? 64 : 2 * room_);
    room_ = items_.size();
  }

  std::vector<T> items_;  // `room_` of them
  std::size_t size_ = 0, room_ = 0;
};

}  // namespace gantry
