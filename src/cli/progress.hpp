#pragma once

#include <string>
#include <vector>

#include "api/messages.hpp"
#include "cli/output.hpp"

namespace devinit::cli {

/// What `service` is doing, in words: "starting on port 8000 (pid 12)".
[[nodiscard]] std::string progress_text(const engine::ServiceSnapshot& service);
/// At most `columns` characters of a UTF-8 text.
[[nodiscard]] std::string shortened(const std::string& text, std::size_t columns);

/// Shows an operation as it goes. On a terminal one line per service, rewritten in place, and below who is being waited for; else one line per
/// transition. Quiet shows moved ports only.
class Progress {
 public:
  /// `live` false forces one line per transition (other output shares the terminal).
  Progress(Output& output, bool live) : output_(output), live_(live && output.style().live) {}

  void on(const api::ServiceChanged& event);
  void on(const api::Notice& event);
  void on(const api::PortMoved& event);
  /// From here on one line per transition: other output shares the terminal.
  void show_plainly();
  /// Leaves the lines as they are: what is printed next comes below, and a new block follows that.
  void pause();
  /// The live block tells how `service` is: no need to say it again on the same terminal.
  [[nodiscard]] bool shows(const std::string& service) const;

 private:
  void say_progress(const std::string& text);
  void erase();
  void draw();

  Output& output_;
  bool live_;
  std::size_t drawn_ = 0;  ///< lines of the block on the screen
  std::vector<engine::ServiceSnapshot> services_;
  std::string waiting_for_;  ///< the last notice of level "progress": who keeps the operation waiting
};

}  // namespace devinit::cli
