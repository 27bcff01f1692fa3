// A method's answer made of any bytes. What the check accepts must be rows that a plan can be made of.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <set>

#include "model/prune/answer/answer.hpp"

using namespace litebench::prune;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

/// Takes what is there; zeros afterwards.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  template <typename T>
  T take() {
    T value{};
    const std::size_t n = std::min(sizeof(T), left_);
    std::memcpy(&value, data_, n);
    data_ += n;
    left_ -= n;
    return value;
  }
  /// Mostly small numbers, now and then any 64 bits.
  std::int64_t number() {
    const auto byte = take<std::int8_t>();
    return byte == 127 ? take<std::int64_t>() : byte;
  }
  template <typename T, typename Draw>
  std::vector<T> list(Draw draw) {
    std::vector<T> values(take<std::uint8_t>() % 24);
    for (T& value : values) value = draw();
    return values;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

void check(const Answer& answer, const AnswerLimits& limits) {
  const PlanRows rows = rows_of(answer);
  const auto tokens = static_cast<std::size_t>(limits.tokens);
  require(rows.row_ptr.size() == tokens + 1 && rows.anchor.size() == tokens);
  require(rows.col.size() == rows.weight.size() && rows.row_ptr.front() == 0);
  require(rows.row_ptr.back() == static_cast<std::int64_t>(rows.col.size()));
  std::set<std::int64_t> kept;
  for (std::size_t row = 0; row < tokens; ++row) {
    require(rows.row_ptr[row] < rows.row_ptr[row + 1]);
    std::set<std::int64_t> parts;
    for (std::int64_t e = rows.row_ptr[row]; e < rows.row_ptr[row + 1]; ++e) {
      const auto at = static_cast<std::size_t>(e);
      require(rows.col[at] >= 0 && rows.col[at] <= limits.patches);
      require(std::isfinite(rows.weight[at]));
      require(parts.insert(rows.col[at]).second);
    }
    const auto first = static_cast<std::size_t>(rows.row_ptr[row]);
    if (parts.size() == 1 && rows.weight[first] == 1.0F)
      require(kept.insert(rows.col[first]).second);
    require(rows.anchor[row] >= 0 && rows.anchor[row] <= static_cast<float>(limits.patches + 1));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  const AnswerLimits limits{.tokens = bytes.take<std::uint8_t>() % 24,
                            .patches = 1 + bytes.take<std::uint8_t>() % 32};
  Answer answer;
  const auto number = [&] { return bytes.number(); };
  const auto real = [&] {
    const auto byte = bytes.take<std::int8_t>();
    return byte == 127 ? bytes.take<float>() : static_cast<float>(byte) / 4;
  };
  answer.part_ptr = bytes.list<std::int64_t>(number);
  answer.index = bytes.list<std::int64_t>(number);
  answer.weight = bytes.list<float>(real);
  answer.anchor = bytes.list<float>(real);
  if (problem_of(answer, limits).empty()) check(answer, limits);
  return 0;
}
