// fork_chain MILLISECONDS PAUSE: a chain of processes, each in a session of its own, each forking the next one and ending, PAUSE
// microseconds after it was born. Nobody who looks for it finds the same process twice. The chain ends by itself after MILLISECONDS.

#include <time.h>
#include <unistd.h>

#include <cstdlib>

namespace {

long long now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) return 2;
  const long long end = now() + std::atoi(words[1]);
  const long pause = std::atol(words[2]);
  while (now() < end) {
    if (pause > 0) usleep(static_cast<useconds_t>(pause));
    const pid_t next = fork();
    if (next != 0) _exit(next < 0);
    setsid();
  }
  return 0;
}
