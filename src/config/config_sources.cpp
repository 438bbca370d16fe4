#include "config/config_sources.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "config/json_merge.hpp"
#include "config/project_folder.hpp"
#include "config/project_path.hpp"
#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

std::string folder_of(const std::string& file) {
  const auto slash = file.rfind('/');
  return slash == std::string::npos ? std::string() : file.substr(0, slash);
}

class SourceReader {
 public:
  SourceReader(const ProjectFiles& files, Mistakes& mistakes) : files_(files), mistakes_(mistakes) {}

  [[nodiscard]] bool complete() const noexcept { return complete_; }

  /// `text` with what it includes. A root that is no object is left to the reader of the configuration.
  JsonValue resolve(const std::string& path, std::string_view text, int file) {
    auto document = parse_json(text, path, Comments::yes);
    mistakes_.add(document.diagnostics, file);
    complete_ = complete_ && document.complete;
    JsonValue& own = document.value;
    set_file(own, file);
    if (!document.complete || own.kind != JsonValue::Kind::object) return std::move(own);
    const JsonValue* includes = own.find("include");
    if (includes == nullptr) return std::move(own);
    JsonValue whole;
    whole.kind = JsonValue::Kind::object;
    whole.line = own.line;
    whole.column = own.column;
    whole.file = file;
    trail_.push_back(path);
    merge_includes(*includes, whole);
    trail_.pop_back();
    remove_member(own, "include");
    merge_members(whole, std::move(own));
    return whole;
  }

  /// Nothing when there is none.
  std::optional<JsonValue> resolve_overlay(const std::string& path) {
    const auto text = read(path, Position{});  // nobody has named it
    return text && *text ? std::optional(resolve_further(path, **text)) : std::nullopt;
  }

 private:
  JsonValue resolve_included(const std::string& path, Position at) {
    const auto text = read(path, at);
    if (text && *text) return resolve_further(path, **text);
    if (text) fail(at, quoted(path) + " is not there", "relative to the folder of the file that includes it");
    return {};
  }

  Result<std::optional<std::string>> read(const std::string& path, Position at) {
    auto text = files_.read_edited(path);
    if (!text) fail(at, text.error().message, text.error().hint);
    return text;
  }

  JsonValue resolve_further(const std::string& path, const std::string& text) {
    const int file = mistakes_.add_file(path);
    JsonValue value = resolve(path, text, file);
    const bool sound = value.kind == JsonValue::Kind::object || !complete_;
    if (!sound && !already_reported(value)) {
      mistakes_.add(value, quoted(path) + " must be an object, not " + describe_value(value));
    }
    complete_ = complete_ && sound;
    return value;
  }

  void merge_includes(const JsonValue& includes, JsonValue& whole) {
    for (const auto& [text, at] : read_strings(includes, "include", mistakes_)) {
      const auto path = text.front() == '/' ? std::nullopt : inside_project(join_path(folder_of(trail_.back()), text));
      if (!path || path->empty()) {
        fail(at, "`include` " + quoted(text) + " is no file inside the project", "relative to the folder of this file");
      } else if (may_include(*path, at)) {
        merge_members(whole, included(*path, at));
      }
    }
  }

  /// Read once, however many files include it.
  const JsonValue& included(const std::string& path, Position at) {
    const auto known = resolved_.find(path);
    if (known != resolved_.end()) return known->second;
    JsonValue value = resolve_included(path, at);
    return resolved_.emplace(path, std::move(value)).first->second;
  }

  bool may_include(const std::string& path, Position at) {
    const auto first = std::find(trail_.begin(), trail_.end(), path);
    if (first != trail_.end()) {
      std::string cycle;
      for (auto step = first; step != trail_.end(); ++step) cycle += *step + " -> ";
      fail(at, "a cycle of includes: " + cycle + path, "one of them has to do without the other");
    } else if (trail_.size() == kDeepestInclude) {
      fail(at, "includes deeper than " + std::to_string(kDeepestInclude) + " files");
    } else if (mistakes_.files().size() == kMostFiles && resolved_.count(path) == 0) {
      fail(at, "more than " + std::to_string(kMostFiles) + " files in one configuration");
    } else {
      return true;
    }
    return false;
  }

  void fail(Position at, std::string message, std::string hint = {}) {
    mistakes_.add(at, std::move(message), std::move(hint));
    complete_ = false;
  }

  const ProjectFiles& files_;
  Mistakes& mistakes_;
  std::vector<std::string> trail_;             ///< who includes whom, down to the file that is being read
  std::map<std::string, JsonValue> resolved_;  ///< with what each includes
  bool complete_ = true;
};

}  // namespace

std::optional<JsonValue> read_config_sources(std::string_view text, const std::string& file, const ProjectFiles& files,
                                             Mistakes& mistakes) {
  SourceReader reader(files, mistakes);
  JsonValue whole = reader.resolve(file, text, 0);
  const std::string local = join_path(folder_of(file), kLocalOverlay);
  if (whole.kind == JsonValue::Kind::object) {
    auto overlay = reader.resolve_overlay(local);
    if (overlay && reader.complete()) merge_members(whole, std::move(*overlay));
  }
  if (!reader.complete()) return std::nullopt;
  return whole;
}

}  // namespace devinit::config
