#include "analysis/reduce.hpp"

#include <cstring>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "analysis/audit/verify.hpp"
#include "analysis/export/csv.hpp"
#include "analysis/rows/read_results.hpp"
#include "shards/store/results.hpp"
#include "tests/analysis/comma_locale.hpp"
#include "tests/analysis/synthetic_run.hpp"

namespace litebench::analysis {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

const Cell& cell(const Table& table, const std::string& tag) {
  for (const Row& row : table.rows) {
    for (const Cell& cell : row.cells) {
      if (cell.tag == tag) return cell;
    }
  }
  ADD_FAILURE() << "no cell " << tag;
  return table.rows.front().cells.front();
}

/// Commits of the given images by one process; only rank 0 of the first attempt wrote the plan.
void write_shard(const synthetic::Folder& folder, const std::string& attempt, int rank,
                 const std::vector<std::size_t>& images, bool plan) {
  store::ShardWriter writer(folder.shard(attempt + "-r" + std::to_string(rank)),
                            synthetic::provenance(attempt, rank));
  if (plan) writer.plan(synthetic::plan());
  for (const std::size_t i : images) {
    store::Bundle bundle = synthetic::accuracy_bundle(synthetic::images()[i]);
    writer.commit(bundle);
  }
  writer.close();
}

TEST(Reduce, ACompleteRunIsValidAndItsTablesAndFilesAreThere) {
  const synthetic::Folder folder("reduce-complete");
  synthetic::write_complete_run(folder, true);
  const Reduction reduction = reduce(folder.path());
  EXPECT_EQ(reduction.verdict.line, "VALID: 6 bundles, 18 units");
  EXPECT_EQ(exit_code(reduction.verdict), ExitCode::complete);
  for (const char* name : {"main", "metrics", "efficiency"}) {
    for (const char* extension : {".md", ".tex", ".csv", ".json"}) {
      EXPECT_TRUE(fs::exists(folder.path() / "tables" / (std::string(name) + extension)))
          << name << extension;
    }
  }
  EXPECT_TRUE(fs::exists(folder.path() / "results.h5"));
  EXPECT_NE(text_of(folder.path() / "verdict.json").find("\"verdict\": \"VALID\""),
            std::string::npos);
}

TEST(Reduce, TheMainTableHoldsTheRatiosOfTheRows) {
  const synthetic::Folder folder("reduce-main");
  synthetic::write_complete_run(folder, true);
  const Table main = reduce(folder.path()).tables.front();
  // val: (20 + 30 + 10) / (40 + 50 + 20), testA: 30 / 60; random@64 loses 5 pixels per expression.
  EXPECT_EQ(printed(cell(main, "none/refcoco/val/ciou")), "54.55");
  EXPECT_EQ(printed(cell(main, "none/refcoco/testA/ciou")), "50.00");
  EXPECT_EQ(printed(cell(main, "random@64/refcoco/val/ciou")), "40.91");
  EXPECT_EQ(printed(cell(main, "none/average")), "52.27");
  EXPECT_EQ(printed(cell(main, "none/retention")), "100.00");
  EXPECT_EQ(printed(cell(main, "random@64/retention")),
            "78.99");  // (45/110 + 25/60) / (60/110 + 30/60)
  EXPECT_EQ(printed(cell(main, "random@64/speed_up")), "2.00×");
  EXPECT_EQ(printed(cell(main, "random@64/prefill_speed_up")), "8.00×");
  EXPECT_EQ(printed(cell(main, "random@64/memory")), "0.75×");
  EXPECT_EQ(printed(cell(main, "random@64/tokens")), "64");
  EXPECT_EQ(printed(cell(main, "none/tokens")), "576");
  EXPECT_NE(main.caption.find("Teacher-forced"), std::string::npos);
  EXPECT_EQ(main.verdict, "VALID: 6 bundles, 18 units");
}

TEST(Reduce, WithoutALatencyPassSpeedUpIsADashWithItsReason) {
  const synthetic::Folder folder("reduce-no-latency");
  synthetic::write_complete_run(folder);
  const Reduction reduction = reduce(folder.path());
  std::vector<std::string> names;
  for (const Table& table : reduction.tables) names.push_back(table.tag);
  EXPECT_EQ(names, (std::vector<std::string>{"main", "metrics", "pareto", "slices", "categories",
                                             "conventions", "stragglers"}));
  const Cell& speed_up = cell(reduction.tables.front(), "random@64/speed_up");
  EXPECT_EQ(printed(speed_up), "—");
  EXPECT_NE(speed_up.note.find("no latency pass"), std::string::npos);
}

TEST(Reduce, TablesOfARunWithTimesSayWhetherTheReferencesDeadWorkIsInThem) {
  const auto captions_of = [](const std::string& compute, bool latency) {
    const synthetic::Folder folder("reduce-compute");
    store::Provenance provenance = synthetic::provenance();
    if (!compute.empty()) provenance.environment.emplace_back("compute", compute);
    store::ShardWriter writer(folder.shard("a-r0"), provenance);
    writer.plan(synthetic::plan(latency));
    for (const synthetic::Image& image : synthetic::images()) {
      store::Bundle bundle = synthetic::accuracy_bundle(image);
      writer.commit(bundle);
      if (!latency) continue;
      store::Bundle timed = synthetic::latency_bundle(image);
      writer.commit(timed);
    }
    writer.close();
    std::vector<std::string> captions;
    for (const Table& table : reduce(folder.path()).tables) {
      if (table.tag == "main" || table.tag == "efficiency") captions.push_back(table.caption);
    }
    return captions;
  };
  for (const std::string& caption : captions_of("upstream", true))
    EXPECT_NE(caption.find("Compute: upstream (with the reference's dead work)."),
              std::string::npos);
  for (const std::string& caption : captions_of("lean", true))
    EXPECT_NE(caption.find("Compute: lean (without the reference's dead work)."),
              std::string::npos);
  EXPECT_EQ(captions_of("lean", true).size(), 2U);
  // Nothing was timed, or by a version that did not say.
  for (const std::string& caption : captions_of("lean", false))
    EXPECT_EQ(caption.find("Compute"), std::string::npos);
  for (const std::string& caption : captions_of("", true))
    EXPECT_EQ(caption.find("Compute"), std::string::npos);
}

TEST(Reduce, TheSameRowsComeOutHoweverManyProcessesWroteThemInWhateverOrder) {
  const synthetic::Folder one("reduce-one"), three("reduce-three");
  synthetic::write_complete_run(one);
  write_shard(three, "20260101T000000-a-1", 0, {2}, true);
  write_shard(three, "20260101T000000-a-1", 1, {1}, false);
  write_shard(three, "20260102T000000-b-9", 0, {0}, true);
  ASSERT_EQ(reduce(one.path()).verdict.state, State::valid);
  ASSERT_EQ(reduce(three.path()).verdict.state, State::valid);
  const store::results::Reader a(one.path() / "results.h5"), b(three.path() / "results.h5");
  const auto expect_equal = [&]<typename RowType>(const char* name, RowType) {
    const auto x = a.table<RowType>(name);
    const auto y = b.table<RowType>(name);
    ASSERT_EQ(x.size(), y.size()) << name;
    ASSERT_FALSE(x.empty()) << name;
    EXPECT_EQ(std::memcmp(x.data(), y.data(), x.size() * sizeof(RowType)), 0) << name;
  };
  expect_equal("expressions", store::results::Expression{});
  expect_equal("tokens", store::results::Tokens{});
  expect_equal("images", store::results::Image{});
  expect_equal("samples", store::results::Sample{});
  expect_equal("sentences", store::results::Sentence{});
  for (const char* table : {"main.csv", "main.json", "main.md", "main.tex", "metrics.csv"}) {
    EXPECT_EQ(text_of(one.path() / "tables" / table), text_of(three.path() / "tables" / table))
        << table;
  }
}

TEST(Reduce, ACommaDecimalLocaleChangesNoFile) {
  const synthetic::Folder folder("reduce-locale");
  synthetic::write_complete_run(folder, true);
  ReduceOptions options;
  options.reference = "litelvlm-icml26";
  options.tables = folder.path() / "tables.toml";
  std::ofstream(options.tables) << "[tables]\nlevel = 0.9\ndraws = 320\nleast_images = 2\n";
  options.output = folder.path() / "english";
  reduce(folder.path(), options);
  export_csv(read_results(options.output / "results.h5"), "f", options.output / "export");
  const test::CommaLocale german;
  if (!german.c()) GTEST_SKIP() << "no localedef here; cmake/setup.sh full installs locales";
  ASSERT_EQ(german.proof(), "1,5 1,5");
  options.output = folder.path() / "german";
  reduce(folder.path(), options);
  export_csv(read_results(options.output / "results.h5"), "f", options.output / "export");
  EXPECT_TRUE(audit::verify(options.output, {.without_shards = true}).problems.empty());
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path() / "english")) {
    if (!entry.is_regular_file() || entry.path().extension() == ".h5") continue;
    const fs::path name = fs::relative(entry.path(), folder.path() / "english");
    EXPECT_EQ(text_of(options.output / name), text_of(entry.path())) << name;
    ++files;
  }
  EXPECT_GT(files, 40U);
  EXPECT_TRUE(text_of(options.output / "tables/main.csv").find("54.55") != std::string::npos);
}

