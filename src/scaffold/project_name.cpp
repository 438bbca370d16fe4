#include "scaffold/project_name.hpp"

#include "os/hash.hpp"

namespace devinit::scaffold {
namespace {

constexpr std::size_t kLongest = 63;

/// `_` is allowed in a compose name, but the separators of a model are all the same to people: dots and underscores become dashes.
std::string slug(std::string_view model) {
  std::string text;
  for (const char c : model) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool usable = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    if (usable) {
      text += lower;
    } else if (!text.empty() && text.back() != '-') {
      text += '-';
    }
  }
  while (!text.empty() && text.back() == '-') text.pop_back();
  return text;
}

}  // namespace

std::string preferred_project_name(std::string_view model, std::int64_t app) {
  const std::string suffix = "-app" + std::to_string(app);
  std::string name = slug(model);
  if (name.empty()) name = "model-" + os::short_hash(model).substr(0, 8);
  if (name.size() + suffix.size() > kLongest) {
    const std::string hash = "-" + os::short_hash(model).substr(0, 6);
    name.resize(kLongest - suffix.size() - hash.size());
    while (!name.empty() && name.back() == '-') name.pop_back();
    name += hash;
  }
  return name + suffix;
}

}  // namespace devinit::scaffold
