// The unpruned model: every patch in raster order.
#include "model/prune/methods.hpp"

namespace litebench::prune::methods {
namespace {

class None final : public Pruner {
 public:
  explicit None(PrunerInfo info) : info_(std::move(info)) {}
  [[nodiscard]] const PrunerInfo& info() const noexcept override { return info_; }
  [[nodiscard]] std::variant<Schedule, Infeasible> schedule(
      const model::Geometry& geometry) const override {
    const auto layers = static_cast<std::size_t>(geometry.llama.layers);
    return Schedule{std::vector<std::int64_t>(layers, geometry.vision.patches())};
  }

 private:
  PrunerInfo info_;
};

}  // namespace

Method none() {
  Method method;
  method.info = {
      .id = "none", .title = "GLaMM", .paper = "arXiv 2311.03356", .fidelity = "code@e74865f207d0"};
  method.help = "all visual tokens";
  method.about =
      "Keeps every patch in raster order. The unpruned model that retention and speed-up refer "
      "to.";
  method.budgeted = false;
  method.make = [](const PrunerInfo& info, const Budget&, const Options&) {
    return std::make_shared<None>(info);
  };
  return method;
}

}  // namespace litebench::prune::methods