TEST(Reduce, ExpressionsAreSortedByImageVariantAndTurnAndKeepTheirBytes) {
  const synthetic::Folder folder("reduce-sorted");
  synthetic::write_complete_run(folder);
  reduce(folder.path());
  const store::results::Reader file(folder.path() / "results.h5");
  const auto rows = file.table<store::results::Expression>("expressions");
  ASSERT_EQ(rows.size(), 8U);
  const std::vector<std::int64_t> images{10, 10, 20, 20, 20, 20, 30, 30};
  const auto bytes = file.bytes("bytes");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(std::int64_t{rows[i].image_id}, images[i]);
    EXPECT_EQ(std::int64_t{rows[i].sent_id}, images[i] + 2 + rows[i].turn);
    const std::string mask(reinterpret_cast<const char*>(bytes.data()) + rows[i].bytes.offset,
                           rows[i].bytes.length);
    EXPECT_EQ(mask, "rle" + std::to_string(rows[i].intersection));
  }
}

TEST(Reduce, SamplesKeepThePlaceThatThePlanGaveThem) {
  const synthetic::Folder folder("reduce-order");
  synthetic::write_complete_run(folder);
  const analysis::Run run = load_run(folder.path());
  ASSERT_EQ(run.samples.size(), 3U);
  EXPECT_EQ(std::int64_t{run.samples[0].image_id}, 10);
  EXPECT_EQ(std::int32_t{run.samples[0].order}, 1);  // image 20 comes first in the plan
  EXPECT_EQ(std::int32_t{run.samples[1].order}, 0);
}

