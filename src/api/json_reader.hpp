#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace devinit::api {

/// Bounds of every JSON text that api reads. An environment may be large; nothing that we write nests deeper than six.
inline constexpr std::size_t kMaxJsonText = 8 << 20;
inline constexpr int kMaxJsonDepth = 64;

/// Parses one JSON object. Errc::protocol when it is too large, too deep or not JSON; both bounds are checked before the
/// library sees the text. `what` names the text in messages ("request").
[[nodiscard]] Result<nlohmann::json> parse_json_object(std::string_view text, std::string_view what);

/// Reads the members of one JSON object by name. The first mistake is kept, after it nothing is read: check `result` once, at
/// the end. Unknown members are ignored; a number is never converted, rounded or wrapped.
class MemberReader {
 public:
  /// `object` outlives the reader. `what` names it in messages and is a literal.
  MemberReader(const nlohmann::json& object, std::string_view what);

  /// T is one of: bool, int, std::int64_t, std::uint64_t, Port, std::string, std::vector<std::string> (arrays of strings),
  /// std::map<std::string, std::string>, std::optional<Port> and std::optional<pid_t> (`null` is none; a pid is positive).
  template <class T>
  void require(std::string_view name, T& target) {
    take(name, true, target);
  }
  /// As `require`, but a missing member leaves `target` as it is.
  template <class T>
  void read(std::string_view name, T& target) {
    take(name, false, target);
  }
  /// The member when it is an object (an array); null when it is missing or `null`. Anything else is a mistake.
  [[nodiscard]] const nlohmann::json* object(std::string_view name);
  [[nodiscard]] const nlohmann::json* array(std::string_view name);

  /// Records a mistake that the caller found in the member `name`: "is not <expected>".
  void mistake(std::string_view name, std::string_view expected);
  /// Keeps the error of something nested, if it is the first one.
  void absorb(const Result<>& nested);

  /// Errc::protocol with the first mistake.
  [[nodiscard]] Result<> result() const;

 private:
  template <class T>
  void take(std::string_view name, bool required, T& target);
  const nlohmann::json* find(std::string_view name) const;

  const nlohmann::json& object_;
  std::string_view what_;
  std::optional<Error> error_;
};

}  // namespace devinit::api
