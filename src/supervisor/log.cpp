#include "supervisor/log.hpp"

#define FMT_HEADER_ONLY
#include <spdlog/logger.h>
#include <spdlog/sinks/rotating_file_sink.h>

#include "os/own_file.hpp"

namespace devinit::supervisor {

struct Log::Impl {
  std::unique_ptr<spdlog::logger> logger;  ///< null when the file cannot be opened: a diary is no reason not to work
};

Log::Log(const std::string& path) : impl_(std::make_unique<Impl>()) {
  constexpr std::size_t kMaxSize = 1 << 20;
  try {
    spdlog::file_event_handlers handlers;  // of every opening, after a rotation, too
    handlers.before_open = [](const spdlog::filename_t& file) { static_cast<void>(os::make_own_file(file)); };
    auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_st>(path, kMaxSize, 1, false, handlers);
    impl_->logger = std::make_unique<spdlog::logger>("devinit", std::move(sink));
    impl_->logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %L %v");
    impl_->logger->flush_on(spdlog::level::info);
    impl_->logger->set_error_handler([](const std::string&) {});  // a full disk: go on without
  } catch (const spdlog::spdlog_ex&) {
    impl_->logger.reset();
  }
}

Log::~Log() = default;

void Log::info(const std::string& text) {
  if (impl_->logger) impl_->logger->info("{}", text);
}

void Log::warning(const std::string& text) {
  if (impl_->logger) impl_->logger->warn("{}", text);
}

}  // namespace devinit::supervisor
