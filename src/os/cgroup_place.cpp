#include "os/cgroup_place.hpp"

#include <charconv>

namespace devinit::os {
namespace {

/// Calls `visit(line)` until it says true.
template <class Visit>
void for_lines(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (visit(text.substr(0, end))) return;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

/// The `index`-th word, from 0; words are separated by single blanks.
std::string_view word_of(std::string_view line, int index) {
  for (; index > 0; --index) {
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos) return {};
    line.remove_prefix(blank + 1);
  }
  return line.substr(0, line.find(' '));
}

/// mountinfo writes blanks, tabs, newlines and backslashes as \ and three octal digits.
std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      result += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

struct Mount {
  std::string root;  // what of the hierarchy is mounted
  std::string point;
};

/// "31 23 0:28 ROOT POINT OPTIONS … - TYPE SOURCE OPTIONS", proc_pid_mountinfo(5).
Mount mount_of(std::string_view mountinfo) {
  Mount mount;
  for_lines(mountinfo, [&](std::string_view line) {
    if (line.find(" - cgroup2 ") == std::string_view::npos) return false;
    mount = {unescaped(word_of(line, 3)), unescaped(word_of(line, 4))};
    return true;
  });
  return mount;
}

}  // namespace

std::string cgroup_folder(std::string_view mountinfo, std::string_view cgroups) {
  const Mount mount = mount_of(mountinfo);
  std::string own;
  for_lines(cgroups, [&](std::string_view line) {
    if (line.starts_with("0::")) own = line.substr(3);
    return !own.empty();
  });
  if (mount.point.empty() || own.empty() || own.starts_with("/..")) return {};
  if (mount.root == "/") return own == "/" ? mount.point : mount.point + own;
  if (own == mount.root) return mount.point;
  if (!own.starts_with(mount.root + "/")) return {};
  return mount.point + own.substr(mount.root.size());
}

bool has_word(std::string_view line, std::string_view word) noexcept {
  while (!line.empty()) {
    const auto end = line.find_first_of(" \n");
    if (line.substr(0, end) == word) return true;
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  }
  return false;
}

unsigned long long number_after(std::string_view text, std::string_view label) noexcept {
  unsigned long long number = 0;
  for_lines(text, [&](std::string_view line) {
    if (!line.starts_with(label)) return false;
    line.remove_prefix(label.size());
    const auto digits = line.find_first_not_of(" \t");
    if (digits == std::string_view::npos) return false;
    std::from_chars(line.data() + digits, line.data() + line.size(), number);
    return true;
  });
  return number;
}

}  // namespace devinit::os
