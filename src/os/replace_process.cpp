#include "os/replace_process.hpp"

#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "base/assert.hpp"
#include "os/spawn.hpp"
#include "os/spawn_error.hpp"

namespace devinit::os {
namespace {

/// As execve(2) takes them; they point into `texts`.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

void reset_signals() {
  for (const int signal : {SIGPIPE, SIGHUP}) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

Error replace_process(const std::vector<std::string>& argv, const Environment& environment) {
  ASSERT(!argv.empty());
  SpawnRequest request;
  request.argv = argv;
  request.environment = environment;
  std::string path = find_executable(argv.front(), environment);
  if (path.empty()) return command_error(request);
  std::vector<std::string> words = argv;
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) variables.push_back(name + '=' + value);
  const auto envp = pointers_to(variables);
  reset_signals();
  ::execve(path.c_str(), pointers_to(words).data(), envp.data());
  const int error = errno;
  if (error != ENOEXEC || !looks_like_script(path)) return exec_error(request, path, error);
  words.front() = path;
  words.insert(words.begin(), "/bin/sh");
  ::execve("/bin/sh", pointers_to(words).data(), envp.data());
  return exec_error(request, path, errno);
}

}  // namespace devinit::os
