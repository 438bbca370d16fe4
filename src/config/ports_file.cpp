#include "config/ports_file.hpp"

#include <algorithm>

#include "config/field_reader.hpp"
#include "config/json_reader.hpp"
#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

bool has_control_character(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7F'; });
}

/// Lines between braces, separated by commas; `{}` when there are none.
std::string in_braces(const std::vector<std::string>& lines) {
  std::string text = "{";
  for (const auto& line : lines) text += (text.size() > 1 ? ",\n  " : "\n  ") + line;
  return text + (lines.empty() ? "}\n" : "\n}\n");
}

std::optional<PortsRecord::Entry> parse_record_entry(const JsonValue& value) {
  PortsRecord::Entry entry;
  const auto port_of = [](const JsonValue* member) {
    return member != nullptr && member->kind == JsonValue::Kind::number ? parse_port(member->text) : std::nullopt;
  };
  const auto written = port_of(value.find("written"));
  if (!written) return std::nullopt;
  entry.written = *written;
  if (const JsonValue* hand_set = value.find("hand_set")) {
    entry.hand_set = port_of(hand_set);
    if (!entry.hand_set) return std::nullopt;
  }
  if (const JsonValue* no_fence = value.find("no_fence")) {
    if (no_fence->kind != JsonValue::Kind::boolean) return std::nullopt;
    entry.no_fence = no_fence->boolean;
  }
  return entry;
}

/// What the configuration alone says.
PortChoice configured(const PortSpec& spec) {
  return {spec.prefer, spec.prefer ? spec.source : PortSource::automatic, spec.range, spec.strict, spec.whole_range};
}

}  // namespace

std::optional<Port> PortsFile::find(const std::string& key) const noexcept {
  for (const auto& [name, port] : entries) {
    if (name == key) return port;
  }
  return std::nullopt;
}

void PortsFile::set(const std::string& key, Port port) {
  for (auto& [name, value] : entries) {
    if (name != key) continue;
    value = port;
    return;
  }
  entries.emplace_back(key, port);
}

std::string PortsFile::to_text() const {
  std::vector<std::string> lines;
  for (const auto& [name, port] : entries) lines.push_back(json_string(name) + ": " + std::to_string(port));
  return in_braces(lines);
}

Result<PortsFile> parse_ports_file(std::string_view text, const std::string& file) {
  const JsonDocument document = parse_json(text, file, Comments::no);
  Mistakes mistakes(file, document.diagnostics);
  PortsFile ports;
  if (document.complete && document.value.kind != JsonValue::Kind::object) {
    if (!already_reported(document.value)) {
      mistakes.add(document.value, "the file must hold an object, not " + describe_value(document.value),
                   R"(names and ports: {"backend": 8000, "frontend": 3000})");
    }
  } else if (document.complete) {
    for (std::size_t i = 0; i < document.value.members.size(); ++i) {
      const auto& [key, value] = document.value.members[i];
      const auto [line, column] = document.value.member_positions[i];
      if (key.empty()) mistakes.add(Position{line, column}, "a key without a name", "a key is the name of a service");
      if (has_control_character(key)) mistakes.add(Position{line, column}, "a control character in the key " + quoted(key));
      if (const auto port = read_port(value, key, mistakes)) ports.entries.emplace_back(key, *port);
    }
  }
  if (!mistakes.list().empty()) return to_error(mistakes.list());
  return ports;
}

std::string PortsRecord::to_text() const {
  std::vector<std::string> lines;
  for (const auto& [key, entry] : entries) {
    std::string line = json_string(key) + ": {\"written\": " + std::to_string(entry.written);
    if (entry.hand_set) line += ", \"hand_set\": " + std::to_string(*entry.hand_set);
    if (entry.no_fence) line += ", \"no_fence\": true";
    lines.push_back(line + "}");
  }
  return in_braces(lines);
}

std::optional<PortsRecord> parse_ports_record(std::string_view text) {
  const JsonDocument document = parse_json(text, "", Comments::no);
  if (!document.diagnostics.empty() || document.value.kind != JsonValue::Kind::object) return std::nullopt;
  PortsRecord record;
  for (const auto& [key, value] : document.value.members) {
    const auto entry = parse_record_entry(value);
    if (!entry) return std::nullopt;
    record.entries.emplace(key, *entry);
  }
  return record;
}

std::string ports_key(const std::string& service, const std::string& port_name) {
  return port_name.empty() ? service : service + "." + port_name;
}

PortChoice choose_port(const PortSpec& spec, const std::string& key, const PortsFile* file, const PortsRecord* record) {
  PortChoice choice = configured(spec);
  const auto in_file = file != nullptr ? file->find(key) : std::nullopt;
  if (!in_file) return choice;
  const auto chosen = [&choice](Port port, PortSource source) {
    choice.port = port;
    choice.source = source;
    return choice;
  };

  const PortsRecord::Entry* entry = nullptr;
  if (record != nullptr) {
    const auto found = record->entries.find(key);
    if (found != record->entries.end()) entry = &found->second;
  }
  // Without a record nobody knows who wrote the number, but the number that the configuration asks for anyway needs no author.
  if (entry == nullptr) return in_file == spec.prefer ? choice : chosen(*in_file, PortSource::hand_set);
  if (*in_file != entry->written) return chosen(*in_file, PortSource::hand_set);
  if (entry->hand_set) return chosen(*entry->hand_set, PortSource::hand_set);
  const bool named_in_config = spec.prefer && spec.source == PortSource::config;
  if (named_in_config || in_file == spec.prefer) return choice;
  if (spec.range && !spec.range->contains(*in_file)) return choice;  // the range came after the memory
  return chosen(*in_file, PortSource::remembered);
}

}  // namespace devinit::config
