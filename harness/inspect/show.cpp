#include "harness/inspect/show.hpp"

#include <algorithm>

#include <c10/core/InferenceMode.h>
#include <fmt/core.h>

#include "base/error.hpp"
#include "harness/evaluate/sequences.hpp"
#include "harness/evaluate/single.hpp"
#include "harness/inspect/sheet.hpp"
#include "harness/inspect/workbench.hpp"
#include "model/image/jpeg.hpp"
#include "model/prune/answer/answer.hpp"
#include "model/prune/scores.hpp"

namespace litebench::inspect {
namespace {

/// The same view that the method itself gets.
struct Seen {
  model::VisionFeatures features;
  at::Tensor projected;
  evaluate::SampleTexts texts;
};

Seen look(const Workbench& bench, const evaluate::PlannedMethod& method,
          const evaluate::PreparedImage& image, const evaluate::PreparedSample& sample) {
  const model::Glamm& glamm = bench.glamm();
  const model::Geometry& geometry = glamm.geometry();
  const prune::TapRequest taps = method.pruner->taps(geometry);
  Seen seen;
  seen.features =
      glamm.clip_features(glamm.upload(image.pixels.clip, geometry.vision.image), taps.vision);
  if (taps.projected) seen.projected = glamm.project_patches(seen.features);
  const evaluate::TextKind kind = evaluate::text_kind(method, geometry, bench.protocol());
  seen.texts = evaluate::embed_texts(glamm, sample, kind == evaluate::TextKind::question,
                                     kind == evaluate::TextKind::expression);
  return seen;
}

std::vector<float> scores_of(const Workbench& bench, const evaluate::PlannedMethod& method,
                             const Seen& seen, const evaluate::PreparedSample& sample) {
  const prune::VisionView view{seen.features,
                               bench.glamm().geometry(),
                               {bench.protocol().score_dtype, bench.protocol().sim},
                               {sample.sample.id, 0},
                               seen.projected,
                               &sample.name};
  const bool question = evaluate::text_kind(method, bench.glamm().geometry(), bench.protocol()) ==
                        evaluate::TextKind::question;
  const prune::QueryView queries{question ? seen.texts.question : seen.texts.expression};
  const at::Tensor scores = method.pruner->scores(view, queries);
  if (!scores.defined()) return {};
  const at::Tensor parts[] = {scores};
  const prune::HostScores host(parts);
  return {host.row(0).begin(), host.row(0).end()};
}

Column column_of(const Workbench& bench, const evaluate::PlannedMethod& method,
                 const evaluate::PreparedImage& image, const evaluate::PreparedSample& sample) {
  Column column;
  column.title = unit::id_of(method.variant);
  if (!method.infeasible.empty()) {
    column.problem = method.infeasible;
    return column;
  }
  try {
    const Seen seen = look(bench, method, image, sample);
    column.plan = evaluate::select_tokens(method, bench.glamm().geometry(), seen.features, seen.projected,
                                          seen.texts, sample, bench.protocol(), 0)
                      .plan;
    column.scores = scores_of(bench, method, seen, sample);
    const evaluate::SingleRun run =
        evaluate::run_single(bench.context(), method, image.image, sample, bench.protocol(),
                             *bench.context().device.make_clock());
    column.layer_mean = run.ledger->layer_mean();
    const prune::VisualSet& last = run.ledger->visual_sets().back();
    column.survivors.assign(last.origins.begin(), last.origins.end());
    column.cut_in_decoder = run.ledger->visual_sets().size() > 1;
    column.masks = run.masks;
  } catch (const prune::MethodFailure& failure) {
    column.problem = failure.what();
  }
  return column;
}

Sheet sheet_of(const Workbench& bench, const evaluate::BundlePlan& bundle,
               const evaluate::PreparedImage& image, const evaluate::PreparedSample& sample) {
  Sheet sheet;
  const auto rotation = bench.protocol().exif == protocol::Exif::apply
                            ? model::ExifRotation::apply
                            : model::ExifRotation::ignore;
  sheet.picture =
      model::decode_jpeg_file(refer::image_path(bench.config().root, image.image), rotation);
  sheet.title = fmt::format("{}  image {}  {}", bench.split_of(bundle).name, image.image.id,
                            image.image.file_name);
  sheet.vision = bench.glamm().geometry().vision;
  sheet.mask_height = image.image.height;
  sheet.mask_width = image.image.width;
  for (std::size_t t = 0; t < sample.targets.size(); ++t) {
    sheet.expressions.push_back(sample.sample.turns[t].expression);
    sheet.targets.push_back(sample.targets[t]->mask);
  }
  for (const evaluate::PlannedMethod& method : bench.methods())
    sheet.columns.push_back(column_of(bench, method, image, sample));
  return sheet;
}

const evaluate::PreparedSample& conversation(const evaluate::PreparedImage& image,
                                             std::int64_t index) {
  if (index < 0 || index >= std::ssize(image.samples)) {
    throw Error(
        ExitCode::usage, fmt::format("cannot show conversation {}", index),
        fmt::format("image {} has {}, counted from 0", image.image.id, image.samples.size()),
        "give another --conversation");
  }
  const evaluate::PreparedSample& sample = image.samples[static_cast<std::size_t>(index)];
  if (sample.error.empty()) return sample;
  throw Error(ExitCode::data, fmt::format("cannot show image {}", image.image.id), sample.error,
              "choose another image or conversation");
}

}  // namespace

int show(const cli::InspectOptions& options) {
  const Workbench bench(options);
  constexpr std::size_t kMostColumns = 12;
  if (bench.methods().size() > kMostColumns) {
    throw Error(ExitCode::usage, fmt::format("cannot show {} variants", bench.methods().size()),
                fmt::format("a picture has room for {}", kMostColumns), "name some with --method");
  }
  const c10::InferenceMode guard;
  const evaluate::BundlePlan& bundle = bench.bundles().front();
  const evaluate::PreparedImage image = bench.prepare(bundle);
  const Sheet sheet = sheet_of(bench, bundle, image, conversation(image, options.conversation));
  write_png(options.output, draw(sheet));
  for (const Column& column : sheet.columns) {
    if (!column.problem.empty())
      fmt::print(stderr, "litebench: {}: {}\n", column.title, column.problem);
  }
  fmt::print("{} variants on {} in {}\n", sheet.columns.size(), sheet.title, options.output);
  return 0;
}

}  // namespace litebench::inspect
