#pragma once

#include <boost/system/result.hpp>
#include <utility>

#include "base/assert.hpp"
#include "base/error.hpp"

namespace devinit {

/// Found by ADL when `value()` is called on a result that holds an error: that is a bug of the caller.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  assertion_failed(error.message.c_str(), where.file_name(), static_cast<int>(where.line()));
}

/// A value or an `Error`; nothing in devinit throws. Test it, then use `*result`, `result.value()` or `result.error()`.
template <class T = void>
class [[nodiscard]] Result : public boost::system::result<T, Error> {
  using Base = boost::system::result<T, Error>;

 public:
  using Base::Base;
};

/// Propagates the error of `expression` (a `Result`) to the caller, whatever the caller's value type.
#define TRY(expression)                                                  \
  do {                                                                   \
    if (auto try_result_ = (expression); !try_result_) {                 \
      return ::devinit::Error(std::move(try_result_).error());           \
    }                                                                    \
  } while (false)

#define DEVINIT_TRY_NAME2(line) try_result_##line
#define DEVINIT_TRY_NAME(line) DEVINIT_TRY_NAME2(line)
#define DEVINIT_TRY_ASSIGN(target, name, expression)                     \
  auto name = (expression);                                              \
  if (!name) return ::devinit::Error(std::move(name).error());           \
  target = std::move(*name)

/// `TRY_ASSIGN(auto x, make_x());`: the value on success, else returns the error to the caller.
#define TRY_ASSIGN(target, expression) DEVINIT_TRY_ASSIGN(target, DEVINIT_TRY_NAME(__LINE__), expression)

}  // namespace devinit
