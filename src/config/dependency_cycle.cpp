#include "config/dependency_cycle.hpp"

#include <algorithm>
#include <map>

namespace devinit::config {
namespace {

/// Walks the dependencies depth first, with a stack of its own: a file decides how deep it gets.
class CycleSearch {
 public:
  CycleSearch(const std::vector<Draft::DependencyUse>& edges, Mistakes& mistakes) : mistakes_(mistakes) {
    for (const auto& edge : edges) edges_[edge.service].push_back(&edge);
  }

  void run(const std::vector<ServiceConfig>& services) {
    for (const auto& service : services) {
      if (marks_[service.name] == Mark::unseen) walk_from(service.name);
    }
  }

 private:
  enum class Mark { unseen, on_path, done };
  struct Step {
    std::string service;
    std::size_t next = 0;
  };
  static constexpr int kMostDrawn = 20;
  static constexpr std::size_t kMostNamed = 20;  // a cycle may be as long as the file

  void walk_from(const std::string& start) {
    enter(start);
    while (!path_.empty()) {
      Step& step = path_.back();
      const auto& edges = edges_[step.service];
      if (step.next == edges.size()) {
        marks_[step.service] = Mark::done;
        path_.pop_back();
        continue;
      }
      const Draft::DependencyUse& edge = *edges[step.next++];
      const Mark mark = marks_[edge.on];
      if (mark == Mark::unseen) enter(edge.on);
      if (mark == Mark::on_path) draw(edge);
    }
  }

  void enter(const std::string& service) {
    marks_[service] = Mark::on_path;
    path_.push_back({service});
  }

  void draw(const Draft::DependencyUse& closing) {
    if (++drawn_ > kMostDrawn) return;
    auto step = std::find_if(path_.begin(), path_.end(), [&](const Step& each) { return each.service == closing.on; });
    std::string cycle;
    for (std::size_t named = 0; step != path_.end() && named < kMostNamed; ++step, ++named) cycle += step->service + " -> ";
    if (step != path_.end()) cycle += "… -> " + closing.service + " -> ";
    mistakes_.add(closing.at, "a cycle of dependencies: " + cycle + closing.on, "one of them has to start first");
  }

  Mistakes& mistakes_;
  std::map<std::string, std::vector<const Draft::DependencyUse*>> edges_;
  std::map<std::string, Mark> marks_;
  std::vector<Step> path_;
  int drawn_ = 0;
};

}  // namespace

void check_cycles(const std::vector<ServiceConfig>& services, const std::vector<Draft::DependencyUse>& edges,
                  Mistakes& mistakes) {
  CycleSearch(edges, mistakes).run(services);
}

}  // namespace devinit::config
