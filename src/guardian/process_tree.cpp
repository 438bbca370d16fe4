#include "guardian/process_tree.hpp"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace devinit::guardian {
namespace {

/// Whole small file into `buffer`, NUL-terminated; its length, or -1.
ssize_t read_file(const char* path, char* buffer, size_t capacity) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  size_t length = 0;
  while (length + 1 < capacity) {
    const ssize_t got = read(fd, buffer + length, capacity - 1 - length);
    if (got <= 0) break;
    length += static_cast<size_t>(got);
  }
  close(fd);
  buffer[length] = '\0';
  return static_cast<ssize_t>(length);
}

}  // namespace

bool read_process(pid_t pid, Process* process) {
  char path[40];
  char text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  if (read_file(path, text, sizeof text) <= 0) return false;
  // "PID (comm) S PPID PGID SID …": comm may hold blanks and parentheses, so look for the last one.
  const char* open_paren = strchr(text, '(');
  const char* close_paren = strrchr(text, ')');
  if (open_paren == nullptr || close_paren == nullptr) return false;
  const size_t name_length = static_cast<size_t>(close_paren - open_paren - 1);
  const size_t kept = name_length < sizeof process->name - 1 ? name_length : sizeof process->name - 1;
  memcpy(process->name, open_paren + 1, kept);
  process->name[kept] = '\0';
  unsigned long long start = 0;
  const int fields = sscanf(close_paren + 1, " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                            &process->state, &process->ppid, &process->pgid, &process->sid, &start);
  process->pid = pid;
  process->start_ticks = start;
  return fields == 5;
}

void Tree::add(const Process& process) {
  if (size_ == capacity_) {
    const int wanted = capacity_ == 0 ? 32 : capacity_ * 2;
    void* grown = realloc(items_, static_cast<size_t>(wanted) * sizeof(Process));
    if (grown == nullptr) return;  // the next round sees the rest
    items_ = static_cast<Process*>(grown);
    capacity_ = wanted;
  }
  items_[size_++] = process;
}

void Tree::add_children(pid_t parent, pid_t thread) {
  char path[64];
  static char text[65536];  // some 9,000 children; the next round sees the rest
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", parent, thread);
  if (read_file(path, text, sizeof text) <= 0) return;
  for (char* at = text; *at != '\0';) {
    char* end = nullptr;
    const long pid = strtol(at, &end, 10);
    if (end == at) break;
    at = end + strspn(end, " ");
    Process process;
    if (read_process(static_cast<pid_t>(pid), &process)) add(process);
  }
}

void Tree::add_children_of_threads(pid_t parent) {
  char path[40];
  snprintf(path, sizeof path, "/proc/%d/task", parent);
  DIR* tasks = opendir(path);
  if (tasks == nullptr) return;
  while (const dirent* entry = readdir(tasks)) {
    const long thread = strtol(entry->d_name, nullptr, 10);
    if (thread > 0) add_children(parent, static_cast<pid_t>(thread));
  }
  closedir(tasks);
}

void Tree::scan_all_processes() {
  size_ = 0;
  DIR* directory = opendir("/proc");
  if (directory == nullptr) return;
  while (const dirent* entry = readdir(directory)) {
    const long pid = strtol(entry->d_name, nullptr, 10);
    Process process;
    if (pid > 0 && read_process(static_cast<pid_t>(pid), &process)) add(process);
  }
  closedir(directory);
  // Keep what descends from us: repeat until a pass finds nothing new.
  const pid_t self = getpid();
  int kept = 0;
  for (bool grown = true; grown;) {
    grown = false;
    for (int i = kept; i < size_; ++i) {
      bool ours = items_[i].ppid == self;
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
  static const bool has_children_file = access("/proc/thread-self/children", F_OK) == 0;  // CONFIG_PROC_CHILDREN
  if (has_children_file) {
    add_children(getpid(), getpid());
    // A child forked by a worker thread is listed under that thread; the array grows while we walk it.
    for (int i = 0; i < size_; ++i) add_children_of_threads(items_[i].pid);
  } else {
    scan_all_processes();
  }
  int living = 0;
  for (int i = 0; i < size_; ++i) {
    if (items_[i].state != 'Z' && items_[i].state != 'X') items_[living++] = items_[i];
  }
  size_ = living;
}

int signal_process(const Process& process, int signal) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0));
  if (pidfd < 0) return errno;
  Process now;
  int error = ESRCH;
  if (read_process(process.pid, &now) && now.start_ticks == process.start_ticks) {
    error = syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0 ? 0 : errno;
  }
  close(pidfd);
  return error;
}

}  // namespace devinit::guardian
