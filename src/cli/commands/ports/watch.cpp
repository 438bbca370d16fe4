#include <map>
#include <memory>
#include <utility>

#include "cli/commands/ports/ports_commands.hpp"
#include "cli/lease_filter.hpp"
#include "cli/lease_text.hpp"
#include "cli/text_table.hpp"
#include "os/interrupts.hpp"
#include "os/readable.hpp"
#include "os/sockets.hpp"
#include "os/terminal.hpp"

namespace devinit::cli {
namespace {

using registry::Lease;

constexpr int kStdout = 1;
/// No kernel event tells of a commit or of a new listener.
constexpr std::chrono::milliseconds kInterval{1000};

using Leases = std::map<std::pair<Port, std::string>, Lease>;  ///< by port and host

/// One moment: the leases, which pictures share as long as nobody changes them, and which of their ports are listened on.
struct Picture {
  std::shared_ptr<const Leases> leases;
  PortSet listened;
};

struct Change {
  enum class Kind { leased, released, listening, closed };
  Kind kind;
  Lease lease;
};

const char* to_string(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::leased:
      return "leased";
    case Change::Kind::released:
      return "released";
    case Change::Kind::listening:
      return "listening";
    case Change::Kind::closed:
      return "closed";
  }
  return "";
}

/// Looks again and again at the leases of a registry; an unchanged one is not read again.
class Camera {
 public:
  Camera(registry::Registry& registry, registry::Filter filter) : registry_(registry), filter_(std::move(filter)) {}

  Result<Picture> take() {
    TRY(follow_leases());
    Picture picture{leases_, {}};
    TRY_ASSIGN(const auto listeners, os::all_listeners());
    for (const auto& listener : listeners) {
      if (here_.contains(listener.port)) picture.listened.insert(listener.port);
    }
    return picture;
  }

 private:
  Result<> follow_leases() {
    // First: what is written while the leases are read shows the next time.
    TRY_ASSIGN(const bool changed, registry_.changed_elsewhere());
    if (!changed) return {};
    auto leases = std::make_shared<Leases>();
    PortSet here;
    TRY(registry_.each_lease(filter_, [&](const Lease& lease) {
      leases->emplace(std::pair(lease.port, lease.host), lease);
      if (lease.host == registry_.host().id) here.insert(lease.port);
    }));
    leases_ = std::move(leases);
    here_ = here;
    return {};
  }

  registry::Registry& registry_;
  registry::Filter filter_;
  std::shared_ptr<const Leases> leases_;
  PortSet here_;  ///< their ports of this host
};

std::vector<Change> changes_between(const Picture& before, const Picture& after, const std::string& host) {
  std::vector<Change> changes;
  if (before.leases == after.leases && before.listened == after.listened) return changes;
  for (const auto& [key, lease] : *before.leases) {
    const auto now = after.leases->find(key);
    const bool listened = key.second == host && before.listened.contains(key.first);
    if (listened && !after.listened.contains(key.first)) changes.push_back({Change::Kind::closed, lease});
    if (now == after.leases->end() || now->second.owner != lease.owner) changes.push_back({Change::Kind::released, lease});
  }
  for (const auto& [key, lease] : *after.leases) {
    const auto then = before.leases->find(key);
    if (then == before.leases->end() || then->second.owner != lease.owner) changes.push_back({Change::Kind::leased, lease});
    const bool listened = key.second == host && after.listened.contains(key.first);
    if (listened && !before.listened.contains(key.first)) changes.push_back({Change::Kind::listening, lease});
  }
  return changes;
}

/// What somebody who looks sees: on a terminal a table that is drawn again, elsewhere a line for each change.
class View {
 public:
  virtual ~View() = default;
  virtual void begin(const Picture& picture) = 0;
  virtual void show(const Picture& picture, const std::vector<Change>& changes, const Holders& holders) = 0;
};

class LineView : public View {
 public:
  explicit LineView(Output& output) : output_(output) {}

  void begin(const Picture& picture) override {
    const auto count = std::to_string(picture.leases->size());
    if (output_.style().json) {
      output_.data("{\"event\":\"watching\",\"leases\":" + count + "}");
    } else {
      output_.say("watching " + count + (picture.leases->size() == 1 ? " lease" : " leases") + "; Ctrl-C ends it");
    }
  }

  void show(const Picture& /*picture*/, const std::vector<Change>& changes, const Holders& holders) override {
    for (const auto& change : changes) output_.data(output_.style().json ? json_line(change, holders) : text_line(change, holders));
  }

 private:
  static std::string text_line(const Change& change, const Holders& holders) {
    auto text = std::string(to_string(change.kind)) + " " + std::to_string(change.lease.port) + " (" + registry::describe(change.lease) + ")";
    const auto found = holders.find(change.lease.port);
    if (change.kind == Change::Kind::listening && found != holders.end()) text += " by " + short_text(found->second);
    return one_line(std::move(text));
  }

