#include <algorithm>
#include <numeric>
#include <span>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "kernels/random/philox.hpp"
#include "shards/protocol/protocol.hpp"

namespace litebench::protocol {
namespace {

constexpr std::size_t kMaxTurns = 3;

/// What identifies the draws and samples of one image.
struct Context {
  const refer::Dataset& dataset;
  std::string dataset_split;
  const refer::SplitImage& image;
  const Protocol& protocol;
  std::uint64_t replay_hash = 0;
};

kernels::PhiloxStream draws_of(const Context& context) {
  const auto seed = static_cast<std::uint64_t>(context.protocol.seed);
  return kernels::PhiloxStream(hash64(context.dataset_split, seed),
                               static_cast<std::uint64_t>(context.image.image_id));
}

/// The first three of a random permutation (so even exactly three are shuffled), or all in order.
std::vector<std::size_t> choose(std::size_t count, Sampling sampling,
                                kernels::PhiloxStream& draws) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (sampling == Sampling::exhaustive || count < kMaxTurns) return order;
  for (std::size_t i = 0; i < kMaxTurns; ++i) {
    std::swap(order[i], order[i + draws.below(static_cast<std::uint32_t>(count - i))]);
  }
  order.resize(kMaxTurns);
  return order;
}

Turn make_turn(const refer::Dataset& dataset, refer::ExpressionIndex where,
               std::int32_t template_index, std::int32_t answer_index) {
  const refer::Ref& ref = dataset.refs.at(static_cast<std::size_t>(where.ref));
  const refer::Sentence& sentence = ref.sentences.at(static_cast<std::size_t>(where.sentence));
  return {.where = where,
          .ref_id = ref.ref_id,
          .sent_id = sentence.sent_id,
          .template_index = template_index,
          .answer_index = answer_index,
          .expression = sentence.text,
          .question = question(template_index, sentence.text),
          .answer = std::string(answer(answer_index))};
}

std::vector<Turn> drawn_turns(const Context& context) {
  kernels::PhiloxStream draws = draws_of(context);
  const auto& expressions = context.image.expressions;
  const Protocol& protocol = context.protocol;
  std::vector<Turn> turns;
  for (const std::size_t i : choose(expressions.size(), protocol.sampling, draws)) {
    // Drawn even where the option fixes them, so that later draws stay what they are.
    const auto drawn_template = static_cast<std::int32_t>(draws.below(kTemplates));
    const auto drawn_answer = static_cast<std::int32_t>(draws.below(kAnswers));
    turns.push_back(
        make_turn(context.dataset, expressions[i],
                  protocol.template_index < 0 ? drawn_template : protocol.template_index,
                  protocol.answer_index < 0 ? drawn_answer : protocol.answer_index));
  }
  return turns;
}

[[noreturn]] void refuse_replay(const Context& context, std::string_view reason) {
  throw Error(ExitCode::data,
              fmt::format("the replay does not fit image {} of {}", context.image.image_id,
                          context.dataset_split),
              reason, "record it again with this data set, or leave [protocol] replay out");
}

std::vector<Turn> replayed_turns(const Context& context, const Replay& replay) {
  const auto* choices = replay.find(context.dataset_split, context.image.image_id);
  if (choices == nullptr) refuse_replay(context, "it does not name the image");
  std::vector<Turn> turns;
  for (const Replay::Choice& choice : *choices) {
    const auto has_id = [&](refer::ExpressionIndex where) {
      const refer::Ref& ref = context.dataset.refs[static_cast<std::size_t>(where.ref)];
      return ref.sentences[static_cast<std::size_t>(where.sentence)].sent_id == choice.sent_id;
    };
    const auto where = std::ranges::find_if(context.image.expressions, has_id);
    if (where == context.image.expressions.end()) {
      refuse_replay(context, fmt::format("sentence {} is not one of the image's in this split",
                                         choice.sent_id));
    }
    turns.push_back(make_turn(context.dataset, *where, choice.template_index, choice.answer_index));
  }
  return turns;
}

std::uint64_t id_of(const Context& context, std::int32_t ordinal) {
  std::string text = context.dataset_split;
  for (const auto& [key, value] : options_of(context.protocol)) {
    if (key == "ties" && value == "lower") continue;  // younger than the ids of earlier results
    text += fmt::format("|{}={}", key, value);
  }
  text += fmt::format("|replay={:016x}|image={}|ordinal={}", context.replay_hash,
                      context.image.image_id, ordinal);
  return hash64(text);
}

/// One conversation for every `per_sample` turns.
std::vector<Sample> cut(const Context& context, std::vector<Turn> turns, std::size_t per_sample) {
  std::vector<Sample> samples;
  for (std::size_t first = 0; first < turns.size(); first += per_sample) {
    const auto ordinal = static_cast<std::int32_t>(samples.size());
    Sample& sample = samples.emplace_back();
    sample.id = id_of(context, ordinal);
    sample.image_id = context.image.image_id;
    sample.ordinal = ordinal;
    const auto part = std::span(turns).subspan(first, std::min(per_sample, turns.size() - first));
    sample.turns.assign(std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
  }
  return samples;
}

}  // namespace

std::vector<Sample> samples_of(const refer::Dataset& dataset, std::string_view split,
                               const refer::SplitImage& image, const Protocol& protocol,
                               const Replay* replay) {
  const Context context{dataset, fmt::format("{}/{}", dataset.name, split), image, protocol,
                        replay == nullptr ? 0 : replay->hash()};
  if (replay != nullptr) {
    auto turns = replayed_turns(context, *replay);
    const std::size_t all = turns.size();
    return cut(context, std::move(turns), all);
  }
  return cut(context, drawn_turns(context), protocol.turns == Turns::single ? 1 : kMaxTurns);
}

}  // namespace litebench::protocol
