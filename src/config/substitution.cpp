#include "config/substitution.hpp"

#include "config/replicas.hpp"
#include "config/templates.hpp"
#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

constexpr int kDeepest = 16;
constexpr const char* kForms = "the forms are ${X}, ${X:-default} and ${X:?message}; $${ is a plain ${";

bool is_name_char(char c, bool first) noexcept {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return letter || (!first && c >= '0' && c <= '9');
}

/// The offset of the brace that closes the one just before `begin`, or npos.
std::size_t find_closing_brace(std::string_view text, std::size_t begin) noexcept {
  std::size_t open = 1;
  for (std::size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '{') ++open;
    if (text[i] == '}' && --open == 0) return i;
  }
  return std::string_view::npos;
}

class Substitution {
 public:
  Substitution(const Variables& variables, Templates templates) : variables_(variables), templates_(templates) {}

  Result<std::string> text(std::string_view text, int depth) const {
    std::string result;
    std::size_t at = 0;
    while (at < text.size()) {
      if (text.substr(at, 3) == "$${") {
        result += "${";
        at += 3;
      } else if (text.substr(at, 2) == "${") {
        const std::size_t end = find_closing_brace(text, at + 2);
        if (end == std::string_view::npos) return Error(Errc::config, "a `${` that is never closed", kForms);
        if (depth == kDeepest) return Error(Errc::config, "`${` nested deeper than 16 levels");
        TRY_ASSIGN(const std::string value, group(text.substr(at + 2, end - at - 2), depth));
        result += value;
        at = end + 1;
      } else {
        result += text[at++];
      }
    }
    return result;
  }

 private:
  /// What stands between the braces: a name, then nothing, `:-default` or `:?message`.
  Result<std::string> group(std::string_view body, int depth) const {
    std::size_t length = 0;
    while (length < body.size() && is_name_char(body[length], length == 0)) ++length;
    const std::string name(body.substr(0, length));
    const std::string_view form = body.substr(length, 2);
    if (name.empty() || (!form.empty() && form != ":-" && form != ":?")) {
      return Error(Errc::config, quoted("${" + std::string(body) + "}") + " is not a variable", kForms);
    }
    const auto found = variables_.find(name);
    const bool has_value = found != variables_.end() && !found->second.empty();
    if (has_value) return templates_ == Templates::defuse ? without_index(without_templates(found->second)) : found->second;
    if (form == ":-") return text(body.substr(length + 2), depth + 1);
    if (form == ":?") return missing(name, body.substr(length + 2));
    return std::string();
  }

  static Error missing(const std::string& name, std::string_view message) {
    const std::string why = message.empty() ? "" : ": " + quoted(message);
    return Error(Errc::config, "the variable " + quoted(name) + " is not set" + why, "set it in the environment of devinit");
  }

  const Variables& variables_;
  Templates templates_;
};

}  // namespace

Result<std::string> substitute(std::string_view text, const Variables& variables, Templates templates) {
  return Substitution(variables, templates).text(text, 0);
}

}  // namespace devinit::config
