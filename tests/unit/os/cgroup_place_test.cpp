#include "os/cgroup_place.hpp"

#include <catch2/catch.hpp>

using namespace devinit::os;

namespace {

const std::string kUnified = "29 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

}  // namespace

TEST_CASE("the own control group is found below the mount of the version 2 hierarchy") {
  CHECK(cgroup_folder(kUnified, "0::/user.slice/user-1000.slice\n") == "/sys/fs/cgroup/user.slice/user-1000.slice");
  CHECK(cgroup_folder(kUnified, "0::/\n") == "/sys/fs/cgroup");
}

TEST_CASE("beside hierarchies of version 1 only the one of version 2 counts") {
  const std::string mounts =
      "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:7 - cgroup2 cgroup2 rw\n";
  CHECK(cgroup_folder(mounts, "4:memory:/box\n1:cpu:/\n0::/mine\n") == "/sys/fs/cgroup/unified/mine");
  CHECK(cgroup_folder(mounts.substr(0, mounts.find('\n') + 1), "1:cpu:/\n0::/\n").empty());
}

TEST_CASE("what is mounted may be a part of the hierarchy only") {
  const std::string part = "29 23 0:26 /box /mnt/with\\040blank rw - cgroup2 none rw\n";
  CHECK(cgroup_folder(part, "0::/box\n") == "/mnt/with blank");
  CHECK(cgroup_folder(part, "0::/box/inner\n") == "/mnt/with blank/inner");
  CHECK(cgroup_folder(part, "0::/boxes\n").empty());
  CHECK(cgroup_folder(kUnified, "0::/../outside\n").empty());
}

TEST_CASE("no hierarchy and no group is no folder") {
  CHECK(cgroup_folder("", "0::/\n").empty());
  CHECK(cgroup_folder(kUnified, "").empty());
  CHECK(cgroup_folder(kUnified, "1:cpu:/\n").empty());
}

TEST_CASE("a controller is a whole word") {
  CHECK(has_word("cpuset cpu memory\n", "cpu"));
  CHECK(has_word("cpuset memory\n", "memory"));
  CHECK_FALSE(has_word("cpuset memory\n", "cpu"));
  CHECK_FALSE(has_word("", "cpu"));
}

TEST_CASE("a number is read behind its label at the beginning of a line") {
  const std::string events = "low 1\nmax 22\noom 3\noom_kill 4\noom_group_kill 5\n";
  CHECK(number_after(events, "oom_kill ") == 4);
  CHECK(number_after(events, "oom ") == 3);
  CHECK(number_after(events, "missing ") == 0);
  CHECK(number_after("VmRSS:\t    1 kB\nRssAnon:\t  789 kB\n", "RssAnon:") == 789);
  CHECK(number_after("RssAnon:", "RssAnon:") == 0);
}
