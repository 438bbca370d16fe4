#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "scaffold/side.hpp"

namespace devinit::scaffold {

/// Something in a compose file that decides whether two copies of an app can run side by side.
struct ComposeValue {
  enum class Kind {
    container_name,  ///< without a variable
    host_port,       ///< the host's side of a port, whatever it says
    unclear,         ///< what cannot be judged: an alias, a port made of several variables, YAML that is not read
  };
  Kind kind = Kind::container_name;
  std::string service;   ///< empty: of the whole file
  std::string value;     ///< "my-api", "5001", "${OTHER:-9000}"; of what is unclear: a clause that says why
  std::string variable;  ///< of a host port that is one variable with or without a default: "OTHER"
  int line = 0;
  std::size_t begin = 0;  ///< of the value in the text, without quotes
  std::size_t end = 0;
  std::size_t scalar_begin = 0;  ///< of the whole text that it is a part of: "5001:5000"
  std::size_t scalar_end = 0;
  bool needs_quotes = false;  ///< that text has none, and could not hold a variable so
};

/// The fixed container names, every host port of the services' `ports:` (short and long syntax, block and flow style; a port
/// that only names the container's side is given by Docker and left out), and what is unclear, in the order of the text. Names
/// with
/// `$` in them are not fixed. What `extends` and `include` bring in is not seen.
[[nodiscard]] std::vector<ComposeValue> compose_values(std::string_view text);

/// What to put in place of a value so that it differs from app to app; empty when nobody but its author can say: of a service
/// that is neither backend nor frontend, of one that has several host ports, of a range.
[[nodiscard]] std::string replacement_for(const ComposeValue& value, const std::vector<ComposeValue>& all);

/// A stretch of a text, and what is put there.
struct TextEdit {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;
};
/// How `replacement` gets into the text, with quotes where it needs them.
[[nodiscard]] TextEdit edit_for(const ComposeValue& value, const std::string& replacement, std::string_view text);

/// The text has a top-level `name:` of its own.
[[nodiscard]] bool names_project(std::string_view text);

}  // namespace devinit::scaffold
