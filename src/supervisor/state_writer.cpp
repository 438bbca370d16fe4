#include "supervisor/state_writer.hpp"

#include "os/files.hpp"

namespace devinit::supervisor {
namespace {

using Clock = std::chrono::steady_clock;
constexpr Millis kBurstPeriod{5};

}  // namespace

StateWriter::StateWriter(boost::asio::io_context& loop, std::string path, std::function<api::StateFile()> compose)
    : timer_(loop), path_(std::move(path)), compose_(std::move(compose)) {}

void StateWriter::touch() {
  if (dirty_ || finished_) return;
  dirty_ = true;
  timer_.expires_at(last_ + kBurstPeriod);  // in the past when it is quiet: the end of this turn
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) flush();
  });
}

void StateWriter::flush() {
  if (!dirty_ || finished_) return;
  dirty_ = false;
  timer_.cancel();
  write(compose_());
}

bool StateWriter::finish(const api::StateFile& state) {
  finished_ = true;
  timer_.cancel();
  return write(state);
}

bool StateWriter::write(const api::StateFile& state) {
  last_ = Clock::now();
  const auto written = os::replace_file(path_, api::encode(state), 0600, os::Durable::no, os::Links::replace);
  problem_ = written ? std::string() : written.error().message;
  return problem_.empty();
}

}  // namespace devinit::supervisor
