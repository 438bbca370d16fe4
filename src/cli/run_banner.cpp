#include "cli/run_banner.hpp"

#include <nlohmann/json.hpp>

#include "cli/sanitize.hpp"
#include "config/ip_address.hpp"

namespace devinit::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string to_line(const Json& object) { return object.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string truth(const std::optional<bool>& value) { return value == true ? "on" : "off"; }

std::string exposure(const RunBanner& banner) {
  if (!config::is_any_address(banner.settings.host)) return {};
  return "HOST is " + banner.settings.host + ": everybody on the network can reach this server";
}

Json urls_of(const RunBanner& banner) {
  auto all = run_urls(banner.settings.host, banner.port, banner.network_addresses);
  Json urls{{"local", all.front()}};
  all.erase(all.begin());
  urls["network"] = all;
  return urls;
}

Json describe(const char* event, const RunBanner& banner) {
  Json object{{"event", event},
              {"name", banner.name},
              {"port", banner.port},
              {"wanted", banner.settings.port},
              {"wanted_from", banner.settings.port_origin},
              {"history", banner.history},
              {"host", banner.settings.host}};
  object["urls"] = urls_of(banner);
  object["debug"] = banner.settings.debug == true;
  object["reload"] = banner.settings.reload == true;
  object["log_level"] = banner.settings.log_level.value_or("info");
  object["lease"] =
      banner.registry.empty() ? Json(nullptr) : Json{{"role", "run:" + banner.name}, {"registry", banner.registry}};
  return object;
}

}  // namespace

std::vector<std::string> run_urls(const std::string& host, Port port, const std::vector<std::string>& network_addresses) {
  std::vector<std::string> urls{config::local_url(host, port) + "/"};
  if (!config::is_any_address(host)) return urls;
  for (const auto& address : network_addresses) {
    if (host != "0.0.0.0" || config::is_ipv4_address(address)) urls.push_back(config::local_url(address, port) + "/");
  }
  return urls;
}

void RunTalk::line(const std::string& label, const std::string& text) {
  constexpr std::size_t kWidth = 11;
  output_.say("  " + output_.talk_colored(Color::dim, label + std::string(kWidth - std::min(kWidth, label.size()), ' ')) +
              sanitized(text));
}

void RunTalk::started(const RunBanner& banner) {
  if (json_) return output_.insist(to_line(describe("started", banner)));
  if (output_.style().quiet && !banner.history.empty())
    return output_.insist("devinit: " + sanitized(banner.name + ": " + banner.history));
  const auto urls = run_urls(banner.settings.host, banner.port, banner.network_addresses);
  output_.say(output_.talk_colored(Color::bold, "devinit run: " + sanitized(banner.name)));
  line("local", urls.front());
  for (std::size_t i = 1; i < urls.size(); ++i) line("network", urls[i]);
  line("port",
       banner.history.empty() ? std::to_string(banner.port) + " (" + banner.settings.port_origin + ")" : banner.history);
  line("mode", "debug " + truth(banner.settings.debug) + ", reload " + truth(banner.settings.reload));
  line("log level", banner.settings.log_level.value_or("info"));
  if (!banner.registry.empty()) line("lease", "run:" + banner.name + " in " + banner.registry);
  if (const auto exposed = exposure(banner); !exposed.empty()) warn(exposed);
}

void RunTalk::moved(const RunBanner& banner) {
  if (json_) return output_.insist(to_line(describe("moved", banner)));
  output_.insist("devinit: " + sanitized(banner.name + ": " + banner.history + ": " +
                                         run_urls(banner.settings.host, banner.port, banner.network_addresses).front()));
}

void RunTalk::ready(const RunBanner& banner, const std::string& detail) {
  const auto url = run_urls(banner.settings.host, banner.port, banner.network_addresses).front();
  if (json_) return output_.insist(to_line(Json{{"event", "ready"}, {"name", banner.name}, {"url", url}, {"detail", detail}}));
  const auto mark = output_.talk_colored(Color::green, output_.style().unicode ? "✓" : "+");
  output_.say(mark + " " + sanitized(banner.name + " is ready: " + url + (detail.empty() ? "" : " (" + detail + ")")));
}

void RunTalk::exited(const std::string& name, int code) {
  if (json_) return output_.insist(to_line(Json{{"event", "exited"}, {"name", name}, {"code", code}}));
  if (code != 0) output_.say("devinit: " + sanitized(name) + " exited with code " + std::to_string(code));
}

void RunTalk::error(const Error& error) {
  if (!json_) return output_.error(error);
  output_.insist(
      to_line(Json{{"event", "error"}, {"error", error.message}, {"hint", error.hint}, {"code", code_name(error.code)}}));
}

void RunTalk::notice(const std::string& level, const std::string& text) {
  if (level == "warning") return warn(text);
  if (!json_) output_.say("devinit: " + sanitized(text));
}

void RunTalk::warn(const std::string& text) {
  if (json_ || !output_.style().quiet) alarm(text);
}

void RunTalk::alarm(const std::string& text) {
  if (json_) return output_.insist(to_line(Json{{"event", "warning"}, {"text", text}}));
  output_.insist(output_.talk_colored(Color::yellow, "devinit: warning:") + " " + sanitized(text));
}

}  // namespace devinit::cli
