#pragma once
// How a data set becomes conversations: which expressions, templates and answers (upstream.md §3,
// §10). Every quirk of the reference is one named field.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/select/stable_topk.hpp"
#include "shards/refer/refer.hpp"

namespace litebench::protocol {

enum class Sampling : std::uint8_t { sampled3, exhaustive };
enum class Turns : std::uint8_t { upto3, single };
enum class SimText : std::uint8_t { question, expression };
enum class Similarity : std::uint8_t { dot, cosine };
enum class ScoreDType : std::uint8_t { model, fp32 };
enum class Exif : std::uint8_t { apply, ignore };
enum class Epsilons : std::uint8_t { upstream, none };
enum class Precision : std::uint8_t { model, fp32 };

struct Protocol {
  std::string name;  ///< profile it started from; only a label
  Sampling sampling = Sampling::sampled3;
  Turns turns = Turns::upto3;
  std::int32_t template_index = -1;  ///< 0…15, −1: drawn per expression
  std::int32_t answer_index = -1;    ///< 0…4, −1: drawn per expression
  SimText sim_text = SimText::question;
  Similarity sim = Similarity::dot;
  ScoreDType score_dtype = ScoreDType::model;
  kernels::Ties ties = kernels::Ties::lower;  ///< which patch wins among equal scores
  refer::GroundTruth ground_truth = refer::GroundTruth::sum;
  refer::ImageOrder image_order = refer::ImageOrder::cpython_set;
  Exif exif = Exif::apply;
  Epsilons epsilons = Epsilons::upstream;
  Precision pe_dtype = Precision::model;  ///< SAM's dense positional encoding
  std::int64_t seed = 17;                 ///< of the draws
};

/// Names: upstream-compatible, strict, glamm-baseline (the columns of upstream.md §10; the baseline
/// is scored as upstream scores). Throws Error{usage} with the nearest known name.
Protocol profile(std::string_view name);
std::vector<std::string> profile_names();

/// Sets one field by its configuration name and text value: sampling, turns, template (random or
/// 0…15), answer (random or 0…4), simtext, sim, score_dtype, ties, gt, image_order, exif, eps,
/// pe_dtype, seed. Throws Error{usage} naming the allowed values or the nearest key.
void set_option(Protocol& protocol, std::string_view key, std::string_view value);

/// All fields as "key=value" in fixed order: the canonical spelling that enters fingerprints and
/// /protocols.
std::vector<std::pair<std::string, std::string>> options_of(const Protocol& protocol);

inline constexpr std::int32_t kTemplates = 16, kAnswers = 5;

/// Question templates filled with the expression after Python's strip() and lower(), and answers
/// (upstream.md §3.2, §3.3).
std::string question(std::int32_t template_index, std::string_view expression);
std::string_view answer(std::int32_t answer_index);

struct Turn {
  refer::ExpressionIndex where;
  std::int64_t ref_id = 0, sent_id = 0;
  std::int32_t template_index = 0, answer_index = 0;
  std::string expression;  ///< as in the file
  std::string question;    ///< see question()
  std::string answer;
};

/// One conversation given to the model.
struct Sample {
  std::uint64_t id = 0;  ///< hash of dataset, split, protocol, seed, image, ordinal
  std::int64_t image_id = 0;
  std::int32_t ordinal = 0;  ///< which conversation of the image
  std::vector<Turn> turns;
};

/// Draws recorded elsewhere, per "dataset/split" and image (design §5). Throws Error{data} for a
/// malformed file.
class Replay {
 public:
  struct Choice {
    std::int64_t sent_id;
    std::int32_t template_index, answer_index;
  };
  static Replay load(const std::filesystem::path& path);
  [[nodiscard]] const std::vector<Choice>* find(std::string_view dataset_split,
                                                std::int64_t image_id) const;
  [[nodiscard]] std::uint64_t hash() const { return hash_; }  ///< of the file's bytes

 private:
  std::map<std::string, std::map<std::int64_t, std::vector<Choice>>, std::less<>> splits_;
  std::uint64_t hash_ = 0;
};

/// The conversations of one image, in fixed order. Draws come from a counter-based generator keyed
/// by seed, dataset, split and image id, so they depend on nothing else; fixing the template or the
/// answer leaves the other draws as they were. With a replay the image's recorded turns are used as
/// they are; an image that the replay does not name is Error{data}.
std::vector<Sample> samples_of(const refer::Dataset& dataset, std::string_view split,
                               const refer::SplitImage& image, const Protocol& protocol,
                               const Replay* replay);

}  // namespace litebench::protocol
