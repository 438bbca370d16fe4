#include "guardian/process_tree.hpp"

#include <errno.h>
#include <fcntl.h>

#include "guardian/syscalls.hpp"
#include "guardian/text.hpp"

namespace devinit::guardian {
namespace {

/// Whole small file into `buffer`, NUL-terminated; its length, or a negative number.
long read_file(const char* path, char* buffer, size_t capacity) {
  const long fd = call(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return fd;
  size_t length = 0;
  while (length + 1 < capacity) {
    const long got = call(__NR_read, fd, buffer + length, capacity - 1 - length);
    if (got <= 0) break;
    length += static_cast<size_t>(got);
  }
  call(__NR_close, fd);
  buffer[length] = '\0';
  return static_cast<long>(length);
}

/// The record that getdents64(2) fills a buffer with.
struct DirectoryEntry {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[1];
};

/// Calls `visit(number)` for every name in `path` that is a number: processes in /proc, threads in /proc/PID/task.
template <class Visit>
void for_each_number_in(const char* path, Visit visit) {
  const long fd = call(__NR_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd < 0) return;
  alignas(8) char buffer[4096];
  for (long got = call(__NR_getdents64, fd, buffer, sizeof buffer); got > 0; got = call(__NR_getdents64, fd, buffer, sizeof buffer)) {
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(buffer + at);
      const uint64_t number = parse_number(entry->name);
      if (number > 0) visit(static_cast<pid_t>(number));
      at += entry->length;
    }
  }
  call(__NR_close, fd);
}

/// The next blank-separated field of `*at`, which may be negative; moves `*at` behind it.
long next_field(const char** at) {
  while (**at == ' ') ++*at;
  const bool negative = **at == '-';
  if (negative) ++*at;
  const auto value = static_cast<long>(parse_number(*at, at));
  while (**at != ' ' && **at != '\0') ++*at;
  return negative ? -value : value;
}

}  // namespace

bool read_process(pid_t pid, Process* process) {
  Text<40> path;
  path << "/proc/" << pid << "/stat";
  char text[1024];
  if (read_file(path.c_str(), text, sizeof text) <= 0) return false;
  // "PID (comm) S PPID PGID SID …": comm may hold blanks and parentheses, so the last one counts.
  const char* open_paren = nullptr;
  const char* close_paren = nullptr;
  for (const char* at = text; *at != '\0'; ++at) {
    if (*at == '(' && open_paren == nullptr) open_paren = at;
    if (*at == ')') close_paren = at;
  }
  if (open_paren == nullptr || close_paren == nullptr || close_paren[1] != ' ') return false;
  size_t kept = 0;
  for (const char* at = open_paren + 1; at < close_paren && kept + 1 < sizeof process->name; ++at) process->name[kept++] = *at;
  process->name[kept] = '\0';
  process->pid = pid;
  process->state = close_paren[2];
  process->spared = false;
  const char* at = close_paren + 3;
  process->ppid = static_cast<pid_t>(next_field(&at));
  process->pgid = static_cast<pid_t>(next_field(&at));
  process->sid = static_cast<pid_t>(next_field(&at));
  constexpr int kFieldsBeforeThreads = 13;  // tty_nr … nice, fields 7 to 19 of proc_pid_stat(5)
  for (int i = 0; i < kFieldsBeforeThreads; ++i) next_field(&at);
  process->threads = next_field(&at);
  next_field(&at);  // itrealvalue
  process->start_ticks = static_cast<uint64_t>(next_field(&at));
  return true;
}

void Tree::add(const Process& process) {
  if (size_ < kMost) items_[size_++] = process;
}

void Tree::add_children(pid_t parent, pid_t thread) {
  Text<64> path;
  path << "/proc/" << parent << "/task/" << thread << "/children";
  static char text[65536];  // some 9,000 children; the next round sees the rest
  if (read_file(path.c_str(), text, sizeof text) <= 0) return;
  for (const char* at = text; *at != '\0';) {
    const char* end = nullptr;
    const uint64_t pid = parse_number(at, &end);
    if (end == at || *end != ' ') break;  // every number is followed by a blank; one that the buffer cut would be a stranger's
    at = end + 1;
    Process process;
    // It may have ended and its pid may be a stranger's by now; or its parent has, and it came to us.
    const bool found = read_process(static_cast<pid_t>(pid), &process);
    if (found && (process.ppid == parent || process.ppid == self_)) add(process);
  }
}

void Tree::add_children_of_threads(pid_t parent) {
  Text<40> path;
  path << "/proc/" << parent << "/task";
  for_each_number_in(path.c_str(), [&](pid_t thread) { add_children(parent, thread); });
}

void Tree::scan_all_processes() {
  for_each_number_in("/proc", [&](pid_t pid) {
    Process process;
    if (read_process(pid, &process)) add(process);
  });
  // Keep what descends from us: repeat until a pass finds nothing new.
  int kept = 0;
  for (bool grown = true; grown;) {
    grown = false;
    for (int i = kept; i < size_; ++i) {
      bool ours = items_[i].ppid == self_;
      for (int k = 0; k < kept && !ours; ++k) ours = items_[i].ppid == items_[k].pid;
      if (!ours) continue;
      const Process found = items_[i];
      items_[i] = items_[kept];
      items_[kept++] = found;
      grown = true;
    }
  }
  size_ = kept;
}

void Tree::scan() {
  size_ = 0;
  self_ = static_cast<pid_t>(call(__NR_getpid));
  // Present with CONFIG_PROC_CHILDREN, as in every large distribution.
  const bool has_children_file = call(__NR_faccessat, AT_FDCWD, "/proc/thread-self/children", 0) == 0;
  if (has_children_file) {
    add_children(self_, self_);
    // A child forked by a worker thread is listed under that thread; the array grows while we walk it.
    for (int i = 0; i < size_; ++i) add_children_of_threads(items_[i].pid);
  } else {
    scan_all_processes();
  }
  int living = 0;
  for (int i = 0; i < size_; ++i) {
    if (!items_[i].has_ended()) items_[living++] = items_[i];
  }
  size_ = living;
}

int signal_process(const Process& process, int signal) {
  const long pidfd = call(__NR_pidfd_open, process.pid, 0);
  if (pidfd < 0) return static_cast<int>(-pidfd);
  Process now;
  long error = -ESRCH;
  if (read_process(process.pid, &now) && now.start_ticks == process.start_ticks) {
    error = call(__NR_pidfd_send_signal, pidfd, signal, 0, 0);
  }
  call(__NR_close, pidfd);
  return static_cast<int>(-error);
}

}  // namespace devinit::guardian
