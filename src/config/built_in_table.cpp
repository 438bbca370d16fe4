#include "config/built_in_table.hpp"

#include "base/assert.hpp"

namespace devinit::config {

JsonValue read_built_in(std::string_view text, const std::string& name) {
  auto document = parse_json(text, name, Comments::no);
  ASSERT(document.complete && document.diagnostics.empty());
  return std::move(document.value);
}

const JsonValue& member(const JsonValue& object, std::string_view key) {
  const JsonValue* value = object.find(key);
  ASSERT(value != nullptr);
  return *value;
}

std::string text_of(const JsonValue& value) {
  ASSERT(value.kind == JsonValue::Kind::string);
  return value.text;
}

std::vector<std::string> texts_of(const JsonValue& array) {
  ASSERT(array.kind == JsonValue::Kind::array);
  std::vector<std::string> texts;
  for (const JsonValue& item : array.items) texts.push_back(text_of(item));
  return texts;
}

std::string text_at(const JsonValue& object, std::string_view key) {
  const JsonValue* value = object.find(key);
  return value == nullptr ? std::string() : text_of(*value);
}

std::vector<std::string> texts_at(const JsonValue& object, std::string_view key) {
  const JsonValue* value = object.find(key);
  return value == nullptr ? std::vector<std::string>() : texts_of(*value);
}

}  // namespace devinit::config
