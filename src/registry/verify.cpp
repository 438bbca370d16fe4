#include <map>
#include <utility>

#include "registry/registry.hpp"
#include "registry/state.hpp"
#include "registry/taken_block.hpp"

namespace devinit::registry {
namespace {

constexpr Sql kIntegrity{"PRAGMA integrity_check"};
// Every sum over an expression: an index, which may be the damaged part, cannot answer it.
constexpr Sql kDuplicatePorts{
    "SELECT host || '', port + 0, COUNT(*) FROM lease GROUP BY host || '', port + 0 HAVING COUNT(*) > 1 ORDER BY 1, 2"};
constexpr Sql kDuplicateOwners{
    "SELECT host || '', kind || '', owner || '', instance + 0, role || '', COUNT(*) FROM lease "
    "GROUP BY host || '', kind || '', owner || '', instance + 0, role || '' HAVING COUNT(*) > 1 ORDER BY 1, 2, 3, 4, 5"};
// One statement is one state of the database: between two of them others allocate.
constexpr Sql kPortsAndBlocks{"SELECT host, 0, port, '' FROM lease UNION ALL SELECT host, 1, block, ports FROM taken"};

using Problems = std::vector<std::string>;
using PortsByHost = std::map<std::string, PortSet, std::less<>>;

PortSet& ports_of(PortsByHost& hosts, std::string_view host) {
  const auto known = hosts.find(host);
  return known != hosts.end() ? known->second : hosts[std::string(host)];
}

Result<> check_file(Database& database, Problems& problems) {
  TRY(database.run(kIntegrity, {}, [&](const Row& row) {
    if (row.text(0) != "ok") problems.push_back("the database file: " + std::string(row.text(0)));
  }));
  return {};
}

Result<> check_uniqueness(Database& database, Problems& problems) {
  TRY(database.run(kDuplicatePorts, {}, [&](const Row& row) {
    problems.push_back("port " + std::to_string(row.integer(1)) + " of host " + std::string(row.text(0)) + " has " +
                       std::to_string(row.integer(2)) + " leases");
  }));
  TRY(database.run(kDuplicateOwners, {}, [&](const Row& row) {
    problems.push_back(std::string(row.text(1)) + " " + std::string(row.text(2)) + " (" + std::to_string(row.integer(3)) + ", " +
                       std::string(row.text(4)) + ") of host " + std::string(row.text(0)) + " has " + std::to_string(row.integer(5)) +
                       " leases");
  }));
  return {};
}

/// What the bitmaps have to say, and what they say.
Result<> read_ports(Database& database, PortsByHost& leased, PortsByHost& taken, Problems& problems) {
  TRY(database.run(kPortsAndBlocks, {}, [&](const Row& row) {
    const std::int64_t number = row.integer(2);
    if (row.integer(1) == 1) {
      const bool readable = decode_block(row.text(3), static_cast<unsigned>(number), ports_of(taken, row.text(0)));
      if (readable) return;
      problems.push_back("row " + std::to_string(number) + " of the summary of taken ports of host " + std::string(row.text(0)) +
                         " cannot be read");
    } else if (number >= 1 && number <= 65535) {
      ports_of(leased, row.text(0)).insert(static_cast<Port>(number));
    } else {
      problems.push_back("a lease of host " + std::string(row.text(0)) + " has port " + std::to_string(number) + ", which is none");
    }
  }));
  return {};
}

void compare(PortsByHost& leased, PortsByHost& taken, Problems& problems) {
  for (const auto& [host, ports] : leased) ports_of(taken, host);
  for (const auto& [host, ports] : taken) {
    const PortSet& wanted = ports_of(leased, host);
    if (ports == wanted) continue;
    problems.push_back("the summary of taken ports of host " + host + " has " + std::to_string(ports.size()) + " ports, its leases have " +
                       std::to_string(wanted.size()));
  }
}

}  // namespace

Result<std::vector<std::string>> Registry::verify(bool mend) {
  const auto check = [&]() -> Result<Problems> {
    Problems problems;
    if (state_->where.backend == Location::Backend::sqlite) TRY(check_file(*state_->database, problems));
    std::optional<Change> change;
    if (mend) {
      TRY_ASSIGN(auto begun, Change::begin(*state_));
      change.emplace(std::move(begun));
    }
    TRY(check_uniqueness(*state_->database, problems));
    PortsByHost leased;
    PortsByHost taken;
    TRY(read_ports(*state_->database, leased, taken, problems));
    compare(leased, taken, problems);
    if (!mend) return problems;
    TRY(state_->leases->rebuild_taken());
    TRY(change->commit());
    return problems;
  };
  return mend ? state_->write(check) : state_->read(check);
}

}  // namespace devinit::registry
