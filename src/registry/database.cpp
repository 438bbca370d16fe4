#include "registry/database.hpp"

#include <utility>

#include "registry/postgres_database.hpp"
#include "registry/sqlite_database.hpp"

namespace devinit::registry {

Opened open_database(const Location& location, Access access) {
  auto opened = location.backend == Location::Backend::sqlite ? open_sqlite(location, access) : open_postgres(location, access);
  if (opened) return std::move(*opened);
  return OpenFailure{.error = opened.error(), .corrupt = is_corrupt(opened.error())};
}

bool is_corrupt(const Error& error) noexcept { return error.code == Errc::damaged; }

Result<Transaction> Transaction::begin(Database& database) {
  TRY(database.begin());
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  if (database_ != nullptr) database_->roll_back();
}

Result<> Transaction::commit() {
  ASSERT(database_ != nullptr);
  return std::exchange(database_, nullptr)->commit();
}

}  // namespace devinit::registry
