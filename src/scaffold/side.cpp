#include "scaffold/side.hpp"

#include <algorithm>
#include <string>

namespace devinit::scaffold {
namespace {

bool is_letter(char c) noexcept { return c >= 'a' && c <= 'z'; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool has_word(std::string_view part, std::string_view word) noexcept {
  for (std::size_t at = part.find(word); at != std::string_view::npos; at = part.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_letter(part[at - 1])) && (end == part.size() || !is_letter(part[end]))) return true;
  }
  return false;
}

std::optional<Side> side_of_part(std::string_view written) {
  const std::string part = lower(written);
  const bool backend = part.find("backend") != std::string::npos || has_word(part, "server") || has_word(part, "api");
  const bool frontend = part.find("frontend") != std::string::npos || has_word(part, "client") || has_word(part, "web");
  if (backend == frontend) return std::nullopt;
  return backend ? Side::backend : Side::frontend;
}

}  // namespace

std::optional<Side> side_of(std::string_view path) {
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (const auto side = side_of_part(path.substr(0, end))) return side;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return std::nullopt;
}

}  // namespace devinit::scaffold
