#include "os/proc_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <climits>
#include <cstddef>
#include <cstring>

#include "base/assert.hpp"
#include "os/fd.hpp"

namespace devinit::os {

namespace {

constexpr std::size_t kLargestFile = std::size_t{16} << 20;

UniqueFd open_for_reading(const char* path, int flags = 0) noexcept {
  return UniqueFd(::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | flags));
}

ssize_t read_retrying(int fd, char* buffer, std::size_t size) noexcept {
  for (;;) {
    const ssize_t count = ::read(fd, buffer, size);
    if (count >= 0 || errno != EINTR) return count;
  }
}

/// Adds every number among the records of one getdents64(2) answer.
void append_numeric_names(const char* records, std::size_t size, std::vector<pid_t>& numbers) {
  for (std::size_t at = 0; at < size;) {
    unsigned short length = 0;
    std::memcpy(&length, records + at + offsetof(dirent64, d_reclen), sizeof length);
    const char* name = records + at + offsetof(dirent64, d_name);
    const char* end = name + std::strlen(name);
    pid_t number = 0;
    if (const auto [stop, error] = std::from_chars(name, end, number); error == std::errc{} && stop == end) {
      numbers.push_back(number);
    }
    at += length;
  }
}

}  // namespace

ProcPath::ProcPath(pid_t pid, std::string_view name) noexcept {
  append("/proc/");
  append(pid);
  append("/");
  append(name);
}

ProcPath ProcPath::children_of_thread(pid_t pid, pid_t thread) noexcept {
  ProcPath path(pid, "task/");
  path.append(thread);
  path.append("/children");
  return path;
}

void ProcPath::append(std::string_view part) noexcept {
  ASSERT(size_ + part.size() < text_.size());
  std::memcpy(text_.data() + size_, part.data(), part.size());
  size_ += part.size();
}

void ProcPath::append(pid_t number) noexcept {
  std::array<char, 16> digits{};
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  append(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
}

std::optional<std::string_view> read_start(const char* path, std::span<char> buffer) noexcept {
  const UniqueFd file = open_for_reading(path);
  if (!file.valid()) return std::nullopt;
  const ssize_t count = read_retrying(file.get(), buffer.data(), buffer.size());
  if (count < 0) return std::nullopt;
  return std::string_view(buffer.data(), static_cast<std::size_t>(count));
}

std::optional<std::string> read_whole(const char* path) {
  const UniqueFd file = open_for_reading(path);
  if (!file.valid()) return std::nullopt;
  std::string text;
  std::array<char, 8192> buffer;
  while (text.size() < kLargestFile) {
    const ssize_t count = read_retrying(file.get(), buffer.data(), buffer.size());
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

std::string read_link(const char* path) {
  std::array<char, PATH_MAX> target;
  const ssize_t length = ::readlink(path, target.data(), target.size());
  return length < 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(length));
}

bool append_numbers_in(const char* directory, std::vector<pid_t>& numbers) {
  const UniqueFd folder = open_for_reading(directory, O_DIRECTORY);
  if (!folder.valid()) return false;
  alignas(dirent64) std::array<char, 8192> records;
  for (;;) {
    // readdir(3) would allocate 32 kB for each of the many folders that hold one entry.
    const ssize_t size = ::getdents64(folder.get(), records.data(), records.size());
    if (size <= 0) return true;
    append_numeric_names(records.data(), static_cast<std::size_t>(size), numbers);
  }
}

bool append_numbers_of(const char* path, std::vector<pid_t>& numbers) {
  const UniqueFd file = open_for_reading(path);
  if (!file.valid()) return false;
  std::array<char, 4096> buffer;
  pid_t number = 0;  // carried over, because a number may be cut by the end of the buffer
  for (;;) {
    const ssize_t count = read_retrying(file.get(), buffer.data(), buffer.size());
    if (count <= 0) break;
    for (const char c : std::string_view(buffer.data(), static_cast<std::size_t>(count))) {
      if (c >= '0' && c <= '9') {
        number = number * 10 + (c - '0');
      } else if (number != 0) {
        numbers.push_back(number);
        number = 0;
      }
    }
  }
  if (number != 0) numbers.push_back(number);
  return true;
}

}  // namespace devinit::os
