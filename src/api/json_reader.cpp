#include "api/json_reader.hpp"

#include <sys/types.h>

#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/port.hpp"

namespace devinit::api {
namespace {

using nlohmann::json;

// Counts brackets outside of strings. The parser agrees with this count up to the first syntax error, where it stops.
bool nests_deeper_than(std::string_view text, int limit) noexcept {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char character = text[i];
    if (in_string) {
      if (character == '\\') ++i;
      if (character == '"') in_string = false;
    } else if (character == '"') {
      in_string = true;
    } else if (character == '{' || character == '[') {
      if (++depth > limit) return true;
    } else if (character == '}' || character == ']') {
      --depth;
    }
  }
  return false;
}

template <class T>
bool assign_integer(const json& value, T lowest, T& target) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (std::cmp_greater(number, std::numeric_limits<T>::max()) || std::cmp_less(number, lowest)) return false;
    target = static_cast<T>(number);
    return true;
  }
  if (!value.is_number_integer()) return false;
  const auto number = value.get<std::int64_t>();
  if (std::cmp_greater(number, std::numeric_limits<T>::max()) || std::cmp_less(number, lowest)) return false;
  target = static_cast<T>(number);
  return true;
}

bool assign(const json& value, bool& target) {
  if (!value.is_boolean()) return false;
  target = value.get<bool>();
  return true;
}
bool assign(const json& value, int& target) { return assign_integer(value, std::numeric_limits<int>::min(), target); }
bool assign(const json& value, std::int64_t& target) {
  return assign_integer(value, std::numeric_limits<std::int64_t>::min(), target);
}
bool assign(const json& value, std::uint64_t& target) { return assign_integer(value, std::uint64_t{0}, target); }
bool assign(const json& value, Port& target) { return assign_integer(value, Port{1}, target); }

bool assign(const json& value, std::string& target) {
  if (!value.is_string()) return false;
  target = value.get_ref<const std::string&>();
  return true;
}

bool assign(const json& value, std::vector<std::string>& target) {
  if (!value.is_array()) return false;
  target.clear();
  target.reserve(value.size());
  for (const json& item : value) {
    if (!assign(item, target.emplace_back())) return false;
  }
  return true;
}

bool assign(const json& value, std::map<std::string, std::string>& target) {
  if (!value.is_object()) return false;
  target.clear();
  for (const auto& [name, item] : value.get_ref<const json::object_t&>()) {
    if (!assign(item, target.emplace_hint(target.end(), name, std::string())->second)) return false;
  }
  return true;
}

template <class T>
bool assign_optional(const json& value, T lowest, std::optional<T>& target) {
  target.reset();
  return value.is_null() || assign_integer(value, lowest, target.emplace());
}
bool assign(const json& value, std::optional<Port>& target) { return assign_optional(value, Port{1}, target); }
// A pid of 0 or below addresses whole groups in kill(2): it is never taken from outside.
bool assign(const json& value, std::optional<pid_t>& target) { return assign_optional(value, pid_t{1}, target); }

template <class T>
constexpr const char* kExpected = "of the right type";
template <>
constexpr const char* kExpected<bool> = "true or false";
template <>
constexpr const char* kExpected<int> = "a whole number in range";
template <>
constexpr const char* kExpected<std::int64_t> = "a whole number in range";
template <>
constexpr const char* kExpected<std::uint64_t> = "a whole number in range";
template <>
constexpr const char* kExpected<Port> = "a port from 1 to 65535";
template <>
constexpr const char* kExpected<std::string> = "a string";
template <>
constexpr const char* kExpected<std::vector<std::string>> = "an array of strings";
template <>
constexpr const char* kExpected<std::map<std::string, std::string>> = "an object of strings";
template <>
constexpr const char* kExpected<std::optional<Port>> = "a port from 1 to 65535, or null";
template <>
constexpr const char* kExpected<std::optional<pid_t>> = "a process id, or null";

Error protocol_error(std::string_view what, std::string_view problem) {
  std::string message = "the ";
  message += what;
  message += ' ';
  message += problem;
  return Error(Errc::protocol, std::move(message));
}

}  // namespace

Result<nlohmann::json> parse_json_object(std::string_view text, std::string_view what) {
  if (text.size() > kMaxJsonText) {
    return protocol_error(what,
                          "is " + std::to_string(text.size()) + " bytes long; the limit is " + std::to_string(kMaxJsonText));
  }
  if (nests_deeper_than(text, kMaxJsonDepth)) {
    return protocol_error(what, "is nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
  }
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return protocol_error(what, "is not valid JSON");
  if (!value.is_object()) return protocol_error(what, "is not a JSON object");
  return value;
}

MemberReader::MemberReader(const nlohmann::json& object, std::string_view what) : object_(object), what_(what) {
  if (!object.is_object()) error_ = protocol_error(what, "is not a JSON object");
}

const nlohmann::json* MemberReader::find(std::string_view name) const {
  if (error_) return nullptr;
  const auto found = object_.find(name);
  return found == object_.end() ? nullptr : &*found;
}

const nlohmann::json* MemberReader::object(std::string_view name) {
  const json* value = find(name);
  if (value == nullptr || value->is_null()) return nullptr;
  if (!value->is_object()) return mistake(name, "an object"), nullptr;
  return value;
}

const nlohmann::json* MemberReader::array(std::string_view name) {
  const json* value = find(name);
  if (value == nullptr || value->is_null()) return nullptr;
  if (!value->is_array()) return mistake(name, "an array"), nullptr;
  return value;
}

template <class T>
void MemberReader::take(std::string_view name, bool required, T& target) {
  if (error_) return;
  const json* value = find(name);
  if (value == nullptr) {
    if (required) error_ = protocol_error(what_, "has no member \"" + std::string(name) + "\"");
  } else if (!assign(*value, target)) {
    mistake(name, kExpected<T>);
  }
}

template void MemberReader::take(std::string_view, bool, bool&);
template void MemberReader::take(std::string_view, bool, int&);
template void MemberReader::take(std::string_view, bool, std::int64_t&);
template void MemberReader::take(std::string_view, bool, std::uint64_t&);
template void MemberReader::take(std::string_view, bool, Port&);
template void MemberReader::take(std::string_view, bool, std::string&);
template void MemberReader::take(std::string_view, bool, std::vector<std::string>&);
template void MemberReader::take(std::string_view, bool, std::map<std::string, std::string>&);
template void MemberReader::take(std::string_view, bool, std::optional<Port>&);
template void MemberReader::take(std::string_view, bool, std::optional<pid_t>&);

void MemberReader::mistake(std::string_view name, std::string_view expected) {
  if (error_) return;
  std::string problem = "has a member \"";
  problem += name;
  problem += "\" that is not ";
  problem += expected;
  error_ = protocol_error(what_, problem);
}

void MemberReader::absorb(const Result<>& nested) {
  if (!error_ && !nested) error_ = nested.error();
}

Result<> MemberReader::result() const {
  if (error_) return *error_;
  return {};
}

}  // namespace devinit::api
