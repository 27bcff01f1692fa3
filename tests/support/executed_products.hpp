#pragma once
// Counts the operations of LibTorch's matrix products and fused attention as they are executed, apart from any closed form.

#include <memory>
#include <string_view>

#include <ATen/core/Tensor.h>
#include <ATen/record_function.h>

namespace litebench::test {

/// Of this thread, while it lives; a multiply-add counts 2, attention its whole square. One at a time.
class ExecutedProducts {
 public:
  ExecutedProducts()
      : handle_(
            at::addThreadLocalCallback(at::RecordFunctionCallback(&see).needsInputs(true).scopes(
                {at::RecordScope::FUNCTION}))) {
    counted() = 0;
  }
  ~ExecutedProducts() { at::removeCallback(handle_); }
  ExecutedProducts(const ExecutedProducts&) = delete;
  ExecutedProducts& operator=(const ExecutedProducts&) = delete;

  [[nodiscard]] double flops() const { return counted(); }

 private:
  static double& counted() {
    static thread_local double flops = 0;
    return flops;
  }
  /// left [..., n, k] times right [..., k, m]
  static double product(const at::Tensor& left, const at::Tensor& right) {
    return 2.0 * static_cast<double>(left.numel()) * static_cast<double>(right.size(-1));
  }
  static std::unique_ptr<at::ObserverContext> see(const at::RecordFunction& call) {
    const std::string_view name = call.name();
    const auto inputs = call.inputs();
    const auto input = [&](std::size_t i) { return inputs[i].toTensor(); };
    if (name == "aten::mm" || name == "aten::bmm") {
      counted() += product(input(0), input(1));
    } else if (name == "aten::addmm" || name == "aten::addmm_" || name == "aten::baddbmm") {
      counted() += product(input(1), input(2));
    } else if (name.starts_with("aten::_scaled_dot_product_flash_attention_for_cpu")) {
      const at::Tensor q = input(0), k = input(1);  // [1, heads, n, width]
      counted() += 4.0 * static_cast<double>(q.numel()) * static_cast<double>(k.size(2));
    }
    return nullptr;
  }

  at::CallbackHandle handle_;
};

}  // namespace litebench::test
