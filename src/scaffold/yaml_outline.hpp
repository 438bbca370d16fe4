#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devinit::scaffold {

struct YamlMember;

/// A value of a YAML text, and where it stands: for tools that look for something in a file that people write, and change a few
/// bytes of it.
struct YamlNode {
  enum class Kind { nothing, scalar, list, mapping, alias };
  Kind kind = Kind::nothing;
  int line = 0;               ///< from 1
  std::size_t begin = 0;      ///< scalar: of its text, without quotes; alias: of its name
  std::size_t end = 0;        ///< of the same
  bool is_literal = true;     ///< a scalar's text means what is written: no escapes, one line
  bool needs_quotes = false;  ///< a scalar without quotes in flow style, where braces would mean something
  std::vector<YamlNode> items;
  std::vector<YamlMember> members;  ///< in the order of the text

  /// Null for a key that is not there, and for what is no mapping.
  [[nodiscard]] const YamlNode* find(std::string_view key) const noexcept;
};
struct YamlMember {
  std::string key;
  YamlNode value;
};

struct YamlOutline {
  YamlNode root;
  std::map<std::string, YamlNode, std::less<>> anchors;
  int unreadable_line = 0;  ///< where reading stopped; 0: the text was read to its end
};

/// Reads one document: block and flow style, all kinds of scalars, comments, anchors and aliases (which are not resolved); tags
/// are passed over. Not read: complex keys (`? `), several documents, more than 64 levels. Linear in the text.
[[nodiscard]] YamlOutline read_yaml(std::string_view text);

}  // namespace devinit::scaffold
