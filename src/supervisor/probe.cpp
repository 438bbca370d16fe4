#include "supervisor/probe.hpp"

namespace devinit::supervisor {

std::unique_ptr<Probe> make_probe(boost::asio::io_context& loop, const ProbeTarget& target, Probe::Listener listener) {
  using config::ProbeKind;
  switch (target.spec.kind) {
    case ProbeKind::http: return make_http_probe(loop, target, std::move(listener));
    case ProbeKind::exec: return make_exec_probe(loop, target, std::move(listener));
    case ProbeKind::log: return make_log_probe(target);
    case ProbeKind::file: return make_file_probe(target);
    case ProbeKind::none:
    case ProbeKind::port:
    case ProbeKind::notify:
    case ProbeKind::delay: break;
  }
  ASSERT(!"a kind that nobody asks");
  return nullptr;
}

}  // namespace devinit::supervisor
