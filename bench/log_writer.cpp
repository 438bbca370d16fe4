// A service that listens and then writes lines at a steady rate, each with a write(2) of its own: the most wake-ups that a rate can cost
// its reader. Each line carries its number, so that lost, torn and disordered lines can be counted. Reports after listen(2) and again
// after the last line.
//
// usage: bench_log_writer PORT LINES_PER_SECOND SECONDS [CHARACTERS]

#include <sys/prctl.h>

#include <algorithm>
#include <cstring>

#include "trivial_service.hpp"

namespace {

constexpr std::size_t kLongest = 1024;

bool write_line(long long number, std::size_t length) {
  char line[kLongest];
  std::memset(line, '.', sizeof line);
  const int digits = std::snprintf(line, sizeof line, "line %09lld ", number);
  line[digits] = '.';
  line[length - 1] = '\n';
  return ::write(STDOUT_FILENO, line, length) == static_cast<ssize_t>(length);
}

bool write_lines(long long rate, long long seconds, std::size_t length) {
  const long long begin = bench::now_ns() + bench::kSecond;  // the reader's own start is over by then
  for (long long i = 0; i < rate * seconds; ++i) {
    const long long due = begin + i * bench::kSecond / rate;
    const timespec until{due / bench::kSecond, due % bench::kSecond};
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    if (!write_line(i, length)) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const int port = std::atoi(argv[1]);
  const std::size_t length = std::clamp<std::size_t>(argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 72, 24, kLongest);
  ::prctl(PR_SET_TIMERSLACK, 1UL);  // the pace is in the tens of microseconds
  if (bench::listen_on(port) < 0) return 1;
  bench::report(port);
  if (!write_lines(std::max(1LL, std::atoll(argv[2])), std::atoll(argv[3]), length)) return 1;
  bench::report(port);
  while (true) ::pause();
}
