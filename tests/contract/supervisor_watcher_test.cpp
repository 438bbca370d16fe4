#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <set>
#include <vector>

#include "os/fd.hpp"
#include "os/files.hpp"
#include "supervisor/watcher.hpp"
#include "support/temporary_folder.hpp"

namespace devinit::supervisor {
namespace {

namespace fs = std::filesystem;

config::WatchSpec spec_of(std::vector<std::string> paths, std::vector<std::string> ignore = {}) {
  config::WatchSpec spec;
  spec.paths = std::move(paths);
  spec.ignore = std::move(ignore);
  spec.debounce = Millis(1);
  return spec;
}

/// A project, a watcher on it, and what it tells. As nothing is read before `told`, all changes that were made until then are
/// told at once.
class Bench : Watcher::Observer {
 public:
  void on_files_changed(const std::string& service, const std::string& summary) override {
    changes.push_back(service + ": " + summary);
  }
  void on_watch_problem(const std::string& service, const std::string& text) override {
    problems.push_back(service + ": " + text);
  }

  void watch(std::vector<std::string> paths, std::vector<std::string> ignore = {}) {
    watcher.watch("web", spec_of(std::move(paths), std::move(ignore)));
  }
  void folder(const std::string& name) const { fs::create_directories(project / name); }
  void write(const std::string& name, const std::string& text = "text") const { test::write(project / name, text); }
  /// The next thing that is told about changed files.
  std::string told() {
    const auto before = changes.size();
    while (changes.size() == before) turn();
    return changes.back();
  }
  std::string problem() {
    const auto before = problems.size();
    while (problems.size() == before) turn();
    return problems.back();
  }
  /// A change that always counts, to see that nothing else did.
  std::string only_sentinel() {
    write("sentinel");
    return told();
  }
  void turn() { REQUIRE(loop.run_one_for(std::chrono::seconds(20)) == 1); }

