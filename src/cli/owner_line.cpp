#include "cli/owner_line.hpp"

#include <charconv>

#include "config/json_reader.hpp"
#include "config/text_encoding.hpp"
#include "registry/requests.hpp"

namespace devinit::cli {
namespace {

using config::JsonValue;

constexpr std::int64_t kLargestApp = std::int64_t{1} << 53;

Error no_app_number(std::string_view text) {
  return Error(Errc::usage, config::quoted(text) + " is no app number: it is 1 or more, in plain digits");
}

Result<OwnerLine> checked(std::string_view model, std::string_view app_text) {
  const auto app = parse_app_number(app_text);
  if (!app) return no_app_number(app_text);
  TRY(registry::check_model(model));
  return OwnerLine{std::string(model), *app};
}

Result<OwnerLine> parse_object(std::string_view line) {
  const auto document = config::parse_json(line, "this line", config::Comments::no);
  if (!document.diagnostics.empty()) {
    const auto& first = document.diagnostics.front();
    return Error(Errc::usage, "column " + std::to_string(first.column) + ": " + first.message, first.hint);
  }
  for (const auto& [key, value] : document.value.members) {
    if (key != "model" && key != "app") return Error(Errc::usage, "the key " + config::quoted(key) + " is unknown: there are model and app");
  }
  const auto* model = document.value.find("model");
  const auto* app = document.value.find("app");
  if (model == nullptr || model->kind != JsonValue::Kind::string) return Error(Errc::usage, "`model` must be there, as a string");
  if (app == nullptr || app->kind != JsonValue::Kind::number) return Error(Errc::usage, "`app` must be there, as a number");
  return checked(model->text, app->text);
}

std::string_view without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") + 1 - first);
}

}  // namespace

std::optional<std::int64_t> parse_app_number(std::string_view text) noexcept {
  if (text.empty() || text.front() < '1' || text.front() > '9') return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number > kLargestApp) return std::nullopt;
  return number;
}

Result<std::optional<OwnerLine>> parse_owner_line(std::string_view line) {
  line = without_blanks(line);
  if (line.empty() || line.front() == '#') return std::optional<OwnerLine>();
  if (line.front() == '{') {
    TRY_ASSIGN(auto owner, parse_object(line));
    return std::optional(std::move(owner));
  }
  const auto cut = line.find_last_of(" \t");
  if (cut == std::string_view::npos) return Error(Errc::usage, "MODEL and APP must stand here, not only " + config::quoted(line));
  TRY_ASSIGN(auto owner, checked(without_blanks(line.substr(0, cut)), line.substr(cut + 1)));
  return std::optional(std::move(owner));
}

}  // namespace devinit::cli
