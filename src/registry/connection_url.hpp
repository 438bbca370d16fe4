#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace devinit::registry {

/// "postgresql://…" or "postgres://…".
[[nodiscard]] bool is_connection_url(std::string_view text) noexcept;

/// "host=db password=x": libpq's other form, which would be taken for the path of a file. True for a text that begins with one of its keywords
/// and "=".
[[nodiscard]] bool is_keyword_form(std::string_view text) noexcept;

/// Errc::usage for a URL whose password was not written as URLs want it ("@" and "/" as %40 and %2F): libpq would take a part of it for
/// the host, and say it. The message does not repeat the URL.
[[nodiscard]] Result<> check_connection_url(const std::string& url);

/// Everything in the URL that nobody may read, each as it stands there and decoded, the longest first: the password before the host, and
/// the parameters that are not known to be harmless (`password`, `sslpassword`, and what is misspelt).
[[nodiscard]] std::vector<std::string> secrets_of(const std::string& url);

/// The URL with "***" for its passwords and nothing else changed ("postgres" is often both the user and the password).
[[nodiscard]] std::string shown_url(const std::string& url);

/// `text` with the shown URL for the URL and "***" for each of its secrets anywhere else.
[[nodiscard]] std::string hide_secrets(std::string_view text, const std::string& url);

}  // namespace devinit::registry
