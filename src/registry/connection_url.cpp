#include "registry/connection_url.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"

namespace devinit::registry {
namespace {

constexpr std::string_view kMask = "***";

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    plain += escape ? static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return plain;
}

/// The parts of a URL as libpq divides it (conninfo_uri_parse_options): the credentials end at the first "@" before the first "/".
struct Parts {
  std::string_view credentials;  ///< "user" or "user:password"
  std::string_view rest;         ///< host, port and database
  std::string_view parameters;   ///< after the "?"
};

Parts parts_of(std::string_view url) {
  Parts parts;
  std::string_view text = url.substr(url.find("://") + 3);
  const auto stop = text.find_first_of("@/");
  if (stop != std::string_view::npos && text[stop] == '@') {
    parts.credentials = text.substr(0, stop);
    text.remove_prefix(stop + 1);
  }
  const auto question = text.find('?');
  parts.rest = text.substr(0, question);
  if (question != std::string_view::npos) parts.parameters = text.substr(question + 1);
  return parts;
}

std::string_view password_in(std::string_view credentials) {
  const auto colon = credentials.find(':');
  return colon == std::string_view::npos ? std::string_view() : credentials.substr(colon + 1);
}

/// What libpq calls parameters and nobody minds to read. What is not among them may be a password under a misspelt name.
bool is_harmless(std::string_view key) {
  constexpr std::array<std::string_view, 26> kKnown{
      "application_name", "channel_binding", "client_encoding", "connect_timeout", "dbname",        "fallback_application_name",
      "gssencmode",       "host",            "hostaddr",        "keepalives",      "keepalives_idle", "keepalives_interval",
      "keepalives_count", "krbsrvname",      "load_balance_hosts", "options",       "port",
      "requirepeer",      "service",         "ssl",             "sslcert",         "sslkey",        "sslmode",
      "sslrootcert",      "target_session_attrs", "user"};
  return std::ranges::find(kKnown, key) != kKnown.end();
}

/// The values of the parameters that are passwords, or may be.
std::vector<std::string_view> secret_values(std::string_view parameters) {
  std::vector<std::string_view> values;
  while (!parameters.empty()) {
    const std::string_view parameter = parameters.substr(0, parameters.find('&'));
    parameters.remove_prefix(std::min(parameter.size() + 1, parameters.size()));
    const auto equals = parameter.find('=');
    const std::string key = decoded(parameter.substr(0, equals));  // libpq decodes keys, too
    if (equals != std::string_view::npos && !is_harmless(key)) values.push_back(parameter.substr(equals + 1));
  }
  return values;
}

void replace_all(std::string& text, const std::string& secret) {
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kMask.size())) {
    text.replace(at, secret.size(), kMask);
  }
}

void add(std::vector<std::string>& secrets, std::string_view secret) {
  if (secret.empty()) return;
  secrets.emplace_back(secret);
  if (std::string plain = decoded(secret); plain != secret) secrets.push_back(std::move(plain));
}

}  // namespace

bool is_connection_url(std::string_view text) noexcept { return text.starts_with("postgresql://") || text.starts_with("postgres://"); }

bool is_keyword_form(std::string_view text) noexcept {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return false;
  std::string_view key = text.substr(0, equals);
  while (key.starts_with(' ')) key.remove_prefix(1);
  while (key.ends_with(' ')) key.remove_suffix(1);
  return is_harmless(key) || key.find("pass") != std::string_view::npos;
}

Result<> check_connection_url(const std::string& url) {
  ASSERT(is_connection_url(url));
  if (std::ranges::any_of(url, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; })) {
    return Error(Errc::usage, "the URL of the registry holds blanks or control characters", "write them as %20 …");
  }
  const Parts parts = parts_of(url);
  const std::string_view first_key = parts.parameters.substr(0, parts.parameters.find('='));
  if (parts.rest.find('@') != std::string_view::npos || first_key.find('@') != std::string_view::npos) {
    return Error(Errc::usage, "the URL of the registry has an “@” or a “/” in its user or password", "write them as %40 and %2F");
  }
  return {};
}

std::vector<std::string> secrets_of(const std::string& url) {
  std::vector<std::string> secrets;
  if (!is_connection_url(url)) return secrets;
  const Parts parts = parts_of(url);
  add(secrets, password_in(parts.credentials));
  for (const std::string_view value : secret_values(parts.parameters)) add(secrets, value);
  std::ranges::sort(secrets, std::ranges::greater{}, &std::string::size);
  return secrets;
}

std::string shown_url(const std::string& url) {
  const Parts parts = parts_of(url);
  std::vector<std::string_view> values = secret_values(parts.parameters);
  if (const auto password = password_in(parts.credentials); !password.empty()) values.push_back(password);
  std::ranges::sort(values, std::ranges::greater{}, [](std::string_view value) { return value.data(); });
  std::string shown = url;
  for (const std::string_view value : values) shown.replace(static_cast<std::size_t>(value.data() - url.data()), value.size(), kMask);
  return shown;
}

std::string hide_secrets(std::string_view text, const std::string& url) {
  const std::vector<std::string> secrets = secrets_of(url);
  std::string hidden;
  while (!text.empty()) {
    const auto whole = url.empty() ? std::string_view::npos : text.find(url);
    std::string piece(text.substr(0, whole));
    for (const std::string& secret : secrets) replace_all(piece, secret);
    hidden += piece;
    if (whole == std::string_view::npos) break;
    hidden += is_connection_url(url) ? shown_url(url) : url;
    text.remove_prefix(whole + url.size());
  }
  return hidden;
}

}  // namespace devinit::registry