TEST(Reduce, AMissingBundleMakesItPartialAndNamesTheImageAndTheCommand) {
  const synthetic::Folder folder("reduce-missing");
  write_shard(folder, "20260101T000000-a-1", 0, {0, 2}, true);
  const Verdict verdict = reduce(folder.path()).verdict;
  EXPECT_EQ(verdict.state, State::partial);
  EXPECT_EQ(exit_code(verdict), ExitCode::incomplete);
  ASSERT_EQ(verdict.missing.size(), 1U);
  EXPECT_EQ(verdict.missing.front(), "refcoco/val accuracy: 1 image (10)");
  EXPECT_EQ(verdict.command,
            "mpirun -n 2 litebench --config " + (folder.path() / "config.toml").string());
}

TEST(Reduce, ABundleDoneTwiceWithTheSameMasksIsCountedOnceAndAudited) {
  const synthetic::Folder folder("reduce-twice");
  write_shard(folder, "20260101T000000-a-1", 0, {0, 1, 2}, true);
  write_shard(folder, "20260102T000000-a-2", 0, {0}, true);
  const Verdict verdict = reduce(folder.path()).verdict;
  EXPECT_EQ(verdict.state, State::valid);
  EXPECT_EQ(verdict.audited_bundles, 1);
  EXPECT_EQ(verdict.units, 6);
}

