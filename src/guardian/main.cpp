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
// Usage: svguard LOGFILE MAX_SIZE KEEP STOP_SIGNAL STOP_TARGET GRACE_MS SPARED[,SPARED…] LIMITS PROGRAM ARGV0 [ARGUMENT…]
// An empty LOGFILE discards the output, LIMITS are as in limits.hpp, PROGRAM is a path. Environment and working directory are the service's.
// Descriptor 0 is what the service reads, if that is a pipe or a file; the others are named in protocol.hpp.

#include <errno.h>
#include <fcntl.h>
#include <linux/time_types.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <new>

#include "guardian/launch.hpp"
#include "guardian/log_sink.hpp"
#include "guardian/process_tree.hpp"
#include "guardian/protocol.hpp"
#include "guardian/syscalls.hpp"
#include "guardian/text.hpp"

namespace devinit::guardian {
namespace {

using Ms = long long;

/// Output is read at most this often, unless there is much of it: 10,000 single lines a second cost 500 wake-ups, not 10,000, and a flood
/// does not wait for us.
constexpr Ms kCoalesce = 2;
constexpr long kMuch = 4096;
/// SIGKILL rounds against a tree that forks faster than it dies end here, and the survivors are reported.
constexpr Ms kKillBudget = 10'000;

constexpr int kMonotonic = 1;     // CLOCK_MONOTONIC
constexpr int kBootTime = 7;      // CLOCK_BOOTTIME
constexpr int kSetMask = 2;       // SIG_SETMASK
constexpr int kNoWait = 1;        // WNOHANG
constexpr size_t kSignalSet = 8;  // bytes of the kernel's sigset_t
constexpr uint64_t bit(int signal) { return uint64_t{1} << (signal - 1); }

Ms now_ms() {
  __kernel_timespec now;
  call(__NR_clock_gettime, kMonotonic, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

/// The clock of /proc/PID/stat: a hundredth of a second is its unit on all machines that we know.
uint64_t boot_ticks() {
  __kernel_timespec now;
  call(__NR_clock_gettime, kBootTime, &now);
  return static_cast<uint64_t>(now.tv_sec) * 100 + static_cast<uint64_t>(now.tv_nsec) / 10'000'000;
}

void close(int fd) { call(__NR_close, fd); }
bool is_open(int fd) { return call(__NR_fcntl, fd, F_GETFD, 0) >= 0; }

class Guardian {
 public:
  Guardian(char** arguments, char** environment);
  int run();

 private:
  enum class Phase { running, stopping, killing };

  bool launch_leader();
  void report_failure(int error, SetupStep step, int64_t asked = 0) const;
  void loop();
  Ms next_timeout(Ms now) const;
  void on_control();
  void hang_up();
  void on_children();
  bool drain();
  void begin_stop(int signal, Target target, Ms grace);
  void begin_kill();
  void kill_cgroup() const;
  void scan();
  bool was_asked(const Process& process) const;
  void signal_tree(int signal, bool unasked_only);
  void ask_stragglers();
  void on_deadline();
  bool only_spared_left();
  bool is_shared_daemon(const Process& process) const;
  void report(ReportKind kind, int value, uint64_t extra = 0, int64_t asked = 0) const;
  void report_survivors();
  void finish_empty();

  LaunchPlan plan_;
  const char* spared_names_;
  Order on_supervisor_loss_;
  LogSink log_;
  Tree tree_;
  int unspared_ = 0;  // how many in it are to be ended

  const pid_t self_ = static_cast<pid_t>(call(__NR_getpid));
  int control_ = kControlFd;
  int signals_ = -1;
  Leader leader_;
  bool leader_alive_ = false;
  int leader_status_ = 0;

  Phase phase_ = Phase::running;
  Target asked_ = Target::leader;  // who was sent the stop signal: a second one means "at once" to many programs
  uint64_t asked_at_ = 0;          // … and when, in the ticks of /proc/PID/stat
  Ms deadline_ = -1;       // end of the grace, or of the kill budget
  Ms next_round_ = -1;     // next SIGKILL round
  Ms round_pause_ = 1;
  Ms muted_until_ = 0;     // output is not read before
  bool done_ = false;
};

/// Looks at the descriptors that it may have been given before it opens any of its own.
Guardian::Guardian(char** arguments, char** environment)
    : plan_{arguments[8], arguments + 9, environment, arguments[7], arguments[0][0] == '\0', is_open(kSocketFd), is_open(kCgroupFd)} {
  if (plan_.cgroup) call(__NR_fcntl, kCgroupFd, F_SETFD, FD_CLOEXEC);
  if (plan_.socket) call(__NR_fcntl, kSocketFd, F_SETFD, FD_CLOEXEC);
  if (!plan_.discard_output) log_.open(arguments[0], parse_number(arguments[1]), static_cast<int>(parse_number(arguments[2])));
  on_supervisor_loss_ = {OrderKind::stop, static_cast<int>(parse_number(arguments[3])), static_cast<Target>(parse_number(arguments[4])),
                         static_cast<uint32_t>(parse_number(arguments[5]))};
  spared_names_ = arguments[6];
}

void Guardian::report(ReportKind kind, int value, uint64_t extra, int64_t asked) const {
  const Report record{kind, value, extra, asked};
  // A supervisor that is gone does not read; the tree is ended because of the same end of file. Only hundreds of reports to one that was
  // stopped fill the socket, so only the last ones: those of the daemons that were spared.
  while (control_ >= 0 && call(__NR_sendto, control_, &record, sizeof record, MSG_NOSIGNAL, 0, 0) == -EAGAIN) {
    pollfd room{control_, POLLOUT, 0};
    call(__NR_ppoll, &room, 1, 0, 0, kSignalSet);
  }
}

void Guardian::report_failure(int error, SetupStep step, int64_t asked) const {
  report(ReportKind::exec_failed, error, static_cast<uint64_t>(step), asked);
}

bool Guardian::launch_leader() {
  const int error = signals_ < 0 ? -signals_ : launch(plan_, &leader_);
  if (error != 0) {
    report_failure(error, SetupStep::process);
    return false;
  }
  leader_alive_ = true;
  Process process{};
  read_process(leader_.pid, &process);
  report(ReportKind::spawned, leader_.pid, process.start_ticks);
  return true;
}

/// Moves one buffer from the service to the log; false when there was nothing to move.
bool Guardian::drain() {
  static char buffer[64 * 1024];
  if (leader_.output < 0) return false;
  const long got = call(__NR_read, leader_.output, buffer, sizeof buffer);
  if (got > 0) {
    log_.write(buffer, static_cast<size_t>(got));
    if (got < kMuch) muted_until_ = now_ms() + kCoalesce;
    return true;
  }
  if (got == -EAGAIN || got == -EINTR) return false;
  close(leader_.output);  // the service closed it, and goes on without
  leader_.output = -1;
  return false;
}

bool Guardian::is_shared_daemon(const Process& process) const {
  if (process.pid == leader_.pid || process.sid == self_) return false;  // a daemon has left our session
  const size_t length = length_of(process.name);
  for (const char* at = spared_names_; *at != '\0';) {
    const char* end = at;
    while (*end != ',' && *end != '\0') ++end;
    if (static_cast<size_t>(end - at) == length && equal(at, process.name, length)) return true;
    at = *end == ',' ? end + 1 : end;
  }
  return false;
}

/// Reads the tree anew. Shared daemons are spared, and so is what they have started.
void Guardian::scan() {
  tree_.scan();
  int spared = 0;
  for (int i = 0; i < tree_.size(); ++i) {
    Process& process = tree_[i];
    process.spared = is_shared_daemon(process);
    for (int k = 0; k < i && spared > 0 && !process.spared; ++k) process.spared = tree_[k].spared && tree_[k].pid == process.ppid;
    if (process.spared) ++spared;
  }
  unspared_ = tree_.size() - spared;
}

/// Who was forked after the signal had none. In doubt, a hundredth of a second, we ask again: the other mistake would cost the whole grace.
bool Guardian::was_asked(const Process& process) const {
  if (process.start_ticks >= asked_at_) return false;
  return asked_ == Target::tree || (asked_ == Target::group && process.pgid == leader_.pid);
}

void Guardian::signal_tree(int signal, bool unasked_only) {
  scan();
  for (int i = 0; i < tree_.size(); ++i) {
    const Process& process = tree_[i];
    if (process.spared || (unasked_only && was_asked(process))) continue;
    signal_process(process, signal);
    if (process.is_stopped() && signal != SIGKILL) signal_process(process, SIGCONT);  // or it would never see the signal
  }
}

/// True when shared daemons are left and nothing else. Nothing at all is for wait4 to say. What hops from fork to fork can be missed by
/// the last scan, hardly by two.
bool Guardian::only_spared_left() {
  const auto left = [this] { return tree_.size() > 0 && unspared_ == 0; };
  if (!left()) return false;
  scan();
  return left();
}

void Guardian::begin_stop(int signal, Target target, Ms grace) {
  if (phase_ != Phase::running) return;
  phase_ = Phase::stopping;
  deadline_ = now_ms() + grace;
  if (leader_alive_) {
    asked_ = target;
    asked_at_ = boot_ticks();
    if (target == Target::tree) {
      signal_tree(signal, false);
    } else {
      // Our own unreaped child: neither the pid nor the group can be anybody else's.
      const pid_t addressee = target == Target::group ? -leader_.pid : leader_.pid;
      call(__NR_kill, addressee, signal);
      call(__NR_kill, addressee, SIGCONT);  // a stopped process would never see the signal
    }
  }
  on_children();
}

/// The leader is gone. Repeated with every child that ends: it may have forked after the scan before.
void Guardian::ask_stragglers() {
  const uint64_t now = boot_ticks();
  signal_tree(SIGTERM, true);
  asked_ = Target::tree;
  asked_at_ = now;
}

void Guardian::begin_kill() {
  if (phase_ == Phase::killing) return;
  phase_ = Phase::killing;
  deadline_ = now_ms() + kKillBudget;
  next_round_ = now_ms();
}

/// What forks without a pause is ended by this alone: in one step, and what is being forked with it. Daemons that we spare would be, too.
void Guardian::kill_cgroup() const {
  if (!plan_.cgroup || unspared_ < tree_.size()) return;
  const long order = call(__NR_openat, kCgroupFd, "cgroup.kill", O_WRONLY | O_CLOEXEC, 0);
  if (order < 0) return;
  call(__NR_write, order, "1", 1);
  call(__NR_close, order);
}

void Guardian::on_deadline() {
  const Ms now = now_ms();
  if (phase_ == Phase::stopping && now >= deadline_) begin_kill();
  if (phase_ != Phase::killing || now < next_round_) return;
  if (now >= deadline_) {
    report_survivors();
    return;
  }
  if (leader_alive_) call(__NR_kill, -leader_.pid, SIGKILL);  // the whole group in one step: no fork slips through
  signal_tree(SIGKILL, false);
  kill_cgroup();
  next_round_ = now_ms() + round_pause_;
  if (round_pause_ < 50) round_pause_ *= 2;
  on_children();
}

void Guardian::report_survivors() {
  scan();
  uint64_t first = 0;
  for (int i = tree_.size() - 1; i >= 0; --i) {
    if (!tree_[i].spared) first = static_cast<uint64_t>(tree_[i].pid);
  }
  report(ReportKind::survivors, unspared_ > 0 ? unspared_ : 1, first);  // wait4 knows of one, even if /proc hides it from us
  done_ = true;
}

void Guardian::finish_empty() {
  // What the last process wrote is still in the pipe; a spared daemon may hold it open, so read only what is there.
  constexpr int kMaxRounds = 64;  // a pipe holds at most 1 MiB; a daemon that goes on writing does not keep us
  for (int round = 0; round < kMaxRounds && drain(); ++round) {
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
    if (child == leader_.pid && leader_.failure->error != 0) {
      report_failure(leader_.failure->error, leader_.failure->step, leader_.failure->asked);
      done_ = true;
      return;
    }
    if (child == leader_.pid) {
      leader_alive_ = false;
      leader_status_ = status;
      leader_ended = true;
    }
  }
  if (phase_ == Phase::running) {
    if (leader_ended) report(ReportKind::leader_exited, leader_status_);
    return;
  }
  if (leader_alive_) return;
  if (phase_ == Phase::stopping) ask_stragglers();
  if (only_spared_left()) {
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
    case OrderKind::signal:
      if (leader_alive_) call(__NR_kill, leader_.pid, order.signal);  // our own unreaped child: the pid is nobody else's
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
  if (muted_until_ > now && leader_.output >= 0) sooner(muted_until_);
  if (at < 0) return -1;
  return at > now ? at - now : 0;
}

/// An order that we leave unread would reset the connection, and the supervisor would take that for our death before it reads our last report.
void Guardian::hang_up() {
  if (control_ < 0) return;
  constexpr int kReading = 0;  // SHUT_RD: no more can come
  call(__NR_shutdown, control_, kReading);
  Order order;
  while (call(__NR_recvfrom, control_, &order, sizeof order, 0, 0, 0) > 0) {
  }
}

void Guardian::loop() {
  while (!done_) {
    const Ms now = now_ms();
    const bool muted = muted_until_ > now;
    pollfd polled[3] = {{control_, POLLIN, 0}, {signals_, POLLIN, 0}, {muted ? -1 : leader_.output, POLLIN, 0}};
    const Ms wait = next_timeout(now);
    const __kernel_timespec timeout{wait / 1000, wait % 1000 * 1'000'000};
    call(__NR_ppoll, polled, 3, wait < 0 ? nullptr : &timeout, 0, kSignalSet);
    if (polled[2].revents != 0) drain();
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
  const bool launched = launch_leader();
  if (launched) loop();
  hang_up();
  return launched ? 0 : 127;
}

}  // namespace
}  // namespace devinit::guardian

extern "C" int guardian_main(int argc, char** argv, char** environment);

extern "C" int guardian_main(int argc, char** argv, char** environment) {
  constexpr int kFixedArguments = 9;
  if (argc < 1 + kFixedArguments + 1) return 2;
  // Static, not on the stack: the process table inside is large, and untouched zeroed memory costs nothing.
  alignas(devinit::guardian::Guardian) static unsigned char place[sizeof(devinit::guardian::Guardian)];
  auto* guardian = new (place) devinit::guardian::Guardian(argv + 1, environment);
  return guardian->run();
}
