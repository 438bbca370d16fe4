#include "scaffold/compose_file.hpp"

#include <algorithm>
#include <optional>

namespace devinit::scaffold {
namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr std::string_view kDigits = "0123456789";

/// A stretch of the text.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  [[nodiscard]] bool empty() const noexcept { return begin >= end; }
};

Span trimmed(std::string_view text, Span span) {
  while (!span.empty() && kBlanks.find(text[span.begin]) != std::string_view::npos) ++span.begin;
  while (!span.empty() && kBlanks.find(text[span.end - 1]) != std::string_view::npos) --span.end;
  return span;
}

/// Without a comment, which begins with `#` at the start or behind a blank, outside of quotes.
Span without_comment(std::string_view text, Span span) {
  char quote = 0;
  for (std::size_t at = span.begin; at < span.end; ++at) {
    const char c = text[at];
    if (quote != 0) {
      quote = c == quote ? '\0' : quote;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#' && (at == span.begin || kBlanks.find(text[at - 1]) != std::string_view::npos)) {
      return {span.begin, at};
    }
  }
  return span;
}

Span without_quotes(std::string_view text, Span span) {
  const bool quoted = span.end - span.begin >= 2 && (text[span.begin] == '"' || text[span.begin] == '\'') &&
                      text[span.end - 1] == text[span.begin];
  return quoted ? Span{span.begin + 1, span.end - 1} : span;
}

std::string_view in(std::string_view text, Span span) { return text.substr(span.begin, span.end - span.begin); }

/// `key: value`; the value may be empty.
struct Member {
  std::string_view key;
  Span value;
};
std::optional<Member> member_in(std::string_view text, Span span) {
  const std::size_t colon = in(text, span).find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::size_t after = span.begin + colon + 1;
  if (after < span.end && kBlanks.find(text[after]) == std::string_view::npos) return std::nullopt;
  const Span key = without_quotes(text, {span.begin, span.begin + colon});
  return Member{in(text, key), without_quotes(text, trimmed(text, {after, span.end}))};
}

/// The host's side of "[IP:]HOST:CONTAINER[/PROTOCOL]"; empty when there is none.
Span host_side(std::string_view text, Span span) {
  const std::string_view mapping = in(text, span);
  const std::size_t last = mapping.rfind(':');
  if (last == std::string_view::npos) return {};
  const std::size_t before = last == 0 ? std::string_view::npos : mapping.rfind(':', last - 1);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  return {span.begin + begin, span.begin + last};
}

bool is_fixed_port(std::string_view value) {
  return !value.empty() && value.find_first_not_of("0123456789-") == std::string_view::npos;
}

/// Follows the indentation: top-level key, service, key of the service.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::vector<FixedValue> read() {
    for (std::size_t at = 0; at < text_.size();) {
      const std::size_t newline = std::min(text_.find('\n', at), text_.size());
      ++line_;
      read_line({at, newline});
      at = newline + 1;
    }
    return std::move(found_);
  }

 private:
  void read_line(Span line) {
    const Span content = trimmed(text_, without_comment(text_, line));
    if (content.empty()) return;
    const std::size_t indent = content.begin - line.begin;
    if (indent == 0) return read_top_level(content);
    if (!in_services_) return;
    if (service_indent_ == 0) service_indent_ = indent;
    if (indent <= service_indent_) return read_service(content);
    read_inside(content, indent);
  }

  void read_top_level(Span content) {
    const auto member = member_in(text_, content);
    in_services_ = member && member->key == "services";
    service_indent_ = 0;
    leave_ports();
  }

  void read_service(Span content) {
    const auto member = member_in(text_, content);
    service_ = member ? std::string(member->key) : std::string();
    key_indent_ = 0;
    leave_ports();
  }

  void read_inside(Span content, std::size_t indent) {
    const bool is_item = text_[content.begin] == '-';
    if (in_ports_ && (indent > key_indent_ || (indent == key_indent_ && is_item))) return read_port(content, is_item);
    leave_ports();
    if (key_indent_ == 0) key_indent_ = indent;
    if (indent == key_indent_) read_key(content);
  }

  void read_key(Span content) {
    const auto member = member_in(text_, content);
    if (!member) return;
    if (member->key == "container_name") {
      const bool fixed = !member->value.empty() && in(text_, member->value).find('$') == std::string_view::npos;
      if (fixed) add(FixedValue::Kind::container_name, member->value);
    }
    in_ports_ = member->key == "ports";
    if (in_ports_ && !member->value.empty() && text_[member->value.begin] == '[') read_flow(member->value);
  }

  /// `[ "5001:5000", "9000:9000" ]`
  void read_flow(Span list) {
    std::size_t at = list.begin + 1;
    const std::size_t end = text_[list.end - 1] == ']' ? list.end - 1 : list.end;
    while (at < end) {
      const std::size_t comma = std::min(text_.find(',', at), end);
      read_mapping(without_quotes(text_, trimmed(text_, {at, comma})));
      at = comma + 1;
    }
  }

  void read_port(Span content, bool is_item) {
    if (is_item) content = trimmed(text_, {content.begin + 1, content.end});
    if (content.empty()) return;
    const auto member = member_in(text_, content);
    if (!member) return read_mapping(without_quotes(text_, content));
    if (member->key == "published" && is_fixed_port(in(text_, member->value))) add(FixedValue::Kind::host_port, member->value);
  }

  void read_mapping(Span mapping) {
    const Span host = host_side(text_, mapping);
    if (is_fixed_port(in(text_, host))) add(FixedValue::Kind::host_port, host);
  }

  void add(FixedValue::Kind kind, Span value) {
    found_.push_back({kind, service_, std::string(in(text_, value)), line_, value.begin, value.end});
  }

  void leave_ports() { in_ports_ = false; }

  std::string_view text_;
  std::vector<FixedValue> found_;
  std::string service_;
  int line_ = 0;
  bool in_services_ = false;
  bool in_ports_ = false;
  std::size_t service_indent_ = 0;
  std::size_t key_indent_ = 0;
};

}  // namespace

std::vector<FixedValue> fixed_values(std::string_view text) { return Reader(text).read(); }

std::string replacement_for(const FixedValue& fixed, const std::vector<FixedValue>& all) {
  if (fixed.kind == FixedValue::Kind::container_name) return "${PROJECT_NAME}-" + fixed.value;
  const auto side = side_of(fixed.service);
  const auto same_service = [&](const FixedValue& other) { return other.kind == fixed.kind && other.service == fixed.service; };
  const bool is_range = fixed.value.find_first_not_of(kDigits) != std::string::npos;
  if (!side || is_range || std::ranges::count_if(all, same_service) > 1) return "";
  return *side == Side::backend ? "${BACKEND_PORT}" : "${FRONTEND_PORT}";
}

bool names_project(std::string_view text) {
  return text.starts_with("name:") || text.find("\nname:") != std::string_view::npos;
}

}  // namespace devinit::scaffold