void write_second_opinion(const synthetic::Folder& folder, std::int64_t moved,
                          const std::string& torch) {
  write_shard(folder, "20260101T000000-a-1", 0, {0, 1, 2}, true);
  store::Provenance p = synthetic::provenance("20260102T000000-b-2");
  p.environment = {{"torch", torch}, {"host", "b"}};
  store::ShardWriter writer(folder.shard("b-r0"), p);
  store::Bundle bundle = synthetic::accuracy_bundle(synthetic::images()[0]);
  bundle.expressions.back().intersection -= moved;
  ++bundle.expressions.back().mask_hash;
  writer.commit(bundle);
  writer.close();
}

TEST(Reduce, ABundleDoneTwiceWithOtherMasksIsInvalidAndNamed) {
  const synthetic::Folder folder("reduce-disagree");
  write_second_opinion(folder, 1, "2.7.0");
  const Verdict verdict = reduce(folder.path()).verdict;
  EXPECT_EQ(verdict.state, State::invalid);
  EXPECT_EQ(exit_code(verdict), ExitCode::data);
  EXPECT_NE(verdict.line.find("refcoco/val image 20 random@64 turn 1: 25/50 pixels"),
            std::string::npos)
      << verdict.line;
}

TEST(Reduce, AcrossEnvironmentsAFewPixelsMayDifferButNotMany) {
  const synthetic::Folder few("reduce-few"), many("reduce-many");
  write_second_opinion(few, 3, "2.11.0");
  write_second_opinion(many, 20, "2.11.0");
  EXPECT_EQ(reduce(few.path()).verdict.state, State::valid);
  EXPECT_EQ(reduce(many.path()).verdict.state, State::invalid);
}

/// Rewrites the unit and drops the expressions of one variant of image 20.
void write_failing(const synthetic::Folder& folder, store::Status status,
                   bool second_attempt_succeeds = false) {
  store::ShardWriter writer(folder.shard("a-r0"), synthetic::provenance());
  writer.plan(synthetic::plan());
  for (const synthetic::Image& image : synthetic::images()) {
    store::Bundle bundle = synthetic::accuracy_bundle(image);
    if (image.id == 20) {
      bundle.units[1].status = status;
      bundle.units[1].error = bundle.put("broken picture");
      std::erase_if(bundle.expressions,
                    [](const store::ExpressionRow& e) { return e.variant == 1; });
    }
    writer.commit(bundle);
  }
  writer.close();
  if (second_attempt_succeeds) write_shard(folder, "20260102T000000-a-2", 0, {0}, true);
}

TEST(Reduce, ASampleThatFailedForOneVariantIsLeftOutOfAllAndListed) {
  const synthetic::Folder folder("reduce-excluded");
  write_failing(folder, store::Status::failed_sample);
  const Reduction reduction = reduce(folder.path());
  EXPECT_EQ(reduction.verdict.line, "VALID, 1 sample excluded: 3 bundles, 6 units");
  ASSERT_EQ(reduction.verdict.excluded.size(), 1U);
  EXPECT_EQ(reduction.verdict.excluded.front(),
            "refcoco/val image 20 sample 0 (failed_sample in random@64: broken picture)");
  EXPECT_EQ(printed(cell(reduction.tables[0], "none/refcoco/val/ciou")),
            "50.00");  // image 10 alone: 10 / 20
  EXPECT_EQ(printed(cell(reduction.tables[0], "random@64/refcoco/val/ciou")), "25.00");
}

