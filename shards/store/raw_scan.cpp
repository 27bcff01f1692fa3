#include "shards/store/raw_scan.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "shards/store/frame.hpp"

namespace litebench::store {
namespace {

using Span = std::span<const std::byte>;

constexpr std::uint64_t kPiece = 64 << 10;     // of the log, one behind the other in the file
constexpr std::uint64_t kStep = 2048;          // of libhdf5's blocks for its own records between them
constexpr std::uint64_t kWidestGap = 64 << 10;
constexpr std::uint64_t kLeastBudget = 64 << 20;

class Search {
 public:
  explicit Search(Span file)
      : file_(file), budget_(64 * file.size() + kLeastBudget), spare_budget_(8 * file.size() + kLeastBudget) {}

  RawScan run() {
    std::array<std::byte, sizeof kMagic> magic{};
    std::memcpy(magic.data(), &kMagic, sizeof kMagic);
    std::size_t position = 0;
    while (true) {
      const Span rest = file_.subspan(position);
      const auto found = std::search(rest.begin(), rest.end(), magic.begin(), magic.end());
      if (found == rest.end()) return std::move(scan_);
      position += static_cast<std::size_t>(found - rest.begin());
      const std::size_t used = take(position);
      position += used > 0 ? used : 1;
    }
  }

 private:
  /// Bytes of the file that the frame at `position` spans; 0 when there is no intact one.
  std::size_t take(std::size_t position) {
    const Span here = file_.subspan(position);
    if (keep(here, budget_)) {
      if (!first_piece_) first_piece_ = position;  // the log begins with a frame
      return scan_.frames.size() - before_;
    }
    if (first_piece_) {
      const std::uint64_t inside = (position - *first_piece_) % kPiece;
      if (const std::size_t used = take_around(here, position, kPiece - inside, kPiece, budget_); used > 0) return used;
    }
    // A gap inside a damaged frame was missed: from then on pieces may end at any step.
    return take_around(here, position, kStep - position % kStep, kStep, spare_budget_);
  }

  /// Tries a gap at `first_split`, `first_split` + `step`, … bytes into the frame.
  std::size_t take_around(Span here, std::size_t position, std::uint64_t first_split, std::uint64_t step,
                          std::uint64_t& budget) {
    for (std::uint64_t split = first_split; split < here.size(); split += step) {
      for (std::uint64_t gap = kStep; gap <= kWidestGap && split + gap < here.size(); gap += kStep) {
        const std::uint64_t length = joined_length(here, split, gap);
        if (length <= split || length + gap > here.size()) continue;
        if (length > budget) return 0;
        joined_.assign(here.begin(), here.begin() + static_cast<std::ptrdiff_t>(split));
        const Span behind = here.subspan(split + gap, length - split);
        joined_.insert(joined_.end(), behind.begin(), behind.end());
        if (!keep(joined_, budget)) continue;
        first_piece_ = position + split + gap;
        return length + gap;
      }
      // Where the header itself is whole its length says that no later split can help.
      if (split >= sizeof(FrameHeader) && split >= joined_length(here, split, 0)) return 0;
    }
    return 0;
  }

  /// Bytes of a frame whose header may lie across the split; 0: too long to be one.
  [[nodiscard]] std::uint64_t joined_length(Span here, std::uint64_t split, std::uint64_t gap) const {
    std::array<std::byte, sizeof(FrameHeader)> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const std::size_t from = i < split ? i : i + gap;
      if (from >= here.size()) return 0;
      bytes[i] = here[from];
    }
    FrameHeader header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    return header.length > file_.size() ? 0 : header.length + kFrameOverhead;
  }

  bool keep(Span data, std::uint64_t& budget) {
    const FrameHeader* header = header_at(data);
    if (header == nullptr || header->length > data.size()) return false;
    if (header->length + kFrameOverhead > budget) return false;
    budget -= header->length + kFrameOverhead;
    Frame frame;
    if (!read_frame(data, frame)) return false;
    before_ = scan_.frames.size();
    const Span whole = data.first(frame.size());
    scan_.frames.insert(scan_.frames.end(), whole.begin(), whole.end());
    ++scan_.count;
    return true;
  }

  Span file_;
  std::uint64_t budget_, spare_budget_;  // bytes that may still be hashed
  std::optional<std::uint64_t> first_piece_;  // where some piece of the log begins
  std::vector<std::byte> joined_;
  std::size_t before_ = 0;
  RawScan scan_;
};

}  // namespace

RawScan scan_raw(std::span<const std::byte> file) { return Search(file).run(); }

}  // namespace litebench::store
