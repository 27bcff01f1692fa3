#include <cstdlib>
#include <optional>

#include "shards/refer/refer.hpp"

// The reference keeps its images in a Python set, so a set's table decides their order (upstream.md
// §8.6).

namespace litebench::refer {
namespace {

/// hash(int): the value modulo 2^61 - 1, with its sign; -1 is reserved for errors.
std::uint64_t python_hash(std::int64_t value) {
  constexpr std::int64_t kModulus = (std::int64_t{1} << 61) - 1;
  const std::int64_t hash = value % kModulus;
  return static_cast<std::uint64_t>(hash == -1 ? -2 : hash);
}

class PythonSet {
 public:
  void insert(std::int64_t value) {
    if (!place(value)) return;
    ++used_;
    if (used_ * 5 >= (table_.size() - 1) * 3) grow();
  }

  [[nodiscard]] std::vector<std::int64_t> values() const {
    std::vector<std::int64_t> result;
    for (const auto& slot : table_) {
      if (slot) result.push_back(*slot);
    }
    return result;
  }

 private:
  static constexpr std::size_t kLinearProbes = 9;

  /// Puts the value into the first free slot of its probe sequence; false when it meets itself.
  bool place(std::int64_t value) {
    const std::size_t mask = table_.size() - 1;
    std::uint64_t perturb = python_hash(value);
    for (std::size_t i = perturb & mask;; i = (i * 5 + 1 + perturb) & mask) {
      const std::size_t last = i + kLinearProbes <= mask ? i + kLinearProbes : i;
      for (std::size_t slot = i; slot <= last; ++slot) {
        if (!table_[slot]) {
          table_[slot] = value;
          return true;
        }
        if (*table_[slot] == value) return false;
      }
      perturb >>= 5;
    }
  }

  void grow() {
    const std::size_t least = used_ > 50'000 ? used_ * 2 : used_ * 4;
    std::size_t size = 8;
    while (size <= least) size *= 2;
    const std::vector<std::int64_t> kept = values();
    table_.assign(size, std::nullopt);
    for (const std::int64_t value : kept) place(value);
  }

  std::vector<std::optional<std::int64_t>> table_ = std::vector<std::optional<std::int64_t>>(8);
  std::size_t used_ = 0;
};

}  // namespace

std::vector<std::int64_t> cpython_set_order(const std::vector<std::int64_t>& ids) {
  PythonSet set;
  for (const std::int64_t id : ids) set.insert(id);
  return set.values();
}

}  // namespace litebench::refer