TEST(Reduce, RunningOutOfMemoryIsPartialUntilARetrySucceeds) {
  const synthetic::Folder failed("reduce-oom"), retried("reduce-retried");
  write_failing(failed, store::Status::oom);
  write_failing(retried, store::Status::oom, true);
  EXPECT_EQ(reduce(failed.path()).verdict.state, State::partial);
  const Reduction reduction = reduce(retried.path());
  EXPECT_EQ(reduction.verdict.state, State::valid) << reduction.verdict.line;
  EXPECT_EQ(printed(cell(reduction.tables[0], "random@64/refcoco/val/ciou")), "40.91");
}

TEST(Reduce, AMethodThatGaveNoUsablePlanIsPartialAndIsNotToBeStartedAgainAsItIs) {
  const synthetic::Folder folder("reduce-method");
  write_failing(folder, store::Status::failed_method);
  const Verdict verdict = reduce(folder.path()).verdict;
  EXPECT_EQ(verdict.line,
            "PARTIAL: refcoco/val image 20 sample 0 (failed_method in random@64: broken picture); "
            "mend the method's file and start with --fresh");
  EXPECT_EQ(exit_code(verdict), ExitCode::incomplete);
  EXPECT_TRUE(verdict.command.empty());
}

TEST(Reduce, AnInfeasibleVariantIsAnEmptyCellAndCostsTheOthersNothing) {
  const synthetic::Folder folder("reduce-infeasible");
  write_failing(folder, store::Status::infeasible);
  const Reduction reduction = reduce(folder.path());
  EXPECT_EQ(reduction.verdict.state, State::valid);
  EXPECT_EQ(printed(cell(reduction.tables[0], "none/refcoco/val/ciou")), "54.55");
  EXPECT_EQ(printed(cell(reduction.tables[0], "random@64/refcoco/val/ciou")), "—");
  EXPECT_EQ(printed(cell(reduction.tables[0], "random@64/refcoco/testA/ciou")), "41.67");
}

TEST(Reduce, ShardsOfAnotherFamilyAreInvalidAndTheDifferingPartIsNamed) {
  const synthetic::Folder folder("reduce-family");
  write_shard(folder, "20260101T000000-a-1", 0, {0, 1, 2}, true);
  store::Provenance other = synthetic::provenance("20260102T000000-a-2");
  other.family = "fb";
  other.family_parts = {{"dtype", "bf16"}, {"threads", "1"}};
  store::ShardWriter(folder.shard("b-r0"), other).close();
  const Verdict verdict = reduce(folder.path()).verdict;
  EXPECT_EQ(verdict.state, State::invalid);
  EXPECT_NE(verdict.line.find("dtype fp32 against bf16"), std::string::npos) << verdict.line;
}

TEST(Reduce, VariantsThatWereAddedLaterInAPackOfTheirOwnJoinTheTable) {
  const synthetic::Folder folder("reduce-packs");
  write_shard(folder, "20260101T000000-a-1", 0, {0, 1, 2}, true);
  store::Provenance later = synthetic::provenance("20260102T000000-a-2");
  later.pack = "pb";
  later.variants = {"uniform@64"};
  later.variant_json = {R"({"method":"uniform"})"};
  store::ShardWriter writer(folder.shard("b-r0"), later);
  for (const synthetic::Image& image : synthetic::images()) {
    store::Bundle bundle = synthetic::accuracy_bundle(image);
    bundle.commit.bundle_id += 1000;
    std::erase_if(bundle.units, [](const auto& row) { return row.variant == 1; });
    std::erase_if(bundle.expressions, [](const auto& row) { return row.variant == 1; });
    std::erase_if(bundle.tokens, [](const auto& row) { return row.variant == 1; });
    writer.commit(bundle);
  }
  writer.close();
  const Reduction reduction = reduce(folder.path());
  EXPECT_EQ(reduction.verdict.state, State::valid) << reduction.verdict.line;
  EXPECT_EQ(printed(cell(reduction.tables[0], "uniform@64/refcoco/val/ciou")), "54.55");
}

