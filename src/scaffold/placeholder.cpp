#include "scaffold/placeholder.hpp"

namespace devinit::scaffold {
namespace {

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";

bool is_name_start(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_char(char c) noexcept { return is_name_start(c) || (c >= '0' && c <= '9'); }

std::size_t after_blanks(std::string_view text, std::size_t at) noexcept {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
  return at;
}

/// Reads `{{name}}` that begins exactly at `at`.
std::optional<Placeholder> read_at(std::string_view text, std::size_t at) noexcept {
  if (!text.substr(at).starts_with(kOpen)) return std::nullopt;
  const std::size_t begin = after_blanks(text, at + kOpen.size());
  std::size_t end = begin;
  while (end < text.size() && is_name_char(text[end])) ++end;
  if (end == begin || !is_name_start(text[begin])) return std::nullopt;
  const std::size_t close = after_blanks(text, end);
  if (!text.substr(close).starts_with(kClose)) return std::nullopt;
  return Placeholder{text.substr(begin, end - begin), at, close + kClose.size() - at, false};
}

/// Reads `{{{{name}}}}` that begins exactly at `at`.
std::optional<Placeholder> read_escaped_at(std::string_view text, std::size_t at) noexcept {
  if (!text.substr(at).starts_with("{{{{")) return std::nullopt;
  const auto inner = read_at(text, at + kOpen.size());
  if (!inner || !text.substr(inner->offset + inner->length).starts_with(kClose)) return std::nullopt;
  return Placeholder{inner->name, at, inner->length + kOpen.size() + kClose.size(), true};
}

std::size_t end_of_run(std::string_view text, std::size_t at) noexcept {
  while (at < text.size() && text[at] == '{') ++at;
  return at;
}

/// The placeholder of one run of opening braces, which begins at `at` and ends before `end`.
std::optional<Placeholder> read_run(std::string_view text, std::size_t at, std::size_t end) noexcept {
  if (end - at == 2 && at > 0 && text[at - 1] == '$') return std::nullopt;
  if (end - at >= 4) {
    if (const auto escaped = read_escaped_at(text, end - 4)) return escaped;
  }
  return read_at(text, end - 2);
}

}  // namespace

std::optional<Placeholder> next_placeholder(std::string_view text, std::size_t from) noexcept {
  for (std::size_t at = text.find(kOpen, from); at != std::string_view::npos; at = text.find(kOpen, at)) {
    const std::size_t end = end_of_run(text, at);
    if (const auto found = read_run(text, at, end)) return found;
    at = end;
  }
  return std::nullopt;
}

std::string fill(std::string_view text, const ValueOf& value_of) {
  std::string filled;
  std::size_t done = 0;
  for (auto found = next_placeholder(text, 0); found; found = next_placeholder(text, done)) {
    filled += text.substr(done, found->offset - done);
    done = found->offset + found->length;
    const std::string_view written = text.substr(found->offset, found->length);
    const auto value = found->escaped ? std::nullopt : value_of(found->name);
    if (found->escaped) {
      filled += written.substr(2, written.size() - 4);
    } else {
      filled += value ? std::string_view(*value) : written;
    }
  }
  filled += text.substr(done);
  return filled;
}

}  // namespace devinit::scaffold