  boost::asio::io_context loop;
  test::TemporaryFolder project;
  std::vector<std::string> changes;
  std::vector<std::string> problems;
  Watcher watcher{loop, os::real_path(project.path()).value(), *this};
};

TEST_CASE("a file that is written is told by its path") {
  Bench bench;
  bench.folder("src/deep");
  bench.watch({"src"});
  bench.write("src/deep/app.py");
  CHECK(bench.told() == "web: src/deep/app.py");
  bench.write("src/deep/app.py", "again");
  CHECK(bench.told() == "web: src/deep/app.py");
  CHECK(bench.problems.empty());
}

TEST_CASE("several files are told at once, the first one by name") {
  Bench bench;
  bench.watch({"."});
  for (const char* name : {"b", "a", "c", "b"}) bench.write(name);
  CHECK(bench.told() == "web: b and 2 more");
}

TEST_CASE("a thousand files are one event") {
  Bench bench;
  bench.folder("src");
  bench.watch({"."});
  for (int i = 0; i < 1000; ++i) bench.write("src/" + std::to_string(i));
  CHECK(bench.told() == "web: src/0 and 999 more");
  CHECK(bench.changes.size() == 1);
}

TEST_CASE("deleting, moving, and linking count") {
  Bench bench;
  bench.write("a");
  bench.watch({"."});
  fs::rename(bench.project / "a", bench.project / "b");
  CHECK(bench.told() == "web: a and 1 more");
  fs::remove(bench.project / "b");
  CHECK(bench.told() == "web: b");
  fs::create_symlink("nowhere", bench.project / "link");
  CHECK(bench.told() == "web: link");
}

TEST_CASE("a file that is held open counts when it is closed, attributes never do") {
  Bench bench;
  bench.write("old");
  bench.watch({"."});
  os::UniqueFd log(::open((bench.project / "log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(::fchmod(log.get(), 0644) == 0);
  fs::permissions(bench.project / "old", fs::perms::owner_read);
  fs::last_write_time(bench.project / "old", fs::file_time_type::clock::now());
  CHECK(bench.only_sentinel() == "web: sentinel");
  REQUIRE(::write(log.get(), "line\n", 5) == 5);
  CHECK(bench.only_sentinel() == "web: sentinel");
  log.reset();
  CHECK(bench.told() == "web: log");
}

TEST_CASE("an editor that replaces the file by another one has changed it") {
  Bench bench;
  bench.folder("src");
  bench.write("src/app.py");
  bench.watch({"src/app.py"});
  for (int i = 0; i < 3; ++i) {
    bench.write("src/.app.py.new");
    fs::rename(bench.project / "src/.app.py.new", bench.project / "src/app.py");
    CHECK(bench.told() == "web: src/app.py");
  }
}

TEST_CASE("what editors put beside a file does not count") {
  Bench bench;
  bench.watch({"."});
  for (const char* name : {".app.py.swp", ".app.py.swx", "app.py~", "#app.py#", ".#app.py", "4913"}) bench.write(name);
  fs::create_symlink("ann@host.1234:1700000000", bench.project / ".#app.py2");
  CHECK(bench.only_sentinel() == "web: sentinel");
}

TEST_CASE("folders that are nobody's sources and devinit's own files do not count") {
  Bench bench;
  for (const char* name : {".git", ".devinit/logs", "web/node_modules/left-pad", "api/__pycache__"}) bench.folder(name);
  bench.watch({"."});
  for (const char* name : {".git/index", ".devinit/state.json", ".devinit/logs/web.log", "web/node_modules/left-pad/index.js",
                           "api/__pycache__/app.pyc", ".ports.json", ".env.runtime", ".devinit-0123456789ab"}) {
    bench.write(name);
  }
  bench.folder("new/node_modules/x");
  bench.write("new/node_modules/x/y");
  CHECK(bench.only_sentinel() == "web: sentinel");
}

TEST_CASE("what the globs ignore does not count") {
  Bench bench;
  bench.folder("src/logs/old");
  bench.folder("dist/assets");
  bench.folder("generated");
  bench.watch({"."}, {"**/*.log", "src/logs/**", "dist", "./generated/"});
  for (const char* name : {"a.log", "src/b.log", "src/logs/c", "src/logs/old/d", "dist/e", "dist/assets/f", "generated/g"})
    bench.write(name);
  CHECK(bench.only_sentinel() == "web: sentinel");
}

TEST_CASE("what git ignores does not count") {
  Bench bench;
  for (const char* name : {"build", "app/tmp", "app/keep", ".venv/lib"}) bench.folder(name);
  bench.write(".gitignore", "/build/\n*.log\n");
  bench.write("app/.gitignore", "tmp\n!important.log\n");
  bench.write(".venv/.gitignore", "*\n");
  bench.watch({"."});
  for (const char* name : {"build/a.o", "x.log", "app/tmp/x", "app/x.log", ".venv/lib/module.py", ".venv/x"}) bench.write(name);
  CHECK(bench.only_sentinel() == "web: sentinel");
  bench.write("app/important.log");
  CHECK(bench.told() == "web: app/important.log");
  bench.write("app/keep/x");
  CHECK(bench.told() == "web: app/keep/x");
}

TEST_CASE("the rules of the repository around the project hold, too") {
  test::TemporaryFolder repository;
  const auto top = os::real_path(repository.path()).value();
  fs::create_directories(top + "/.git/info");
  test::write(top + "/.git/HEAD", "ref: refs/heads/main\n");
  test::write(top + "/.git/info/exclude", "secret\n");
  test::write(top + "/.gitignore", "*.log\n/apps/shop/out/\n");
  fs::create_directories(top + "/apps/shop/out");
  test::write(top + "/apps/.gitignore", "*.tmp\n");
  struct Observer : Watcher::Observer {
    void on_files_changed(const std::string&, const std::string& summary) override { told = summary; }
    void on_watch_problem(const std::string&, const std::string& text) override { FAIL(text); }
    std::string told;
  } observer;
  boost::asio::io_context loop;
  Watcher watcher(loop, top + "/apps/shop", observer);
  watcher.watch("web", spec_of({"."}));
  for (const char* name : {"a.log", "b.tmp", "out/c", "secret", "app.py"}) test::write(top + "/apps/shop/" + name, "");
  while (observer.told.empty()) REQUIRE(loop.run_one_for(std::chrono::seconds(20)) == 1);
  CHECK(observer.told == "app.py");
}

TEST_CASE("an edit of the rules counts from then on, and is no change itself") {
  Bench bench;
  bench.folder("out/deep");
  bench.watch({"."});
  bench.write("out/deep/a");
  CHECK(bench.told() == "web: out/deep/a");
  bench.write(".gitignore", "out\n");
  CHECK(bench.only_sentinel() == "web: sentinel");
  bench.write("out/deep/a");
  CHECK(bench.only_sentinel() == "web: sentinel");
  fs::remove(bench.project / ".gitignore");
  CHECK(bench.only_sentinel() == "web: sentinel");
  bench.write("out/deep/a");
  CHECK(bench.told() == "web: out/deep/a");
}

TEST_CASE("a path that is named counts even when git ignores it") {
  Bench bench;
  bench.folder("generated/api");
  bench.folder("src");
  bench.write(".gitignore", ".env\ngenerated\n");
  bench.watch({".env", "generated/api", "src"});
  bench.write(".env");
  CHECK(bench.told() == "web: .env");
  bench.write("generated/api/client.py");
  CHECK(bench.told() == "web: generated/api/client.py");
  bench.write("generated/other");
  bench.write("src/.env");
  bench.write("src/app.py");
  CHECK(bench.told() == "web: src/app.py");
}

TEST_CASE("folders that appear are watched, and what they hold by then is told") {
  Bench bench;
  bench.watch({"."});
  bench.folder("a/b/c");
  bench.write("a/b/c/first");
  CHECK(bench.told() == "web: a/b/c/first");
  bench.write("a/b/c/second");
  CHECK(bench.told() == "web: a/b/c/second");
  bench.folder("empty");
  CHECK(bench.only_sentinel() == "web: sentinel");
}

TEST_CASE("folders that move are followed") {
  Bench bench;
  const test::TemporaryFolder elsewhere;
  fs::create_directories(elsewhere / "new/deep");
  test::write(elsewhere / "new/deep/x", "");
  bench.watch({"."});
  fs::rename(elsewhere / "new", bench.project / "in");
  CHECK(bench.told() == "web: in/deep/x");
  fs::rename(bench.project / "in", bench.project / "moved");
  CHECK(bench.told() == "web: in and 1 more");
  bench.write("moved/deep/x");
  CHECK(bench.told() == "web: moved/deep/x");
  fs::rename(bench.project / "moved", elsewhere / "out");
  CHECK(bench.told() == "web: moved");
  test::write(elsewhere / "out/deep/x", "");
  CHECK(bench.only_sentinel() == "web: sentinel");
}

TEST_CASE("a path that is deleted and made again goes on to count") {
  Bench bench;
  bench.folder("src");
  bench.write("src/a");
  bench.watch({"src"});
  for (int i = 0; i < 3; ++i) {
    fs::remove_all(bench.project / "src");
    CHECK(bench.told() == "web: src/a");
    bench.folder("src");
    bench.write("src/a");
    CHECK(bench.told() == "web: src/a");
  }
}

TEST_CASE("a path that does not exist is a problem, and counts as soon as it does") {
  Bench bench;
  bench.watch({"later/src"});
  CHECK(bench.problem() == "web: it watches later/src, which does not exist (yet)");
  bench.folder("later/src");
  bench.folder("later/other");
  bench.write("later/other/x");
  bench.write("later/src/x");
  CHECK(bench.told() == "web: later/src/x");
  bench.write("later/src/x");
  CHECK(bench.told() == "web: later/src/x");
}

TEST_CASE("links to folders are followed where they are named, nowhere else") {
  Bench bench;
  const test::TemporaryFolder one;
  const test::TemporaryFolder two;
  bench.folder("src");
  fs::create_directory_symlink(one.path(), bench.project / "src/link");
  fs::create_directory_symlink("..", bench.project / "src/loop");
  fs::create_directory_symlink(one.path(), bench.project / "named");
  bench.watch({"src", "named"});
  test::write(one / "x", "");
  CHECK(bench.told() == "web: named/x");
  fs::remove(bench.project / "named");
  fs::create_directory_symlink(two.path(), bench.project / "named");
  CHECK(bench.told() == "web: named");
  test::write(one / "x", "");
  test::write(two / "y", "");
  CHECK(bench.told() == "web: named/y");
}

TEST_CASE("services that share a folder are told each what is theirs") {
  Bench bench;
  bench.folder("shared");
  bench.folder("api");
  bench.watch({"shared"}, {"**/*.css"});
  bench.watcher.watch("api", spec_of({"shared", "api"}));
  bench.write("shared/x");
  bench.told();
  while (bench.changes.size() < 2) bench.turn();
  CHECK(std::set<std::string>(bench.changes.begin(), bench.changes.end()) ==
        std::set<std::string>{"api: shared/x", "web: shared/x"});
  bench.write("shared/x.css");
  CHECK(bench.told() == "api: shared/x.css");
  bench.write("api/x");
  CHECK(bench.told() == "api: api/x");
}

TEST_CASE("what happened before a watch does not count for it") {
  Bench bench;
  bench.write("a");
  bench.watch({"."});
  bench.write("b");
  bench.watch({"."});
  CHECK(bench.only_sentinel() == "web: sentinel");
}

TEST_CASE("a service that is forgotten is told nothing, and is watched again as before") {
  Bench bench;
  bench.folder("src");
  bench.watch({"src"});
  bench.watcher.watch("other", spec_of({"."}));
  bench.write("src/a");
  bench.watcher.forget("web");
  CHECK(bench.told() == "other: src/a");
  bench.write("src/b");
  CHECK(bench.told() == "other: src/b");
  bench.watcher.forget("other");
  bench.watch({"src"});
  bench.write("src/c");
  CHECK(bench.told() == "web: src/c");
  CHECK(bench.changes.size() == 3);
}

TEST_CASE("another watch of a service replaces the earlier one") {
  Bench bench;
  bench.folder("a");
  bench.folder("b");
  bench.watch({"a"});
  bench.watch({"b"});
  bench.write("a/x");
  bench.write("b/x");
  CHECK(bench.told() == "web: b/x");
}

TEST_CASE("changes that the kernel has lost are a change of everything, and watching goes on") {
  std::size_t queue = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> queue;
  REQUIRE(queue > 0);
  Bench bench;
  bench.folder("src");
  bench.write("src/one");
  bench.write("src/two");
  bench.watch({"."});
  for (std::size_t i = 0; i <= queue / 2; ++i) {
    for (const char* name : {"src/one", "src/two"}) os::UniqueFd(::open((bench.project / name).c_str(), O_WRONLY | O_CLOEXEC));
  }
  bench.folder("new/deep");
  CHECK(bench.told() == "web: many files");
  bench.write("new/deep/x");
  CHECK(bench.told() == "web: new/deep/x");
}

TEST_CASE("a debounce waits for the last change") {
  Bench bench;
  auto spec = spec_of({"."});
  spec.debounce = Millis(50);
  bench.watcher.watch("web", spec);
  bench.write("a");
  bench.turn();
  CHECK(bench.changes.empty());
  bench.write("b");
  CHECK(bench.told() == "web: a and 1 more");
}

/// In a user namespace of its own the limit can be lowered without anybody noticing.
int first_problem_with_few_watches(const std::string& limit, const char* file) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    constexpr int kNoNamespaces = 77;
    if (::unshare(CLONE_NEWUSER) != 0) ::_exit(kNoNamespaces);
    const os::UniqueFd setting(::open(file, O_WRONLY | O_CLOEXEC));
    if (::write(setting.get(), limit.c_str(), limit.size()) <= 0) ::_exit(kNoNamespaces);
    Bench bench;
    for (int i = 0; i < 5; ++i) bench.folder("folder" + std::to_string(i));
    bench.watch({"."});
    const auto text = bench.problem();
    const bool right = text.find("limit of ") != text.npos && text.find("sudo sysctl -w fs.inotify.max_user_") != text.npos;
    bench.loop.poll();
    const bool once = bench.problems.size() == 1;
    fs::remove_all(bench.project.path());
    ::_exit(right && once ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WEXITSTATUS(status);
}

TEST_CASE("when the kernel's limits are reached it is said once, with the limit and what raises it") {
  for (const char* file : {"/proc/sys/user/max_inotify_watches", "/proc/sys/user/max_inotify_instances"}) {
    const int code = first_problem_with_few_watches(std::string(file).ends_with("watches") ? "3" : "0", file);
    if (code == 77) {
      WARN("no user namespaces here: not tested");
    } else {
      CHECK(code == 0);
    }
  }
}

}  // namespace
}  // namespace devinit::supervisor
