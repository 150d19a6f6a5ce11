// Result<T>: a value or an Error. TRY hands an error to the caller; TRY_ASSIGN binds the value.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "emulator/base/check.h"

namespace gantry {

// What went wrong: an errno value (0 when none fits) and a sentence for a person.
struct [[nodiscard]] Error {
  int code = 0;
  std::string message;
};

// An Error with printf-style text. errno(3) gives the codes.
[[gnu::format(printf, 2, 3)]] Error make_error(int code, const char* format, ...);

// make_error with ": " and strerror(code) appended to the text.
[[gnu::format(printf, 2, 3)]] Error make_system_error(int code, const char* format, ...);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  bool ok() const { return state_.index() == 0; }

  T& value() & {
    CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    CHECK(!ok());
    return *std::get_if<1>(&state_);
  }
  Error&& take_error() {
    CHECK(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  explicit operator bool() const { return !error_; }
  bool ok() const { return !error_; }
  const Error& error() const {
    CHECK(error_.has_value());
    return *error_;
  }
  Error&& take_error() {
    CHECK(error_.has_value());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace gantry

#define GANTRY_CONCAT_INNER(a, b) a##b
#define GANTRY_CONCAT(a, b) GANTRY_CONCAT_INNER(a, b)

// TRY(expression): returns the error of a Result from the enclosing function.
#define TRY(expression)                                                                         \
  do {                                                                                          \
    auto GANTRY_CONCAT(try_, __LINE__) = (expression);                                          \
    if (!GANTRY_CONCAT(try_, __LINE__).ok()) return GANTRY_CONCAT(try_, __LINE__).take_error(); \
  } while (false)

// TRY_ASSIGN(auto name, expression): as TRY, and binds the value.
#define TRY_ASSIGN(declaration, expression)                                                   \
  auto GANTRY_CONCAT(try_, __LINE__) = (expression);                                          \
  if (!GANTRY_CONCAT(try_, __LINE__).ok()) return GANTRY_CONCAT(try_, __LINE__).take_error(); \
  declaration = std::move(GANTRY_CONCAT(try_, __LINE__)).value()
