// `litebench doctor [--config FILE]`: what would stop a run on this machine, before it is started.

#include <map>
#include <set>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/version.hpp"
#include "harness/cli/command.hpp"
#include "harness/cli/options.hpp"
#include "harness/cli/programs.hpp"
#include "harness/cli/published_counts.hpp"
#include "model/checkpoint/config.hpp"
#include "model/checkpoint/expected.hpp"
#include "model/checkpoint/tensor_source.hpp"

namespace litebench::cli {
namespace {

/// Runs one check and prints its outcome; a failed check does not stop the others.
class Checkup {
 public:
  template <typename Check>
  void check(std::string_view what, Check run) {
    try {
      fmt::print("  {:<22}{}\n", what, run());
    } catch (const Error& error) {
      fail(what, error);
    }
  }
  void fail(std::string_view what, const Error& error) {
    fmt::print("  {:<22}PROBLEM: {}\n", what, error.what());
    if (first_ == ExitCode::complete) first_ = error.code();
  }
  /// The exit code of the first problem.
  [[nodiscard]] ExitCode first() const { return first_; }

 private:
  ExitCode first_ = ExitCode::complete;
};

SplitCounts count(const refer::Dataset& dataset, std::string_view split) {
  SplitCounts counts;
  std::set<std::int64_t> images;
  for (const refer::Ref& ref : dataset.refs) {
    if (!refer::in_split(ref.split, split)) continue;
    images.insert(ref.image_id);
    ++counts.refs;
    counts.sentences += static_cast<std::int64_t>(ref.sentences.size());
  }
  counts.images = static_cast<std::int64_t>(images.size());
  return counts;
}

std::string split_report(const config::Config& config, const refer::Dataset& dataset,
                         const std::string& name) {
  const std::string split = name.substr(name.find('/') + 1);
  const SplitCounts counts = count(dataset, split);
  std::int64_t missing = 0;
  for (const refer::SplitImage& image :
       refer::images_of_split(dataset, split, refer::ImageOrder::sorted)) {
    if (!std::filesystem::exists(refer::image_path(config.root, dataset.images.at(image.image_id))))
      ++missing;
  }
  std::string report =
      fmt::format("{} images, {} refs, {} sentences", counts.images, counts.refs, counts.sentences);
  if (const auto published = published_counts(name)) {
    report += counts == *published
                  ? ", as published"
                  : fmt::format(", published: {}, {}, {} (not the full data set)",
                                published->images, published->refs, published->sentences);
  }
  if (missing > 0) {
    throw Error(ExitCode::data, report, fmt::format("{} image files are missing", missing),
                "see docs/datasets.md for where they belong");
  }
  return report;
}

std::string checkpoint_report(const config::Config& config) {
  if (config.glamm.starts_with("random:")) {
    return fmt::format("random weights of geometry {}",
                       model::named_geometry(config.glamm.substr(7)).name);
  }
  const auto glamm = model::open_checkpoint(config.glamm);
  const auto clip = model::open_checkpoint(config.clip);
  const model::Geometry geometry = model::read_geometry(config.glamm, config.clip, *glamm, *clip);
  model::check(model::expected_glamm(geometry, config::compute_of(config)), *glamm, config.glamm);
  model::check(model::expected_clip(geometry), *clip, config.clip);
  return fmt::format(
      "{} + {} tensors, names and shapes as expected; LLM {}x{}, CLIP {}x{}, SAM {}x{} at {}",
      glamm->tensors().size(), clip->tensors().size(), geometry.llama.hidden, geometry.llama.layers,
      geometry.vision.hidden, geometry.vision.layers, geometry.sam.dim, geometry.sam.depth,
      geometry.sam.image);
}

/// Live shards are read while they are written, which HDF5 guards with locks.
std::string locking_report(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw Error(ExitCode::io, fmt::format("cannot create {}", folder.string()), error.message(),
                "choose another run.output");
  }
  const std::filesystem::path probe = folder / fmt::format(".doctor-{}", ::getpid());
  const int fd = ::open(probe.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) {
    throw Error(ExitCode::io, fmt::format("cannot write to {}", folder.string()),
                std::generic_category().message(errno), "choose another run.output");
  }
  const bool locks = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
  ::close(fd);
  std::filesystem::remove(probe, error);
  return locks ? fmt::format("{} is writable, files can be locked", folder.string())
               : fmt::format(
                     "{} is writable, files cannot be locked (shards are then read without locks)",
                     folder.string());
}

/// Splits of one data set share its files, which take seconds to read at full size.
void check_data(Checkup& checkup, const config::Config& config) {
  std::map<std::string, refer::Dataset> datasets;
  for (const std::string& split : config.splits) {
    checkup.check(split, [&] {
      const std::string name = split.substr(0, split.find('/'));
      auto found = datasets.find(name);
      if (found == datasets.end())
        found = datasets.emplace(name, refer::load_dataset(config.root, name)).first;
      return split_report(config, found->second, split);
    });
  }
}

void check_engine(Checkup& checkup) {
  std::fflush(stdout);  // it prints lines of its own
  const int code = run(sibling("litebench-run"), {"probe"});
  if (code == 0) return;
  checkup.fail("engine", Error(ExitCode::usage, "litebench-run does not start",
                               fmt::format("it ended with code {}", code),
                               "set TORCH_ROOT to a LibTorch, or build again"));
}

void check_config(Checkup& checkup, const config::Config& config) {
  check_data(checkup, config);
  checkup.check("checkpoints", [&] { return checkpoint_report(config); });
  const std::filesystem::path parent =
      config.output.has_parent_path() ? config.output.parent_path() : ".";
  checkup.check("run folder", [&] { return locking_report(parent); });
}

}  // namespace

int doctor_command(const Arguments& arguments) {
  const RunOptions options = parse_run_options(arguments);
  fmt::print("{}", version_text("litebench"));
  point_to_libtorch();
  Checkup checkup;
  check_engine(checkup);
  if (!options.config.empty())
    check_config(checkup, config::load_config(options.config, options.overrides));
  return static_cast<int>(checkup.first());
}

}  // namespace litebench::cli
