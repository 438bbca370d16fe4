// The guardian: the parent of one service.
//
// It is a subreaper in a session of its own, so every process that the service ever forks stays its descendant, whatever it does
// (setsid, double fork, nohup). When the supervisor's end of the control socket closes, however the supervisor died, the guardian
// ends the whole tree: the stop signal, a grace, SIGKILL until waitpid(2) says ECHILD. That ECHILD is the only proof of "empty" that needs
// no privileges, and the only meaning of "stopped".
//
// One thread only: the parent-death signal of the service fires when the *thread* that forked it ends. It also drains the service's
// output, so that a dead or stopped supervisor never blocks a service or breaks its pipe.
//
// Usage: svguard LOGFILE MAX_SIZE KEEP STOP_SIGNAL STOP_TARGET GRACE_MS SPARED[,SPARED…] PROGRAM ARGV0 [ARGUMENT…]
// PROGRAM is a path. Environment and working directory are the service's. Descriptor 3 is the control socket (protocol.hpp).

#include <errno.h>
#include <fcntl.h>
#include <linux/time_types.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <initializer_list>
#include <new>

#include "guardian/log_sink.hpp"
#include "guardian/process_tree.hpp"
#include "guardian/protocol.hpp"
#include "guardian/syscalls.hpp"
#include "guardian/text.hpp"