ExitCode code_of(const fs::path& run, const ReduceOptions& options = {}) {
  try {
    reduce(run, options);
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::complete;
}

TEST(Reduce, BadInputEndsWithItsOwnCode) {
  const synthetic::Folder empty("reduce-empty"), garbage("reduce-garbage"), good("reduce-good");
  EXPECT_EQ(code_of(empty.path() / "nowhere"), ExitCode::io);
  EXPECT_EQ(code_of(empty.path()), ExitCode::data);
  std::ofstream(garbage.shard("a-r0")) << "this is no HDF5 file";
  EXPECT_EQ(code_of(garbage.path()), ExitCode::data);
  synthetic::write_complete_run(good);
  ReduceOptions unknown_reference;
  unknown_reference.reference = "litelvlm-icml62";
  EXPECT_EQ(code_of(good.path(), unknown_reference), ExitCode::usage);
  ReduceOptions unwritable;
  unwritable.output = good.shard("a-r0");
  EXPECT_EQ(code_of(good.path(), unwritable), ExitCode::io);
}

TEST(Reduce, AnUnreadableShardBesideACompleteRunIsANote) {
  const synthetic::Folder folder("reduce-unreadable");
  synthetic::write_complete_run(folder);
  std::ofstream(folder.shard("z-r1")) << "this is no HDF5 file";
  const Verdict verdict = reduce(folder.path()).verdict;
  EXPECT_EQ(verdict.state, State::valid);
  ASSERT_FALSE(verdict.notes.empty());
  EXPECT_NE(verdict.notes.front().find("z-r1.h5"), std::string::npos);
}

TEST(Reduce, AFlippedBitInAShardCostsTheBundleItHitsAndSaysSo) {
  const synthetic::Folder folder("reduce-flipped");
  synthetic::write_complete_run(folder);
  const fs::path shard = folder.shard("a-r0");
  std::string bytes = text_of(shard);
  const std::size_t name = bytes.rfind("img_30.jpg");
  ASSERT_NE(name, std::string::npos);
  bytes[name] = 'I';
  std::ofstream(shard, std::ios::binary | std::ios::trunc) << bytes;
  const Verdict verdict = reduce(folder.path()).verdict;
  EXPECT_EQ(verdict.state, State::partial);
  EXPECT_EQ(verdict.missing, std::vector<std::string>{"refcoco/testA accuracy: 1 image (30)"});
  ASSERT_FALSE(verdict.notes.empty());
  EXPECT_NE(verdict.notes.front().find("a-r0.h5"), std::string::npos);
}

TEST(Reduce, ARowOfASampleThatIsNotThereIsDamage) {
  const synthetic::Folder folder("reduce-orphan");
  store::ShardWriter writer(folder.shard("a-r0"), synthetic::provenance());
  store::Bundle bundle = synthetic::accuracy_bundle(synthetic::images()[0]);
  bundle.expressions.back().sample_id = 77;
  writer.commit(bundle);
  writer.close();
  EXPECT_EQ(code_of(folder.path()), ExitCode::data);
}

TEST(Reduce, AVariantNumberOutOfRangeIsDamage) {
  const synthetic::Folder folder("reduce-range");
  store::ShardWriter writer(folder.shard("a-r0"), synthetic::provenance());
  store::Bundle bundle = synthetic::accuracy_bundle(synthetic::images()[0]);
  bundle.units.back().variant = 9;
  writer.commit(bundle);
  writer.close();
  EXPECT_EQ(code_of(folder.path()), ExitCode::data);
}

TEST(Reduce, PublishedNumbersStandBesideTheVariantsTheyBelongTo) {
  const synthetic::Folder folder("reduce-published");
  synthetic::write_complete_run(folder);
  ReduceOptions options;
  options.reference = "litelvlm-icml26";
  const Table main = reduce(folder.path(), options).tables.front();
  EXPECT_EQ(printed(cell(main, "none/published/refcoco/val/ciou")), "79.5");
  EXPECT_EQ(printed(cell(main, "none/published/refcoco/testA/ciou")), "83.2");
  EXPECT_EQ(main.rows.size(), 3U);  // none, its published row, random@64
}

}  // namespace
}  // namespace litebench::analysis
