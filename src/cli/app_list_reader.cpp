#include "base/assert.hpp"
#include "cli/app_list.hpp"
#include "cli/owner_line.hpp"
#include "config/json_reader.hpp"
#include "config/text_encoding.hpp"

namespace devinit::cli {
namespace {

using config::JsonValue;
using Kind = JsonValue::Kind;

/// Goes through the whole list, whatever is wrong with parts of it.
class Reader {
 public:
  Reader(const std::string& file, const std::string& host) : file_(file), host_(host) {}

  void read(const JsonValue& root) {
    if (root.kind == Kind::array) return read_apps(root, &Reader::read_old_app);
    if (root.kind != Kind::object) return mistake(root, "a list of apps must stand here", "see `devinit ports export`");
    const auto* apps = root.find("apps");
    const auto* reservations = root.find("reservations");
    if (apps == nullptr && reservations == nullptr) return mistake(root, "`apps` is missing", "see `devinit ports export --json`");
    if (apps != nullptr) read_apps(*apps, &Reader::read_app);
    if (reservations != nullptr) read_apps(*reservations, &Reader::read_reservation);
  }

  config::Diagnostics mistakes;
  AppList list;

 private:
  using ReadItem = void (Reader::*)(const JsonValue&, int);

  void mistake(const JsonValue& at, std::string message, std::string hint = {}) {
    mistakes.push_back({file_, at.line, at.column, std::move(message), std::move(hint)});
  }

  void read_apps(const JsonValue& array, ReadItem read_item) {
    if (array.kind != Kind::array) return mistake(array, "an array must stand here");
    int row = 0;
    for (const auto& item : array.items) {
      ++row;
      if (item.kind != Kind::object) {
        mistake(item, "an object must stand here");
        continue;
      }
      if (is_of_another_host(item)) {
        ++list.of_other_hosts;
      } else {
        (this->*read_item)(item, row);
      }
    }
  }

  bool is_of_another_host(const JsonValue& item) const {
    const auto* host = item.find("host");
    return !host_.empty() && host != nullptr && host->kind == Kind::string && host->text != host_;
  }

  void read_old_app(const JsonValue& item, int row) {
    auto app = read_owner(item, "app_number", row);
    for (const char* role : {"backend", "frontend"}) {
      const auto port = read_port(item, std::string(role) + "_port");
      if (!app || !port) continue;
      app->role = role;
      app->port = *port;
      list.rows.push_back(*app);
    }
  }

  void read_app(const JsonValue& item, int row) {
    auto app = read_owner(item, "app", row);
    const auto* ports = item.find("ports");
    if (ports == nullptr || ports->kind != Kind::object) return mistake(ports == nullptr ? item : *ports, "`ports` must be an object of ports");
    for (const auto& [role, value] : ports->members) {
      const auto port = read_port(*ports, role);
      if (!app || !port) continue;
      if (const auto valid = registry::check_model(role); !valid) {
        mistake(value, config::quoted(role) + " is no role");
        continue;
      }
      app->role = role;
      app->port = *port;
      list.rows.push_back(*app);
    }
  }

  void read_reservation(const JsonValue& item, int /*row*/) {
    const auto name = read_name(item, "name");
    const auto first = read_port(item, "first");
    const auto last = read_port(item, "last");
    if (first && last && *first > *last) return mistake(item, "`first` is above `last`");
    if (name && first && last) list.reservations.push_back({*name, {*first, *last}});
  }

  /// Both are read, so that both mistakes are reported.
  std::optional<registry::ImportRow> read_owner(const JsonValue& item, const std::string& app_key, int row) {
    const auto model = read_name(item, "model");
    const auto* number = item.find(app_key);
    const auto app = number != nullptr && number->kind == Kind::number ? parse_app_number(number->text) : std::nullopt;
    if (!app) {
      const auto found = number == nullptr ? "is missing" : "must be 1 or more, in plain digits";
      mistake(number == nullptr ? item : *number, "`" + app_key + "` " + found);
    }
    if (!model || !app) return std::nullopt;
    return registry::ImportRow{*model, *app, {}, 0, row};
  }

  std::optional<std::string> read_name(const JsonValue& item, const char* key) {
    const auto* value = item.find(key);
    if (value == nullptr) {
      mistake(item, std::string("`") + key + "` is missing");
    } else if (value->kind != Kind::string) {
      mistake(*value, std::string("`") + key + "` must be a string");
    } else if (const auto valid = registry::check_model(value->text); !valid) {
      mistake(*value, std::string("`") + key + "`: " + valid.error().message);
    } else {
      return value->text;
    }
    return std::nullopt;
  }

  std::optional<Port> read_port(const JsonValue& item, const std::string& key) {
    const auto* value = item.find(key);
    if (value == nullptr) {
      mistake(item, config::quoted(key) + " is missing");
      return std::nullopt;
    }
    const auto port = value->kind == Kind::number ? parse_port(value->text) : std::nullopt;
    if (!port) mistake(*value, config::quoted(key) + " must be a port, 1 to 65535");
    return port;
  }

  const std::string& file_;
  const std::string& host_;
};

}  // namespace

Result<AppList> parse_app_list(std::string_view text, const std::string& file, const std::string& host) {
  auto document = config::parse_json(text, file, config::Comments::no, kLargestAppList);
  Reader reader(file, host);
  if (document.complete) reader.read(document.value);
  auto& mistakes = document.diagnostics;
  mistakes.insert(mistakes.end(), reader.mistakes.begin(), reader.mistakes.end());
  if (!mistakes.empty()) return config::to_error(mistakes);
  return std::move(reader.list);
}

}  // namespace devinit::cli
