#include "scaffold/compose_file.hpp"

#include <algorithm>
#include <optional>

#include "scaffold/yaml_outline.hpp"

namespace devinit::scaffold {
namespace {

using Kind = ComposeValue::Kind;
using NodeKind = YamlNode::Kind;

constexpr std::string_view kMerge = "<<";

bool is_name_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// A stretch of the text.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The host's side of "[IP:]HOST:CONTAINER[/PROTOCOL]"; empty when there is none. Colons in `${X:-1}` and `[::1]` part nothing.
Span host_side(std::string_view text, Span mapping) {
  Span host{mapping.begin, mapping.begin};
  std::size_t part = mapping.begin;
  int depth = 0;
  for (std::size_t at = mapping.begin; at < mapping.end; ++at) {
    const char c = text[at];
    depth += (c == '{' || c == '[' ? 1 : 0) - (c == '}' || c == ']' ? 1 : 0);
    if (c != ':' || depth > 0) continue;
    host = {part, at};
    part = at + 1;
  }
  return host;
}

bool is_number_or_range(std::string_view value) {
  return !value.empty() && value.find_first_not_of("0123456789-") == std::string_view::npos;
}

/// NAME of "$NAME", "${NAME}", "${NAME:-default}" and the like, when that is all of the text. `${NAME:+other}` is not the value
/// of NAME.
std::optional<std::string> variable_in(std::string_view value) {
  if (!value.starts_with('$')) return std::nullopt;
  const bool braces = value.starts_with("${");
  std::string_view rest = value.substr(braces ? 2 : 1);
  std::size_t length = 0;
  while (length < rest.size() && is_name_char(rest[length])) ++length;
  std::string name(rest.substr(0, length));
  rest.remove_prefix(length);
  if (name.empty()) return std::nullopt;
  if (!braces) return rest.empty() ? std::optional(std::move(name)) : std::nullopt;
  if (rest == "}") return name;
  if (rest.starts_with(':')) rest.remove_prefix(1);
  const bool has_default = rest.starts_with('-') || rest.starts_with('?');
  // A brace inside: a default that is a variable itself, or text behind the variable.
  return has_default && rest.find('}') == rest.size() - 1 ? std::optional(std::move(name)) : std::nullopt;
}

class ComposeReader {
 public:
  explicit ComposeReader(std::string_view text) : text_(text), outline_(read_yaml(text)) {}

  std::vector<ComposeValue> read() {
    if (outline_.unreadable_line > 0) {
      unclear("", outline_.unreadable_line, "is YAML that devinit does not read");
      return std::move(found_);
    }
    const YamlNode* services = outline_.root.find("services");
    if (services == nullptr) return {};
    if (services->kind == NodeKind::alias) unclear("", services->line, "is an alias");
    for (const auto& [name, service] : services->members) {
      if (name == kMerge) {
        unclear("", service.line, "merges services");
      } else {
        read_service(name, service);
      }
    }
    std::ranges::stable_sort(found_, {}, &ComposeValue::line);
    return std::move(found_);
  }

 private:
  void read_service(const std::string& name, const YamlNode& service) {
    if (service.kind == NodeKind::alias) return unclear(name, service.line, "is an alias");
    for (const auto& [key, value] : service.members) {
      if (key == kMerge && may_bring_values(value, 0)) unclear(name, value.line, "merges a name or ports");
      if (key == "container_name") read_container_name(name, value);
      if (key == "ports") read_ports(name, value);
    }
  }

  /// Whether what is merged says a name or ports. An anchor that is merged into itself ends at some depth.
  [[nodiscard]] bool may_bring_values(const YamlNode& node, int depth) const {
    constexpr int kDeepest = 8;
    if (depth > kDeepest) return true;
    if (node.kind == NodeKind::alias) {
      const auto anchor = outline_.anchors.find(text_.substr(node.begin, node.end - node.begin));
      return anchor == outline_.anchors.end() || may_bring_values(anchor->second, depth + 1);
    }
    if (node.find("container_name") != nullptr || node.find("ports") != nullptr) return true;
    const auto inner = [&](const YamlNode& item) { return may_bring_values(item, depth + 1); };
    return std::ranges::any_of(node.items, inner) || std::ranges::any_of(node.members, [&](const YamlMember& member) {
             return member.key == kMerge && inner(member.value);
           });
  }

