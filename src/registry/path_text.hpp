#pragma once

#include <string>
#include <string_view>

namespace devinit::registry {

/// A path, or the name of a folder, as a text that every database takes: as it is, when it is valid UTF-8 without control characters; else "%:"
/// and the path with these bytes, and "%" itself, as %XX. A path that begins with "%:" is written that way, too, so that each has one text and
/// each text one path.
class PathText {
 public:
  /// `path` must outlive this.
  explicit PathText(std::string_view path);
  PathText(const PathText&) = delete;
  PathText& operator=(const PathText&) = delete;
  [[nodiscard]] std::string_view view() const noexcept { return text_; }

 private:
  std::string encoded_;  ///< empty for a path that is a text itself
  std::string_view text_;
};

/// The inverse: what `text` stands for. A text that `PathText` does not make stands for itself.
void read_path_text(std::string_view text, std::string& path);

}  // namespace devinit::registry
