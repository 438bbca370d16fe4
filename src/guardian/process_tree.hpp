#pragma once

#include <sys/types.h>

#include <cstdint>

/// The guardian's view of its descendants. No allocation beyond one growing array, no library types.
namespace devinit::guardian {

struct Process {
  pid_t pid;
  pid_t ppid;
  pid_t pgid;
  pid_t sid;
  std::uint64_t start_ticks;
  char state;
  char name[16];
};

/// Reads /proc/PID/stat; false when there is no such process.
bool read_process(pid_t pid, Process* process);

/// All living (not zombie) descendants of the calling process. As a subreaper it is the ancestor of everything its service
/// ever forked. The array belongs to the tree and is overwritten by the next `scan`.
class Tree {
 public:
  void scan();
  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] const Process& operator[](int index) const { return items_[index]; }

 private:
  void add(const Process& process);
  void add_children(pid_t parent, pid_t thread);
  void add_children_of_threads(pid_t parent);
  void scan_all_processes();

  Process* items_ = nullptr;
  int size_ = 0;
  int capacity_ = 0;
};

/// Sends `signal` through a pidfd after the identity was read again, so that a reused pid is never hit. 0, or errno.
int signal_process(const Process& process, int signal);

}  // namespace devinit::guardian
