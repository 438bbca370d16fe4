#include <sys/inotify.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <random>
#include <sstream>

#include "support/guarded_service.hpp"

using namespace devinit;
using namespace devinit::test;
using guardian::ReportKind;

namespace {

std::string random_bytes(std::size_t size) {
  std::mt19937 random(20);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string numbers_to(int last) {
  std::string text;
  for (int i = 1; i <= last; ++i) text += std::to_string(i) + "\n";
  return text;
}

/// Waits until the service's log holds exactly `text`.
void wait_for_log(const GuardedService& service, const std::string& text) {
  const os::UniqueFd changes(::inotify_init1(IN_CLOEXEC));
  REQUIRE(::inotify_add_watch(changes.get(), service.folder().path().c_str(), IN_MODIFY | IN_CREATE) >= 0);
  while (service.log() != text) {
    pollfd entry{changes.get(), POLLIN, 0};
    REQUIRE(::poll(&entry, 1, kPatienceMs) == 1);
    char events[4096];
    REQUIRE(::read(changes.get(), events, sizeof events) > 0);
  }
}

/// From now on no file of the guardian may grow over `size`: a full disk.
void limit_files_of(pid_t guardian, rlim_t size) {
  const rlimit limit{size, RLIM_INFINITY};
  REQUIRE(::prlimit(guardian, RLIMIT_FSIZE, &limit, nullptr) == 0);
}

std::vector<std::string> files_of(const GuardedService& service, int count) {
  std::vector<std::string> files;
  for (int n = count - 1; n >= 1; --n) {
    const auto path = service.log_path() + "." + std::to_string(n);
    if (std::filesystem::exists(path)) files.push_back(content_of(path));
  }
  files.push_back(service.log());
  return files;
}

std::string joined(const std::vector<std::string>& files) {
  std::string all;
  for (const auto& file : files) all += file;
  return all;
}

}  // namespace

TEST_CASE("Guardian writes stdout and stderr to the log byte for byte") {
  const TemporaryFolder folder;
  const auto data = random_bytes(5'000'000);
  const auto path = folder.write("data", data);
  GuardedService service(script("cat " + path + "; cat " + path + " >&2; printf end"));
  CHECK(service.run_to_end().success());
  CHECK((service.log() == data + data + "end"));  // in parentheses: a failure must not print 10 MB
}

TEST_CASE("Guardian keeps the order of stdout and stderr") {
  GuardedService service(script("i=0; while [ $i -lt 500 ]; do echo err $i >&2; echo out $i; i=$((i+1)); done"));
  CHECK(service.run_to_end().success());
  std::string expected;
  for (int i = 0; i < 500; ++i) expected += "err " + std::to_string(i) + "\nout " + std::to_string(i) + "\n";
  CHECK((service.log() == expected));
}

TEST_CASE("A log is readable by its owner only, and appended to") {
  const TemporaryFolder folder;
  GuardedOptions options;
  options.log = folder.path("x.log");
  for (int run = 0; run < 2; ++run) {
    GuardedService service(script("echo line"), options);
    CHECK(service.run_to_end().success());
  }
  CHECK(content_of(options.log) == "line\nline\n");
  CHECK(std::filesystem::status(options.log).permissions() == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("Rotated logs hold every line once and whole") {
  GuardedOptions options;
  options.max_size = 50'000;
  options.keep = 100;
  const auto text = numbers_to(100'000);
  const TemporaryFolder folder;
  const auto path = folder.write("numbers", text);
  GuardedService service(script("cat " + path), options);  // in one burst: reads end in the middle of lines
  CHECK(service.run_to_end().success());
  const auto files = files_of(service, options.keep);
  CHECK(files.size() > 10);
  for (const auto& file : files) {
    CHECK(file.size() <= options.max_size);
    CHECK(file.ends_with('\n'));
  }
  CHECK((joined(files) == text));
}

TEST_CASE("Rotation keeps the wanted number of files") {
  GuardedOptions options;
  options.max_size = 10'000;
  options.keep = 3;
  const TemporaryFolder folder;
  const auto text = numbers_to(20'000);
  const auto path = folder.write("numbers", text);
  GuardedService service(script("cat " + path), options);
  CHECK(service.run_to_end().success());
  const auto files = files_of(service, 10);
  CHECK(files.size() == 3);
  CHECK((text.ends_with(joined(files))));
}

TEST_CASE("A log of one file starts again when it is full") {
  GuardedOptions options;
  options.max_size = 10'000;
  options.keep = 1;
  const TemporaryFolder folder;
  const auto text = numbers_to(20'000);
  const auto path = folder.write("numbers", text);
  GuardedService service(script("cat " + path), options);
  CHECK(service.run_to_end().success());
  CHECK(files_of(service, 10).size() == 1);
  CHECK_FALSE(service.log().empty());
  CHECK((text.ends_with(service.log())));
}

TEST_CASE("A line without an end is cut in the end") {
  GuardedOptions options;
  options.max_size = 1'000;
  options.keep = 100;
  GuardedService service(script("head -c 1000000 /dev/zero"), options);
  CHECK(service.run_to_end().success());
  const auto files = files_of(service, options.keep);
  CHECK(files.size() > 5);
  CHECK((joined(files) == std::string(1'000'000, '\0')));
}

TEST_CASE("A log that cannot be rotated grows") {
  const TemporaryFolder folder;
  GuardedOptions options;
  options.max_size = 1'000;
  options.log = folder.path("x.log");
  options.keep = 2;
  REQUIRE(std::filesystem::create_directories(folder.path("x.log.1/in the way")));
  const auto text = numbers_to(20'000);
  const auto path = folder.write("numbers", text);
  GuardedService service(script("cat " + path), options);
  CHECK(service.run_to_end().success());
  CHECK((service.log() == text));
}

TEST_CASE("A deleted log is created anew") {
  GuardedService service(script("echo one; " + kWaitForWord + "echo two"));
  service.expect_spawned();
  wait_for_log(service, "one\n");
  REQUIRE(std::filesystem::remove(service.log_path()));
  service.tell("go");
  service.expect_empty();
  CHECK(service.log() == "two\n");
}

TEST_CASE("A log that was emptied by hand has its whole size again") {
  GuardedOptions options;
  options.max_size = 10;
  GuardedService service(script("echo 1234567; " + kWaitForWord + "echo 7654321"), options);
  service.expect_spawned();
  wait_for_log(service, "1234567\n");
  std::filesystem::resize_file(service.log_path(), 0);
  service.tell("go");
  service.expect_empty();
  CHECK(service.log() == "7654321\n");
  CHECK_FALSE(std::filesystem::exists(service.log_path() + ".1"));
}

TEST_CASE("What a full disk does not take is dropped and counted, and the service goes on") {
  GuardedService service(script(kWaitForWord + "head -c 300000 /dev/zero; exit 6"));
  service.expect_spawned();
  limit_files_of(service.guardian().pid, 20);
  service.tell("go");
  const auto report = service.expect(ReportKind::empty);
  CHECK(os::ExitStatus::from_wait_status(report.value).code() == 6);
  CHECK(report.extra == 300'000 - 20);
  CHECK(service.log() == std::string(20, '\0'));
}

TEST_CASE("The log says what is missing once the disk takes something again") {
  const TemporaryFolder folder;
  const auto data = random_bytes(1'000'000);  // more than the pipe and the guardian's buffer hold
  const auto path = folder.write("data", data);
  GuardedService service(script(kWaitForWord + "cat " + path + "; echo written >$say; read word <&8; echo after; exit 6"));
  service.expect_spawned();
  limit_files_of(service.guardian().pid, 20);
  service.tell("go");
  CHECK(service.heard() == "written");
  limit_files_of(service.guardian().pid, RLIM_INFINITY);
  service.tell("go");
  const auto report = service.expect(ReportKind::empty);
  CHECK(os::ExitStatus::from_wait_status(report.value).code() == 6);
  REQUIRE(report.extra > 0);
  REQUIRE(report.extra <= data.size() - 20);
  const auto gap = "[devinit: " + std::to_string(report.extra) + " bytes of log could not be written]\n";
  const auto before = data.substr(0, 20);
  CHECK((service.log() == before + (before.back() == '\n' ? "" : "\n") + gap + data.substr(20 + report.extra) + "after\n"));
}

TEST_CASE("A log that cannot be opened or written at all costs the service nothing but its log") {
  const TemporaryFolder folder;
  std::filesystem::create_symlink(folder.path("elsewhere"), folder.path("link.log"));
  for (const auto& path : {std::string("/dev/full"), folder.path("link.log"), folder.path("no/such/folder/x.log"), folder.path()}) {
    GuardedOptions options;
    options.log = path;
    GuardedService service(script("head -c 300000 /dev/zero; exit 6"), options);
    service.expect_spawned();
    const auto report = service.expect(ReportKind::empty);
    CHECK(os::ExitStatus::from_wait_status(report.value).code() == 6);
    CHECK(report.extra == 300'000);
  }
  CHECK_FALSE(std::filesystem::exists(folder.path("elsewhere")));
}
