#include "supervisor/service_process.hpp"

#include "os/record_channel.hpp"
#include "supervisor/child_launch.hpp"

namespace devinit::supervisor {

using guardian::Order;
using guardian::OrderKind;
using guardian::Report;
using guardian::ReportKind;

Result<std::unique_ptr<ServiceProcess>> ServiceProcess::launch(boost::asio::io_context& loop, os::SpawnRequest request,
                                                               Listener listener) {
  TRY_ASSIGN(auto channel, os::make_record_channel());
  request.fds.emplace_back(channel.second.get(), guardian::kControlFd);
  // Everything that can fail comes before the spawn: a guardian without an ear would have to be ended again.
  boost::asio::posix::stream_descriptor control(loop);
  boost::system::error_code failed;
  control.assign(channel.first.get(), failed);
  if (failed) return Error(Errc::io, "cannot listen to a guardian: " + failed.message());
  (void)channel.first.release();
  TRY_ASSIGN(auto spawned, os::spawn(request));
  return std::unique_ptr<ServiceProcess>(new ServiceProcess(std::move(control), spawned.identity, std::move(listener)));
}

ServiceProcess::ServiceProcess(boost::asio::posix::stream_descriptor control, os::ProcessIdentity guardian, Listener listener)
    : control_(std::move(control)), guardian_(guardian), listener_(std::move(listener)) {
  listen();
}

void ServiceProcess::listen() {
  control_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& error) {
                        if (!error && !alive.expired()) on_readable();
                      });
}

void ServiceProcess::on_readable() {
  const std::weak_ptr<bool> alive = alive_;
  for (;;) {
    Report report{};
    const auto received = os::receive_record(control_.native_handle(), &report, sizeof report);
    if (received == os::Received::nothing) break;
    if (received == os::Received::closed) return listener_(std::nullopt);
    if (report.kind == ReportKind::spawned) leader_ = os::ProcessIdentity{report.value, report.extra};
    const bool last = report.kind == ReportKind::empty || report.kind == ReportKind::exec_failed || report.kind == ReportKind::survivors;
    listener_(report);
    if (last || alive.expired()) return;  // the owner may have destroyed us
  }
  listen();
}

void ServiceProcess::stop(const config::StopSpec& how) {
  const Order order{OrderKind::stop, how.signal, guardian_target(how.to), static_cast<std::uint32_t>(how.grace.count())};
  os::send_record(control_.native_handle(), &order, sizeof order);
}

void ServiceProcess::kill() {
  const Order order{OrderKind::kill, 9, guardian::Target::tree, 0};
  os::send_record(control_.native_handle(), &order, sizeof order);
}

void ServiceProcess::signal(int number) {
  const Order order{OrderKind::signal, number, guardian::Target::leader, 0};
  os::send_record(control_.native_handle(), &order, sizeof order);
}

}  // namespace devinit::supervisor
