#include "cli/text_table.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "cli/sanitize.hpp"

namespace devinit::cli {
namespace {

constexpr std::string_view kGap = "  ";

bool is_plain(char c) { return c >= ' ' && c <= '~'; }

}  // namespace

std::string one_line(std::string text) {
  if (std::ranges::all_of(text, is_plain)) return text;
  text = sanitized(text);
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\t'; }, '?');
  return text;
}

std::size_t columns_of(std::string_view text) noexcept {
  const auto starts_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return static_cast<std::size_t>(std::ranges::count_if(text, starts_character));
}

void TextTable::set_heading(const std::vector<std::string_view>& titles) {
  ASSERT(titles.size() == columns_.size());
  heading_.assign(titles.begin(), titles.end());
  for (std::size_t i = 0; i < titles.size(); ++i) widths_[i] = std::max(widths_[i], columns_of(titles[i]));
}

void TextTable::add_row(std::vector<std::string> cells) {
  ASSERT(cells.size() == columns_.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    auto& cell = cells_.emplace_back(one_line(std::move(cells[i])));
    widths_[i] = std::max(widths_[i], columns_of(cell));
    used_[i] = used_[i] || !cell.empty();
  }
}

std::string TextTable::text(std::size_t most) const {
  std::string text;
  if (!heading_.empty()) append_line(text, heading_.data());
  const auto shown = std::min(rows(), most);
  for (std::size_t row = 0; row < shown; ++row) append_line(text, cells_.data() + row * columns_.size());
  if (!text.empty()) text.pop_back();
  return text;
}

void TextTable::append_line(std::string& text, const std::string* cells) const {
  const auto begin = text.size();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!used_[i]) continue;
    const std::string padding(widths_[i] - columns_of(cells[i]), ' ');
    if (text.size() != begin) text += kGap;
    text += columns_[i] == Align::right ? padding + cells[i] : cells[i] + padding;
  }
  text.erase(std::max(text.find_last_not_of(' ') + 1, begin));
  text += '\n';
}

}  // namespace devinit::cli
