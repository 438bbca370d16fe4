#pragma once

#include <optional>
#include <string_view>

namespace devinit::scaffold {

/// The two sides of an app.
enum class Side { backend, frontend };

/// The side that a file lies in, by its path: the first part, from the outermost folder to the file's own name, that says one.
/// A part says backend when "backend" is in it or one of its words is "server" or "api", frontend for "frontend", or "client"
/// or "web"; a part that says both says nothing. Words are runs of letters, in any case: `my-server/main.py` is backend,
/// `observer.py` is neither.
[[nodiscard]] std::optional<Side> side_of(std::string_view path);

}  // namespace devinit::scaffold
