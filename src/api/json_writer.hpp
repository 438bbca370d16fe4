#pragma once

#include <charconv>
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devinit::api {

/// Writes one JSON text in the order of the calls, commas included, without building a tree first: the supervisor writes its
/// whole state at every transition. The caller balances begin and end and calls `key` before every value of an object.
class JsonWriter {
 public:
  JsonWriter() { text_.reserve(kInitialCapacity); }

  void begin_object() { open('{'); }
  void end_object() { text_ += '}'; }
  void begin_array() { open('['); }
  void end_array() { text_ += ']'; }
  void key(std::string_view name);

  /// Any bytes; what is not UTF-8 becomes U+FFFD.
  void value(std::string_view text);
  /// Numbers, true and false.
  template <std::integral T>
  void value(T number);
  void value(const std::vector<std::string>& texts);
  void value(const std::map<std::string, std::string>& texts);
  /// `null` when there is none.
  template <class T>
  void value(const std::optional<T>& maybe) {
    maybe ? value(*maybe) : null();
  }
  void null();

  template <class T>
  void member(std::string_view name, const T& content) {
    key(name);
    value(content);
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  static constexpr std::size_t kInitialCapacity = 512;

  void open(char bracket);
  void separate();
  void quote(std::string_view text);

  std::string text_;
};

template <std::integral T>
void JsonWriter::value(T number) {
  separate();
  if constexpr (std::same_as<T, bool>) {
    text_ += number ? "true" : "false";
  } else {
    char digits[24];
    text_.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  }
}

}  // namespace devinit::api
