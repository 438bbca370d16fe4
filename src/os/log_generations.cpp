#include "os/log_generations.hpp"

namespace devinit::os {
namespace {

/// More files than any log has: 100 of a service, 200 of a run (config/run_file.cpp).
constexpr int kMostFiles = 256;
/// A writer would have to rotate between two of our system calls each time.
constexpr int kMostTries = 100;

/// Calls `exists(number)` from NAME.log upward, until two names in a row are vacant: a rotation that goes on leaves one.
template <class Visit>
void upward(const Visit& exists) {
  for (int number = 0, vacant = 0; vacant < 2 && number < kMostFiles; ++number) vacant = exists(number) ? 0 : vacant + 1;
}

}  // namespace

std::string LogGenerations::name(int number) const { return number == 0 ? path_ : path_ + "." + std::to_string(number); }

std::optional<LogFile> LogGenerations::newest() const {
  auto file = LogFile::open(name(0));
  return file ? std::move(file) : LogFile::open(name(1));
}

std::optional<LogFile> LogGenerations::oldest() const {
  std::optional<LogFile> oldest;
  upward([&](int number) {
    auto file = LogFile::open(name(number));
    const bool exists = file.has_value();
    if (exists) oldest = std::move(file);
    return exists;
  });
  return oldest;
}

bool LogGenerations::has_moved_on(const LogFile& file) const {
  auto written = file_id(name(0));
  if (!written) written = file_id(name(1));
  return written && *written != file.id();
}

std::optional<int> LogGenerations::number_of(const FileId& id) const {
  std::optional<int> found;
  upward([&](int number) {
    const auto seen = file_id(name(number));
    if (seen == id) found = number;  // perhaps for the second time, after it was renamed
    return seen.has_value();
  });
  return found;
}

std::optional<LogGenerations::Successor> LogGenerations::after(const LogFile& finished) const {
  for (int tries = 0; tries < kMostTries; ++tries) {
    const auto number = number_of(finished.id());
    if (!number) return survivor_after(finished);
    // In the middle of a rotation one name is vacant; then it is the file before that.
    int next = *number - 1;
    std::optional<LogFile> file;
    while (next >= 0 && !(file = LogFile::open(name(next)))) --next;
    if (!file) return std::nullopt;
    bool undisturbed = true;
    for (int between = next + 1; between < *number; ++between) undisturbed = undisturbed && !file_id(name(between));
    if (undisturbed && file_id(name(*number)) == finished.id()) return Successor{std::move(*file), false};
  }
  return std::nullopt;
}

/// The oldest file that was written after `lost`. Older ones can lie around: from a time when more files were kept.
std::optional<LogGenerations::Successor> LogGenerations::survivor_after(const LogFile& lost) const {
  std::optional<Successor> survivor;
  upward([&](int number) {
    auto file = LogFile::open(name(number));
    if (!file) return false;
    if (number == 0 || file->written_at() > lost.written_at()) survivor = Successor{std::move(*file), number > 0};
    return true;
  });
  return survivor;
}

void LogGenerations::prune(int keep) const {
  for (int number = keep; number < kMostFiles; ++number) remove_file(name(number));
}

}  // namespace devinit::os
