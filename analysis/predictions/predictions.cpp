#include "analysis/predictions/predictions.hpp"

#include <charconv>
#include <unordered_set>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/mapped_file.hpp"

namespace litebench::analysis {
namespace {

/// Reads entries one after the other and knows which one it is at.
class Reader {
 public:
  explicit Reader(std::string_view name) : name_(name) {}

  std::vector<Prediction> read(const json::Value& root) {
    if (root.is_array()) {
      root.each([&](const json::Value& entry) {
        const std::int64_t id = sent_id_in(entry);
        add(id, member(entry, "segmentation"));
      });
    } else if (root.is_object()) {
      root.each_member(
          [&](std::string_view key, const json::Value& entry) { add(sent_id_named(key), entry); });
    } else {
      refuse("it is neither a list of predictions nor an object of them by sent_id");
    }
    return std::move(predictions_);
  }

 private:
  [[noreturn]] void refuse(std::string_view reason) const {
    const std::string where =
        sent_id_ ? fmt::format("prediction {} (sent_id {})", predictions_.size(), *sent_id_)
                 : fmt::format("prediction {}", predictions_.size());
    throw Error(
        ExitCode::data, fmt::format("cannot read {} of {}", where, name_), reason,
        R"(write {"sent_id": 7, "segmentation": {"size": [height, width], "counts": "…"}})");
  }

  [[nodiscard]] json::Value member(const json::Value& object, std::string_view key) const {
    const std::optional<json::Value> found = object.find(key);
    if (!found) refuse(fmt::format("it has no \"{}\"", key));
    return *found;
  }

  [[nodiscard]] std::int64_t integer(const json::Value& value, std::string_view what) const {
    if (!value.is_integer()) refuse(fmt::format("{} is no whole number", what));
    return value.as_int();
  }

  std::int64_t sent_id_in(const json::Value& entry) {
    sent_id_.reset();
    sent_id_ = integer(member(entry, "sent_id"), "sent_id");
    return *sent_id_;
  }

  std::int64_t sent_id_named(std::string_view key) {
    sent_id_.reset();
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc{} || end != key.data() + key.size())
      refuse(fmt::format("its name \"{}\" is no sent_id", key.substr(0, 40)));
    sent_id_ = id;
    return id;
  }

  void add(std::int64_t sent_id, const json::Value& segmentation) {
    if (!seen_.insert(sent_id).second) refuse("this sent_id was there before");
    Prediction prediction{sent_id, std::nullopt};
    if (!segmentation.is_null()) prediction.mask = mask(segmentation);
    predictions_.push_back(std::move(prediction));
  }

  [[nodiscard]] kernels::Rle mask(const json::Value& segmentation) const {
    if (!segmentation.is_object()) refuse("its segmentation is no object of size and counts");
    const json::Value size = member(segmentation, "size");
    if (!size.is_array() || size.size() != 2) refuse("its size is no list of height and width");
    std::vector<std::int64_t> sides;
    size.each([&](const json::Value& side) { sides.push_back(integer(side, "its size")); });
    if (!kernels::rle_size_ok(sides[0], sides[1]))
      refuse(fmt::format("its size {} x {} is out of range", sides[0], sides[1]));
    const json::Value counts = member(segmentation, "counts");
    std::optional<kernels::Rle> rle;
    if (counts.is_string()) {
      rle = kernels::rle_from_string(counts.as_string(), sides[0], sides[1]);
    } else if (counts.is_array()) {
      std::vector<std::int64_t> runs;
      counts.each([&](const json::Value& run) { runs.push_back(integer(run, "a run length")); });
      rle = kernels::rle_from_counts(runs, sides[0], sides[1]);
    } else {
      refuse("its counts are neither a string nor a list");
    }
    if (!rle) {
      refuse(fmt::format("its counts are corrupt, or do not add up to {} x {} pixels", sides[0],
                         sides[1]));
    }
    return *rle;
  }

  std::string_view name_;
  std::vector<Prediction> predictions_;
  std::unordered_set<std::int64_t> seen_;
  std::optional<std::int64_t> sent_id_;
};

}  // namespace

std::vector<Prediction> parse_predictions(std::string_view json, std::string_view name) {
  const json::Document document = json::Document::parse(json, name);
  return Reader(name).read(document.root());
}

std::vector<Prediction> load_predictions(const std::filesystem::path& file) {
  const MappedFile mapped(file);
  const auto bytes = mapped.bytes();
  return parse_predictions({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                           file.string());
}

}  // namespace litebench::analysis
