#include "guardian/limits.hpp"

#include <sys/resource.h>

#include "guardian/syscalls.hpp"
#include "guardian/text.hpp"

namespace devinit::guardian {
namespace {

/// One `name=number` of the list.
struct Setting {
  const char* name;
  size_t length;
  int64_t value;
  const char* end;

  [[nodiscard]] bool is(const char* other) const { return length_of(other) == length && equal(name, other, length); }
};

Setting setting_at(const char* at) {
  Setting setting{at, 0, 0, at};
  while (*at != '=' && *at != '\0') ++at;
  setting.length = static_cast<size_t>(at - setting.name);
  if (*at == '=') ++at;
  const bool negative = *at == '-';
  if (negative) ++at;
  setting.value = static_cast<int64_t>(parse_number(at, &setting.end));
  if (negative) setting.value = -setting.value;
  return setting;
}

struct Resource {
  const char* name;
  int number;
  SetupStep step;
};

constexpr Resource kResources[] = {
    {"nofile", RLIMIT_NOFILE, SetupStep::nofile}, {"nproc", RLIMIT_NPROC, SetupStep::nproc}, {"core", RLIMIT_CORE, SetupStep::core},
    {"fsize", RLIMIT_FSIZE, SetupStep::fsize},    {"stack", RLIMIT_STACK, SetupStep::stack}, {"as", RLIMIT_AS, SetupStep::as},
};

/// The errno.
long apply(const Setting& setting, SetupStep* step) {
  if (setting.is("umask")) {
    call(__NR_umask, setting.value);
    return 0;
  }
  if (setting.is("nice")) {
    *step = SetupStep::nice;
    return -call(__NR_setpriority, PRIO_PROCESS, 0, setting.value);
  }
  for (const Resource& resource : kResources) {
    if (!setting.is(resource.name)) continue;
    *step = resource.step;
    const uint64_t both[2] = {static_cast<uint64_t>(setting.value), static_cast<uint64_t>(setting.value)};  // soft, hard
    return -call(__NR_prlimit64, 0, resource.number, both, 0);
  }
  return 0;
}

}  // namespace

SetupFailure apply_limits(const char* limits) {
  while (*limits != '\0') {
    const Setting setting = setting_at(limits);
    SetupFailure failure{0, SetupStep::process, setting.value};
    failure.error = static_cast<int>(apply(setting, &failure.step));
    if (failure.error != 0) return failure;
    limits = setting.end;
    while (*limits != ',' && *limits != '\0') ++limits;
    if (*limits == ',') ++limits;
  }
  return {};
}

}  // namespace devinit::guardian
