#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace devinit::cli {

/// Lines of aligned columns. A column that is empty in every row is left out; the first row is the heading.
class TextTable {
 public:
  enum class Align { left, right };
  explicit TextTable(std::vector<Align> columns) : columns_(std::move(columns)), widths_(columns_.size()), used_(columns_.size()) {}

  void set_heading(const std::vector<std::string_view>& titles);
  /// One cell a column; foreign text is made safe, and one line.
  void add_row(std::vector<std::string> cells);
  [[nodiscard]] std::size_t rows() const noexcept { return columns_.empty() ? 0 : cells_.size() / columns_.size(); }

  /// The heading and at most `most` rows, each line ended by a newline except the last one.
  [[nodiscard]] std::string text(std::size_t most = static_cast<std::size_t>(-1)) const;

 private:
  void append_line(std::string& text, const std::string* cells) const;

  std::vector<Align> columns_;
  std::vector<std::size_t> widths_;
  std::vector<bool> used_;
  std::vector<std::string> heading_;
  std::vector<std::string> cells_;
};

/// Foreign text as one line that is safe for a terminal.
[[nodiscard]] std::string one_line(std::string text);

/// Columns that UTF-8 text takes, a code point each: exact but for wide and combining characters.
[[nodiscard]] std::size_t columns_of(std::string_view text) noexcept;

}  // namespace devinit::cli
