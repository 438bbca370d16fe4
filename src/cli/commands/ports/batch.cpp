#include <map>

#include "api/json_writer.hpp"
#include "cli/app_answer.hpp"
#include "cli/app_request.hpp"
#include "cli/commands/ports/ports_commands.hpp"
#include "cli/line_reader.hpp"
#include "cli/owner_line.hpp"
#include "cli/registry_access.hpp"
#include "os/files.hpp"
#include "os/readable.hpp"

namespace devinit::cli {
namespace {

/// Enough to spread the cost of a commit, few enough that nobody else waits long for the lock.
constexpr std::size_t kChunk = 200;

std::string error_json(std::size_t line, const Error& error) {
  api::JsonWriter writer;
  writer.begin_object();
  writer.member("line", line);
  writer.member("error", error.message);
  writer.member("code", code_name(error.code));
  writer.end_object();
  return writer.take();
}

/// Answers a stream of owners, chunk by chunk: one transaction a chunk, in the order of the lines.
class Batch {
 public:
  Batch(const Context& context, config::PortRules rules, registry::Registry& registry)
      : context_(context), arguments_(context.arguments.ports), rules_(std::move(rules)), registry_(registry) {}

  Result<> choose_pool() {
    if (arguments_.pool.empty()) return {};
    TRY_ASSIGN(forced_pool_, find_pool(rules_, arguments_.pool));
    return {};
  }

  Result<> answer(const std::vector<std::string>& lines) {
    answers_.clear();
    waiting_.clear();
    for (const auto& line : lines) take(line);
    for (auto& [pool, chunk] : waiting_) allocate(pool, chunk);
    std::string text;
    for (const auto& line : answers_) text += line + "\n";
    if (text.empty()) return {};
    text.pop_back();
    context_.output.data(text);
    return {};
  }

  [[nodiscard]] std::size_t lines() const noexcept { return line_; }
  [[nodiscard]] std::size_t failed() const noexcept { return failed_; }

 private:
  /// The lines of a chunk that draw from one pool; `places` says where their answers go.
  struct Chunk {
    std::vector<registry::AppRequest> requests;
    std::vector<std::size_t> places;
    std::vector<std::size_t> lines;
  };

  void take(const std::string& text) {
    ++line_;
    if (text.size() > kLongestLine) return fail(answers_.emplace_back(), line_, Error(Errc::usage, "a line of more than 1 MiB names no owner"));
    auto owner = parse_owner_line(text);
    if (!owner) return fail(answers_.emplace_back(), line_, owner.error());
    if (!*owner) return;
    const auto* pool = forced_pool_ != nullptr ? forced_pool_ : rules_.pool_for_model((*owner)->model);
    auto& chunk = waiting_[pool];
    chunk.requests.push_back(app_request(rules_, pool, arguments_.roles, (*owner)->model, (*owner)->app));
    chunk.places.push_back(answers_.size());
    chunk.lines.push_back(line_);
    answers_.emplace_back();
  }

  /// What fails for the chunk as a whole, such as a connection that is lost, is the answer to each of its lines: later ones may fare better.
  void allocate(const config::Pool* pool, const Chunk& chunk) {
    const auto policy = port_policy(rules_, pool, arguments_.probe);
    const auto allocated = registry_.allocate(chunk.requests, policy);
    if (!allocated) {
      for (std::size_t i = 0; i < chunk.places.size(); ++i) fail(answers_[chunk.places[i]], chunk.lines[i], allocated.error());
      return;
    }
    const auto& results = *allocated;
    ASSERT(results.size() == chunk.requests.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      auto& place = answers_[chunk.places[i]];
      if (!results[i]) {
        fail(place, chunk.lines[i], results[i].error());
        continue;
      }
      place = app_json(chunk.requests[i].model, chunk.requests[i].app, *results[i]);
      if (!results[i]->created) continue;
      if (!warned_of_port_) warned_of_port_ = warn(ephemeral_warning(results[i]->leases, policy));
      if (!warned_of_host_) warned_of_host_ = warn(ephemeral_host_warning(registry_.host()));
    }
  }

  void fail(std::string& place, std::size_t line, const Error& error) {
    ++failed_;
    place = error_json(line, error);
  }

  bool warn(const std::optional<std::string>& warning) {
    if (warning) context_.output.warn(*warning);
    return warning.has_value();
  }

  const Context& context_;
  const PortsArguments& arguments_;
  config::PortRules rules_;
  registry::Registry& registry_;
  const config::Pool* forced_pool_ = nullptr;
  std::map<const config::Pool*, Chunk> waiting_;
  std::vector<std::string> answers_;
  std::size_t line_ = 0;
  std::size_t failed_ = 0;
  bool warned_of_port_ = false;
  bool warned_of_host_ = false;
};

}  // namespace

Result<int> get_batch(const Context& context) {
  const auto& file = context.arguments.ports.batch;
  os::UniqueFd opened;
  if (file != "-" && os::is_directory(file)) return Error(Errc::usage, "--batch " + file + " is a folder", "name a file, or - for stdin");
  if (file != "-") {
    TRY_ASSIGN(opened, os::open_to_read(file));
  }
  TRY_ASSIGN(const auto in_use, use_registry(context, registry::Access::read_write));
  TRY_ASSIGN(auto rules, rules_here(context, in_use.user));
  Batch batch(context, std::move(rules), *in_use.registry);
  TRY(batch.choose_pool());
  constexpr int kStdin = 0;
  LineReader reader(file == "-" ? kStdin : opened.get());
  while (true) {
    TRY_ASSIGN(const auto lines, reader.next(kChunk));
    if (lines.empty()) break;
    TRY(batch.answer(lines));
  }
  if (batch.failed() == 0) return 0;
  context.output.warn(std::to_string(batch.failed()) + " of " + std::to_string(batch.lines()) +
                      " lines got no ports: their \"error\" says why");
  return exit_code_of(Errc::failed);
}

}  // namespace devinit::cli
