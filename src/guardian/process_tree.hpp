#pragma once

#include <stdint.h>
#include <sys/types.h>

/// The guardian's view of its descendants.
namespace devinit::guardian {

struct Process {
  pid_t pid;
  pid_t ppid;
  pid_t pgid;
  pid_t sid;
  uint64_t start_ticks;
  char state;
  bool spared;  ///< for the user of a Tree; read_process says false
  long threads;
  char name[16];

  /// A zombie whose other threads run on (its main thread has ended) has not.
  [[nodiscard]] bool has_ended() const { return (state == 'Z' || state == 'X') && threads <= 1; }
  [[nodiscard]] bool is_stopped() const { return state == 'T'; }
};

/// Reads /proc/PID/stat; false when there is no such process.
bool read_process(pid_t pid, Process* process);

/// All living (not zombie) descendants of the calling process, parents before their children. As a subreaper it is the ancestor of everything
/// its service ever forked. A snapshot of what moves: what forks and exits meanwhile may be missed. At most `kMost` at a time: the next
/// scan sees the rest.
class Tree {
 public:
  static constexpr int kMost = 8192;

  void scan();
  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] Process& operator[](int index) { return items_[index]; }

 private:
  void add(const Process& process);
  void add_children(pid_t parent, pid_t thread);
  void add_children_of_threads(pid_t parent);
  void scan_all_processes();

  Process items_[kMost];  // in zeroed memory that costs nothing before it is touched
  int size_ = 0;
  pid_t self_ = 0;
};

/// Sends `signal` through a pidfd after the identity was read again, so that a reused pid is never hit. 0, or an errno.
int signal_process(const Process& process, int signal);

}  // namespace devinit::guardian