  static std::string json_line(const Change& change, const Holders& holders) {
    api::JsonWriter writer;
    writer.begin_object();
    writer.member("event", to_string(change.kind));
    writer.key("lease");
    begin_lease(writer, change.lease, false);
    writer.end_object();
    if (const auto found = holders.find(change.lease.port); change.kind == Change::Kind::listening && found != holders.end()) {
      writer.key("listeners");
      write_holders(writer, found->second);
    }
    writer.end_object();
    return writer.take();
  }

  Output& output_;
};

/// Draws on the terminal's other screen, so that what stood there before comes back at the end.
class ScreenView : public View {
 public:
  explicit ScreenView(Output& output) : output_(output) { output_.data_raw("\x1b[?1049h\x1b[?25l"); }
  ScreenView(const ScreenView&) = delete;
  ScreenView& operator=(const ScreenView&) = delete;
  ~ScreenView() override { output_.data_raw("\x1b[?25h\x1b[?1049l"); }

  void begin(const Picture& picture) override { draw(picture); }

  void show(const Picture& picture, const std::vector<Change>& changes, const Holders& holders) override {
    for (const auto& change : changes) {
      if (change.kind == Change::Kind::closed) holders_.erase(change.lease.port);
    }
    for (const auto& [port, named] : holders) holders_[port] = named;
    draw(picture);
  }

 private:
  /// Who is listened on comes first: that is what changes.
  void draw(const Picture& picture) {
    using Align = TextTable::Align;
    TextTable table({Align::right, Align::left, Align::left, Align::left, Align::left, Align::left});
    table.set_heading({"PORT", "OWNER", "ROLE", "LAST USED", "LISTENING NOW", "WHERE"});
    const auto now = wall_clock();
    for (const bool listened : {true, false}) {
      for (const auto& [key, lease] : *picture.leases) {
        if (picture.listened.contains(lease.port) != listened) continue;
        const auto found = holders_.find(lease.port);
        table.add_row({std::to_string(lease.port), owner_text(lease), lease.owner.role, ago(lease.last_used, now),
                       found == holders_.end() ? "" : short_text(found->second), folder_of(lease)});
      }
    }
    constexpr std::size_t kAround = 3;  // the heading, the line below, and the one that the cursor is on
    const auto height = static_cast<std::size_t>(os::terminal_height(kStdout));
    const auto room = height > kAround ? height - kAround : 1;
    const auto hidden = table.rows() > room ? table.rows() - room : 0;
    auto text = clipped(table.text(room)) + "\n" + std::to_string(table.rows()) + " leases";
    if (hidden > 0) text += ", " + std::to_string(hidden) + " more than fit here";
    output_.data_raw("\x1b[H\x1b[2J" + text + "; Ctrl-C ends it");
  }

  /// A line that is longer than the terminal is wide would take two of its lines.
  static std::string clipped(const std::string& text) {
    const auto width = static_cast<std::size_t>(os::terminal_width(kStdout));
    std::string kept;
    std::size_t column = 0;
    for (const char c : text) {
      const bool starts_character = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
      if (c == '\n') {
        column = 0;
      } else if (starts_character) {
        ++column;
      }
      if (column <= width) kept += c;
    }
    return kept;
  }

  Output& output_;
  Holders holders_;
};

std::unique_ptr<View> make_view(Output& output) {
  if (output.style().json || !os::is_terminal(kStdout)) return std::make_unique<LineView>(output);
  return std::make_unique<ScreenView>(output);
}

Holders name_new_listeners(const std::vector<Change>& changes) {
  PortSet listening;
  for (const auto& change : changes) {
    if (change.kind == Change::Kind::listening) listening.insert(change.lease.port);
  }
  return listening.empty() ? Holders() : ports::listening_holders(listening);
}

}  // namespace

Result<int> watch_leases(const Context& context) {
  TRY_ASSIGN(const auto filter, lease_filter(context.arguments.ports));
  TRY_ASSIGN(auto interrupts, os::Interrupts::block());
  // Not for reading only: a registry that does not exist yet would stay empty for such a reader.
  TRY_ASSIGN(const auto in_use, use_registry(context, registry::Access::read_write));
  Camera camera(*in_use.registry, filter);
  TRY_ASSIGN(auto before, camera.take());
  const auto view = make_view(context.output);
  view->begin(before);
  before.listened = {};  // who listens already is named first
  const int reader = os::only_if_pipe(kStdout);
  auto timeout = std::chrono::milliseconds(0);
  while (true) {
    const auto readable = os::wait_readable({interrupts.fd(), reader}, timeout);
    if (readable[0]) return exit_code_of(Errc::interrupted);
    if (readable[1]) return 0;  // nobody reads any more
    timeout = kInterval;
    TRY_ASSIGN(auto after, camera.take());
    const auto changes = changes_between(before, after, in_use.registry->host().id);
    if (!changes.empty()) view->show(after, changes, name_new_listeners(changes));
    before = std::move(after);
  }
}

}  // namespace devinit::cli