namespace devinit::guardian {
namespace {

using Ms = long long;

/// Output is read at most this often, unless a read filled the buffer: 10,000 single lines a second cost 500 wake-ups, not 10,000.
constexpr Ms kCoalesce = 2;
/// SIGKILL rounds against a tree that forks faster than it dies end here, and the survivors are reported.
constexpr Ms kKillBudget = 10'000;

constexpr int kMonotonic = 1;     // CLOCK_MONOTONIC
constexpr int kSetMask = 2;       // SIG_SETMASK
constexpr int kNoWait = 1;        // WNOHANG
constexpr size_t kSignalSet = 8;  // bytes of the kernel's sigset_t
constexpr uint64_t bit(int signal) { return uint64_t{1} << (signal - 1); }

Ms now_ms() {
  __kernel_timespec now;
  call(__NR_clock_gettime, kMonotonic, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

void close(int fd) { call(__NR_close, fd); }

class Guardian {
 public:
  Guardian(char** arguments, char** environment);
  int run();

 private:
  enum class Phase { running, stopping, killing };

  bool launch();
  [[noreturn]] void run_child(const int (&out)[2], const int (&err)[2], const int (&in)[2]);
  void loop();
  Ms next_timeout(Ms now) const;
  void on_control();
  void on_children();
  bool drain(int* fd);
  void begin_stop(int signal, Target target, Ms grace);
  void begin_kill();
  void signal_tree(int signal, bool stragglers_only);
  void on_deadline();
  bool only_spared_left();
  bool is_spared(const Process& process) const;
  void report(ReportKind kind, int value, uint64_t extra = 0) const;
  void finish_empty();

  const char* program_;
  char** command_;
  char** environment_;
  const char* spared_names_;
  Order on_supervisor_loss_;
  LogSink log_;
  Tree tree_;

  const pid_t self_ = static_cast<pid_t>(call(__NR_getpid));
  volatile int* exec_failure_ = nullptr;  // in memory shared with the child: the errno of its exec
  int control_ = kControlFd;
  int signals_ = -1;
  int out_ = -1;
  int err_ = -1;
  int stdin_keeper_ = -1;  // the service's stdin never reaches its end: watchers exit on that
  pid_t leader_ = -1;
  bool leader_alive_ = false;
  int leader_status_ = 0;

  Phase phase_ = Phase::running;
  bool stragglers_told_ = false;
  Ms deadline_ = -1;       // end of the grace, or of the kill budget
  Ms next_round_ = -1;     // next SIGKILL round
  Ms round_pause_ = 1;
  Ms muted_until_ = 0;     // output is not read before
  bool done_ = false;
};

Guardian::Guardian(char** arguments, char** environment) : environment_(environment) {
  log_.open(arguments[0], parse_number(arguments[1]), static_cast<int>(parse_number(arguments[2])));
  on_supervisor_loss_ = {OrderKind::stop, static_cast<int>(parse_number(arguments[3])), static_cast<Target>(parse_number(arguments[4])),
                         static_cast<uint32_t>(parse_number(arguments[5]))};
  spared_names_ = arguments[6];
  program_ = arguments[7];
  command_ = arguments + 8;
}

void Guardian::report(ReportKind kind, int value, uint64_t extra) const {
  const Report record{kind, value, extra};
  // A supervisor that is gone does not read; the tree is ended because of the same end of file.
  if (control_ >= 0) call(__NR_sendto, control_, &record, sizeof record, MSG_NOSIGNAL, 0, 0);
}

void Guardian::run_child(const int (&out)[2], const int (&err)[2], const int (&in)[2]) {
  call(__NR_setpgid, 0, 0);
  call(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  const bool orphaned = call(__NR_getppid) != self_;  // the guardian died before the line above
  const uint64_t none = 0;
  call(__NR_rt_sigprocmask, kSetMask, &none, 0, kSignalSet);
  call(__NR_dup3, in[0], 0, 0);
  call(__NR_dup3, out[1], 1, 0);
  call(__NR_dup3, err[1], 2, 0);
  // Everything else is close-on-exec.
  if (!orphaned) *exec_failure_ = static_cast<int>(-call(__NR_execve, program_, command_, environment_));
  if (*exec_failure_ == ENOEXEC) {  // a script without a first line: what a shell would do. PROGRAM stands before ARGV0 in our own argv
    char shell[] = "/bin/sh";
    command_[0] = command_[-1];
    command_[-1] = shell;
    *exec_failure_ = static_cast<int>(-call(__NR_execve, shell, command_ - 1, environment_));
  }
  for (;;) call(__NR_exit_group, 127);
}

bool Guardian::launch() {
  int in[2];
  int out[2];
  int err[2];
  const long shared = call(__NR_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  long error = shared < 0 && shared > -4096 ? shared : 0;
  for (auto* ends : {&in, &out, &err}) {
    if (error == 0) error = call(__NR_pipe2, *ends, O_CLOEXEC);
  }
  if (error != 0) {
    report(ReportKind::exec_failed, static_cast<int>(-error), 1);
    return false;
  }
  exec_failure_ = reinterpret_cast<volatile int*>(shared);
  call(__NR_fcntl, out[0], F_SETFL, O_NONBLOCK);
  call(__NR_fcntl, err[0], F_SETFL, O_NONBLOCK);
  const long child = call(__NR_clone, SIGCHLD, 0, 0, 0, 0);  // a plain fork: we are a few pages
  if (child == 0) run_child(out, err, in);
  if (child < 0) {
    report(ReportKind::exec_failed, static_cast<int>(-child), 1);
    return false;
  }
  close(in[0]);
  close(out[1]);
  close(err[1]);
  stdin_keeper_ = in[1];
  out_ = out[0];
  err_ = err[0];
  leader_ = static_cast<pid_t>(child);
  leader_alive_ = true;
  Process process{};
  read_process(leader_, &process);
  report(ReportKind::spawned, leader_, process.start_ticks);
  return true;
}

/// Moves one buffer from a pipe to the log; false when there was nothing to move.
bool Guardian::drain(int* fd) {
  static char buffer[64 * 1024];
  if (*fd < 0) return false;
  const long got = call(__NR_read, *fd, buffer, sizeof buffer);
  if (got > 0) {
    log_.write(buffer, static_cast<size_t>(got));
    if (static_cast<size_t>(got) < sizeof buffer) muted_until_ = now_ms() + kCoalesce;
    return true;
  }
  if (got == -EAGAIN || got == -EINTR) return false;
  close(*fd);  // the service closed its output; it goes on without
  *fd = -1;
  return false;
}

bool Guardian::is_spared(const Process& process) const {
  if (process.pid == leader_ || process.sid == self_) return false;  // a daemon has left our session
  const size_t length = length_of(process.name);
  for (const char* at = spared_names_; *at != '\0';) {
    const char* end = at;
    while (*end != ',' && *end != '\0') ++end;
    if (static_cast<size_t>(end - at) == length && equal(at, process.name, length)) return true;
    at = *end == ',' ? end + 1 : end;
  }
  return false;
}

void Guardian::signal_tree(int signal, bool stragglers_only) {
  tree_.scan();
  for (int i = 0; i < tree_.size(); ++i) {
    const Process& process = tree_[i];
    if (stragglers_only && process.pgid == leader_ && leader_alive_) continue;
    if (!is_spared(process)) signal_process(process, signal);
  }
}

bool Guardian::only_spared_left() {
  tree_.scan();
  for (int i = 0; i < tree_.size(); ++i) {
    if (!is_spared(tree_[i])) return false;
  }
  return true;
}

void Guardian::begin_stop(int signal, Target target, Ms grace) {
  if (phase_ != Phase::running) return;
  phase_ = Phase::stopping;
  deadline_ = now_ms() + grace;
  if (!leader_alive_ || target == Target::tree) {
    signal_tree(leader_alive_ ? signal : SIGTERM, false);
    stragglers_told_ = true;
  } else if (target == Target::group) {
    call(__NR_kill, -leader_, signal);  // the leader is not reaped yet, so the group is still its own
  } else {
    call(__NR_kill, leader_, signal);  // our own unreaped child: the pid cannot be anybody else's
  }
  on_children();
}

void Guardian::begin_kill() {
  if (phase_ == Phase::killing) return;
  phase_ = Phase::killing;
  deadline_ = now_ms() + kKillBudget;
  next_round_ = now_ms();
}

void Guardian::on_deadline() {
  const Ms now = now_ms();
  if (phase_ == Phase::stopping && now >= deadline_) begin_kill();
  if (phase_ != Phase::killing || now < next_round_) return;
  if (now >= deadline_) {
    tree_.scan();
    report(ReportKind::survivors, tree_.size(), tree_.size() > 0 ? static_cast<uint64_t>(tree_[0].pid) : 0);
    done_ = true;
    return;
  }
  signal_tree(SIGKILL, false);
  next_round_ = now_ms() + round_pause_;
  if (round_pause_ < 50) round_pause_ *= 2;
  on_children();
}

void Guardian::finish_empty() {
  // What the last process wrote is still in the pipes; a spared daemon may hold them open, so read only what is there.
  for (int* fd : {&out_, &err_}) {
    constexpr int kMaxRounds = 64;  // a pipe holds at most 1 MiB; a daemon that goes on writing does not keep us
    for (int round = 0; round < kMaxRounds && drain(fd); ++round) {
    }
  }
  report(ReportKind::empty, leader_status_, log_.dropped());
  done_ = true;
}

void Guardian::on_children() {
  if (done_) return;
  bool leader_ended = false;
  for (;;) {
    int status = 0;
    const long child = call(__NR_wait4, -1, &status, kNoWait, 0);
    if (child == -ECHILD) {
      finish_empty();
      return;
    }
    if (child <= 0) break;
    if (child == leader_ && *exec_failure_ != 0) {
      report(ReportKind::exec_failed, *exec_failure_, 0);
      done_ = true;
      return;
    }
    if (child == leader_) {
      leader_alive_ = false;
      leader_status_ = status;
      leader_ended = true;
    }
  }
  if (phase_ == Phase::running) {
    if (leader_ended) report(ReportKind::leader_exited, leader_status_);
    return;
  }
  if (!leader_alive_ && !stragglers_told_ && phase_ == Phase::stopping) {
    stragglers_told_ = true;
    signal_tree(SIGTERM, true);
  }
  if (!leader_alive_ && only_spared_left()) {
    for (int i = 0; i < tree_.size(); ++i) report(ReportKind::spared, tree_[i].pid);
    finish_empty();
  }
}

void Guardian::on_control() {
  Order order;
  const long got = call(__NR_recvfrom, control_, &order, sizeof order, 0, 0, 0);
  if (got == -EAGAIN || got == -EINTR) return;
  if (got != sizeof order) {  // end of file: the supervisor is gone
    close(control_);
    control_ = -1;
    order = on_supervisor_loss_;
  }
  switch (order.kind) {
    case OrderKind::stop:
      begin_stop(order.signal, order.target, order.grace_ms);
      break;
    case OrderKind::kill:
      begin_kill();
      break;
  }
}

Ms Guardian::next_timeout(Ms now) const {
  Ms at = -1;
  const auto sooner = [&at](Ms candidate) {
    if (candidate >= 0 && (at < 0 || candidate < at)) at = candidate;
  };
  if (phase_ == Phase::stopping) sooner(deadline_);
  if (phase_ == Phase::killing) sooner(next_round_);
  if (muted_until_ > now && (out_ >= 0 || err_ >= 0)) sooner(muted_until_);
  if (at < 0) return -1;
  return at > now ? at - now : 0;
}

void Guardian::loop() {
  while (!done_) {
    const Ms now = now_ms();
    const bool muted = muted_until_ > now;
    pollfd polled[4] = {{control_, POLLIN, 0}, {signals_, POLLIN, 0}, {muted ? -1 : out_, POLLIN, 0}, {muted ? -1 : err_, POLLIN, 0}};
    const Ms wait = next_timeout(now);
    const __kernel_timespec timeout{wait / 1000, wait % 1000 * 1'000'000};
    call(__NR_ppoll, polled, 4, wait < 0 ? nullptr : &timeout, 0, kSignalSet);
    if (polled[2].revents != 0) drain(&out_);
    if (polled[3].revents != 0) drain(&err_);
    if (polled[0].revents != 0) on_control();
    if (polled[1].revents != 0) {
      char information[128];  // signalfd_siginfo: all that matters is that a child ended
      if (call(__NR_read, signals_, information, sizeof information) > 0) on_children();
    }
    on_deadline();
  }
}

int Guardian::run() {
  call(__NR_prctl, PR_SET_NAME, "svguard", 0, 0, 0);
  call(__NR_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  const uint64_t all = ~uint64_t{0};
  call(__NR_rt_sigprocmask, kSetMask, &all, 0, kSignalSet);  // only the control socket and SIGKILL end a guardian
  const uint64_t child_ended = bit(SIGCHLD);
  signals_ = static_cast<int>(call(__NR_signalfd4, -1, &child_ended, kSignalSet, O_CLOEXEC | O_NONBLOCK));
  call(__NR_fcntl, control_, F_SETFD, FD_CLOEXEC);
  call(__NR_fcntl, control_, F_SETFL, O_NONBLOCK);
  if (signals_ < 0 || !launch()) return 127;
  loop();
  return 0;
}

}  // namespace
}  // namespace devinit::guardian

extern "C" int guardian_main(int argc, char** argv, char** environment);

extern "C" int guardian_main(int argc, char** argv, char** environment) {
  constexpr int kFixedArguments = 8;
  if (argc < 1 + kFixedArguments + 1) return 2;
  // Static, not on the stack: the process table inside is large, and untouched zeroed memory costs nothing.
  alignas(devinit::guardian::Guardian) static unsigned char place[sizeof(devinit::guardian::Guardian)];
  auto* guardian = new (place) devinit::guardian::Guardian(argv + 1, environment);
  return guardian->run();
}
