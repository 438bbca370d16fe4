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
// Usage: svguard LOGFILE MAX_SIZE KEEP STOP_SIGNAL STOP_TARGET GRACE_MS SPARED[,SPARED…] COMMAND [ARGUMENT…]
// Environment and working directory are the service's. Descriptor 3 is the control socket (protocol.hpp).

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <initializer_list>

#include "guardian/log_sink.hpp"
#include "guardian/process_tree.hpp"
#include "guardian/protocol.hpp"

namespace devinit::guardian {
namespace {

using Ms = long long;

/// Output is read at most this often, unless a read filled the buffer: 10,000 single lines a second cost 500 wake-ups, not 10,000.
constexpr Ms kCoalesce = 2;
/// SIGKILL rounds against a tree that forks faster than it dies end here, and the survivors are reported.
constexpr Ms kKillBudget = 10'000;

Ms now_ms() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<Ms>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

class Guardian {
 public:
  explicit Guardian(char** arguments);
  int run();

 private:
  enum class Phase { running, stopping, killing };

  bool launch();
  [[noreturn]] void run_child(const int (&out)[2], const int (&err)[2], const int (&in)[2], volatile int* failure);
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
  void report(ReportKind kind, int value, unsigned long long extra = 0) const;
  void finish_empty();

  char** command_;
  const char* spared_names_;
  Order on_supervisor_loss_;
  LogSink log_;
  Tree tree_;

  const pid_t self_ = getpid();
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

Guardian::Guardian(char** arguments) {
  log_.open(arguments[0], strtoull(arguments[1], nullptr, 10), atoi(arguments[2]));
  on_supervisor_loss_ = {OrderKind::stop, atoi(arguments[3]), static_cast<Target>(atoi(arguments[4])),
                         static_cast<unsigned>(strtoul(arguments[5], nullptr, 10))};
  spared_names_ = arguments[6];
  command_ = arguments + 7;
}

void Guardian::report(ReportKind kind, int value, unsigned long long extra) const {
  const Report record{kind, value, extra};
  // A supervisor that is gone does not read; the tree is ended because of the same end of file.
  if (control_ >= 0 && send(control_, &record, sizeof record, MSG_NOSIGNAL) < 0) return;
}

void Guardian::run_child(const int (&out)[2], const int (&err)[2], const int (&in)[2], volatile int* failure) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != self_) _exit(127);  // the guardian died before the line above
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(in[0], 0);
  dup2(out[1], 1);
  dup2(err[1], 2);
  // Everything else is close-on-exec.
  execvp(command_[0], command_);
  *failure = errno;
  _exit(127);
}

bool Guardian::launch() {
  int in[2];
  int out[2];
  int err[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) {
    report(ReportKind::exec_failed, errno, 1);
    return false;
  }
  fcntl(out[0], F_SETFL, O_NONBLOCK);
  fcntl(err[0], F_SETFL, O_NONBLOCK);
  volatile int failure = 0;
  const pid_t child = vfork();  // shares our memory until exec: `failure` comes back without a pipe
  if (child == 0) run_child(out, err, in, &failure);
  if (child < 0) {
    report(ReportKind::exec_failed, errno, 1);
    return false;
  }
  close(in[0]);
  close(out[1]);
  close(err[1]);
  stdin_keeper_ = in[1];
  out_ = out[0];
  err_ = err[0];
  if (failure != 0) {
    waitpid(child, nullptr, 0);
    report(ReportKind::exec_failed, failure, 0);
    return false;
  }
  leader_ = child;
  leader_alive_ = true;
  Process process{};
  read_process(child, &process);
  report(ReportKind::spawned, child, process.start_ticks);
  return true;
}

/// Moves one buffer from a pipe to the log; false when there was nothing to move.
bool Guardian::drain(int* fd) {
  static char buffer[64 * 1024];
  if (*fd < 0) return false;
  const ssize_t got = read(*fd, buffer, sizeof buffer);
  if (got > 0) {
    log_.write(buffer, static_cast<size_t>(got));
    if (static_cast<size_t>(got) < sizeof buffer) muted_until_ = now_ms() + kCoalesce;
    return true;
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  close(*fd);  // the service closed its output; it goes on without
  *fd = -1;
  return false;
}

bool Guardian::is_spared(const Process& process) const {
  if (process.pid == leader_ || process.sid == getsid(0)) return false;  // a daemon has left the session
  const size_t length = strlen(process.name);
  for (const char* at = spared_names_; *at != '\0';) {
    const char* end = strchrnul(at, ',');
    if (static_cast<size_t>(end - at) == length && strncmp(at, process.name, length) == 0) return true;
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
    killpg(leader_, signal);  // the leader is not reaped yet, so the group is still its own
  } else {
    kill(leader_, signal);  // our own unreaped child: the pid cannot be anybody else's
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
    report(ReportKind::survivors, tree_.size(), tree_.size() > 0 ? static_cast<unsigned>(tree_[0].pid) : 0);
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
    const pid_t child = waitpid(-1, &status, WNOHANG);
    if (child < 0 && errno == ECHILD) {
      finish_empty();
      return;
    }
    if (child <= 0) break;
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
  const ssize_t got = recv(control_, &order, sizeof order, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
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
    poll(polled, 4, static_cast<int>(next_timeout(now)));
    if (polled[2].revents != 0) drain(&out_);
    if (polled[3].revents != 0) drain(&err_);
    if (polled[0].revents != 0) on_control();
    if (polled[1].revents != 0) {
      signalfd_siginfo info;
      if (read(signals_, &info, sizeof info) > 0) on_children();
    }
    on_deadline();
  }
}

int Guardian::run() {
  prctl(PR_SET_NAME, "svguard");
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);  // only the control socket and SIGKILL end a guardian
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  signals_ = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  fcntl(control_, F_SETFD, FD_CLOEXEC);
  fcntl(control_, F_SETFL, O_NONBLOCK);
  if (signals_ < 0 || !launch()) return 127;
  loop();
  return 0;
}

}  // namespace
}  // namespace devinit::guardian

int main(int argc, char** argv) {
  constexpr int kFixedArguments = 7;
  if (argc < 1 + kFixedArguments + 1) return 2;
  devinit::guardian::Guardian guardian(argv + 1);
  return guardian.run();
}