  void read_container_name(const std::string& service, const YamlNode& name) {
    if (name.kind == NodeKind::alias) return unclear(service, name.line, "has an alias for its container_name");
    if (name.kind != NodeKind::scalar || (name.is_literal && name.begin == name.end)) return;
    const Span span{name.begin, name.end};
    if (in(span).find('$') != std::string_view::npos) return;
    if (!name.is_literal) return unclear(service, name.line, "has a container_name with escapes or line breaks");
    add(Kind::container_name, service, name, span, "");
  }

  void read_ports(const std::string& service, const YamlNode& ports) {
    if (ports.kind == NodeKind::alias) return unclear(service, ports.line, "has an alias for its ports");
    for (const auto& item : ports.items) read_port(service, item);
  }

  void read_port(const std::string& service, const YamlNode& item) {
    if (item.kind == NodeKind::alias || item.find(kMerge) != nullptr)
      return unclear(service, item.line, "has an alias among its ports");
    if (item.kind == NodeKind::scalar) return read_host(service, item, host_side(text_, {item.begin, item.end}));
    const YamlNode* published = item.find("published");
    if (published != nullptr && published->kind == NodeKind::alias)
      return unclear(service, published->line, "has an alias among its ports");
    if (published != nullptr && published->kind == NodeKind::scalar)
      read_host(service, *published, {published->begin, published->end});
  }

  void read_host(const std::string& service, const YamlNode& scalar, Span host) {
    const std::string_view value = in(host);
    if (!scalar.is_literal) return unclear(service, scalar.line, "has a port with escapes or line breaks");
    if (is_number_or_range(value)) return add(Kind::host_port, service, scalar, host, "");
    if (value.find('$') == std::string_view::npos) return;
    const auto variable = variable_in(value);
    if (!variable) return unclear(service, scalar.line, "has the host port " + std::string(value));
    add(Kind::host_port, service, scalar, host, *variable);
  }

  [[nodiscard]] std::string_view in(Span span) const { return text_.substr(span.begin, span.end - span.begin); }

  void add(Kind kind, const std::string& service, const YamlNode& scalar, Span span, const std::string& variable) {
    found_.push_back({kind, service, std::string(in(span)), variable, scalar.line, span.begin, span.end, scalar.begin,
                      scalar.end, scalar.needs_quotes});
  }

  void unclear(const std::string& service, int line, std::string why) {
    found_.push_back({Kind::unclear, service, std::move(why), {}, line, 0, 0, 0, 0, false});
  }

  std::string_view text_;
  YamlOutline outline_;
  std::vector<ComposeValue> found_;
};

}  // namespace

std::vector<ComposeValue> compose_values(std::string_view text) { return ComposeReader(text).read(); }

std::string replacement_for(const ComposeValue& value, const std::vector<ComposeValue>& all) {
  if (value.kind == Kind::unclear) return "";
  if (value.kind == Kind::container_name) return "${PROJECT_NAME}-" + value.value;
  const auto side = side_of(value.service);
  const auto same_service = [&](const ComposeValue& other) {
    return other.kind == value.kind && other.service == value.service;
  };
  const bool is_range = value.variable.empty() && value.value.find('-') != std::string::npos;
  if (!side || is_range || std::ranges::count_if(all, same_service) > 1) return "";
  return *side == Side::backend ? "${BACKEND_PORT}" : "${FRONTEND_PORT}";
}

TextEdit edit_for(const ComposeValue& value, const std::string& replacement, std::string_view text) {
  if (!value.needs_quotes) return {value.begin, value.end, replacement};
  const std::string before(text.substr(value.scalar_begin, value.begin - value.scalar_begin));
  const std::string after(text.substr(value.end, value.scalar_end - value.end));
  return {value.scalar_begin, value.scalar_end, '"' + before + replacement + after + '"'};
}

bool names_project(std::string_view text) { return read_yaml(text).root.find("name") != nullptr; }

}  // namespace devinit::scaffold
