#pragma once

#include <string>
#include <string_view>

namespace devinit::config {

/// "app/main.py" → "app.main", "app/__init__.py" → "app": the name by which Python imports a file of the working folder.
[[nodiscard]] std::string python_module(std::string_view file);

/// Where a server finds the application in `source`: the top-level variable assigned from `class_name(…)` or from a factory
/// ("app", "api"), else "create_app --factory" when the source only defines a factory, else "app".
[[nodiscard]] std::string python_app_object(std::string_view source, std::string_view class_name);

}  // namespace devinit::config
