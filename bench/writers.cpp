// Many writers at once on one registry, each of which starts one `devinit ports get` after the other. One line of JSON: commands per second, the
// slowest one in milliseconds, and the processor time of one. A driver in an interpreter would take as much of the processors as the commands.
//
// usage: writers WRITERS EACH PROGRAM [WORD…]       with words the program is started with these, for the floor

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Writer {
  int app = 0;
  Clock::time_point begin;
};

double milliseconds(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }
double milliseconds(const timeval& time) { return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3; }

pid_t start(const posix_spawn_file_actions_t& quiet, std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  if (posix_spawn(&pid, argv[0], &quiet, nullptr, argv.data(), environ) == 0) return pid;
  std::perror("writers: cannot start the program");
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  std::vector<Writer> writers(static_cast<std::size_t>(std::atoi(argv[1])));
  const int each = std::atoi(argv[2]);
  const std::vector<std::string> given(argv + 3, argv + argc);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);

  std::map<pid_t, std::size_t> running;
  const auto begin_next = [&](std::size_t index) {
    Writer& writer = writers[index];
    ++writer.app;
    auto words = given;
    if (words.size() == 1) words.insert(words.end(), {"ports", "get", "writer" + std::to_string(index), std::to_string(writer.app)});
    writer.begin = Clock::now();
    running.emplace(start(quiet, std::move(words)), index);
  };
  const auto begin = Clock::now();
  for (std::size_t index = 0; index < writers.size(); ++index) begin_next(index);
  double slowest = 0;
  while (!running.empty()) {
    int status = 0;
    const auto ended = running.extract(wait(&status));
    if (ended.empty() || status != 0) {
      std::fprintf(stderr, "writers: a command ended with status %d\n", status);
      return 1;
    }
    slowest = std::max(slowest, milliseconds(Clock::now() - writers[ended.mapped()].begin));
    if (writers[ended.mapped()].app < each) begin_next(ended.mapped());
  }
  const double count = static_cast<double>(writers.size()) * each;
  const double took = milliseconds(Clock::now() - begin);
  rusage children{};
  getrusage(RUSAGE_CHILDREN, &children);
  const double busy = milliseconds(children.ru_utime) + milliseconds(children.ru_stime);
  std::printf("{\"rate\": %.1f, \"slowest_ms\": %.1f, \"cpu_ms\": %.3f}\n", count / took * 1e3, slowest, busy / count);
  posix_spawn_file_actions_destroy(&quiet);
  return 0;
}
