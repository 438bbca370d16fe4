#include "os/files.hpp"
#include "supervisor/probe.hpp"

namespace devinit::supervisor {
namespace {

class FileProbe final : public Probe {
 public:
  explicit FileProbe(std::string path) : path_(std::move(path)) {}

  std::optional<Answer> ask() override {
    if (os::path_exists(path_)) return Answer{true, {}};
    return Answer{false, path_ + " does not exist"};
  }

 private:
  std::string path_;
};

}  // namespace

std::unique_ptr<Probe> make_file_probe(const ProbeTarget& target) { return std::make_unique<FileProbe>(target.spec.file); }

}  // namespace devinit::supervisor
