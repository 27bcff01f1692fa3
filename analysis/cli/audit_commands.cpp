// verify and explain.

#include <iostream>

#include <fmt/core.h>

#include "analysis/audit/address.hpp"
#include "analysis/audit/explain.hpp"
#include "analysis/audit/verify.hpp"
#include "analysis/cli/options.hpp"

namespace litebench::analysis::cli {

ExitCode verify_command(const Arguments& arguments) {
  po::options_description options("Options");
  options.add_options()("without-shards", "for an archive that left RUN/shards out")(
      "masks", "also count the pixels of every stored mask again");
  const Parsed parsed = parse(arguments, options, "verify RUN [options]");
  if (parsed.help) return ExitCode::complete;
  expect_words(parsed, 1, "verify RUN");
  audit::VerifyOptions how;
  how.without_shards = parsed.has("without-shards");
  how.masks = parsed.has("masks");
  const audit::Verification found = audit::verify(parsed.words[0], how);
  for (const std::string& note : found.notes) std::cout << "note: " << note << '\n';
  for (const std::string& problem : found.problems) std::cout << "WRONG: " << problem << '\n';
  std::cout << fmt::format(
      "{}: {} numbers recomputed and {} published ones in {} tables, {} ends of intervals and p "
      "values "
      "drawn again, {} files, {} rows of {} shards{}\n",
      found.problems.empty() ? "VERIFIED" : fmt::format("{} PROBLEMS", found.problems.size()),
      found.numbers, found.printed_elsewhere, found.tables, found.drawn, found.files, found.rows,
      found.shards, how.masks ? fmt::format(", {} masks", found.masks) : "");
  return found.problems.empty() ? ExitCode::complete : ExitCode::data;
}

ExitCode explain_command(const Arguments& arguments) {
  po::options_description options("Options");
  options.add_options()("rows", po::value<std::size_t>()->default_value(12),
                        "rows to show one by one")("all", "every cell of every table");
  const Parsed parsed = parse(arguments, options, "explain RUN TABLE:COLUMN:ROW… [options]");
  if (parsed.help) return ExitCode::complete;
  if (parsed.words.size() < (parsed.has("all") ? 1U : 2U))
    refuse("nothing to explain",
           "wanted: explain RUN CELL, for example main:refcoco/val:litelvlm@192");
  const audit::Dossier dossier(parsed.words[0]);
  audit::ExplainOptions how;
  how.shown_rows = parsed.values["rows"].as<std::size_t>();
  std::vector<std::string> cells(parsed.words.begin() + 1, parsed.words.end());
  if (parsed.has("all")) cells = audit::all_addresses(dossier.tables);
  for (const std::string& cell : cells) std::cout << audit::explain(dossier, cell, how) << '\n';
  return ExitCode::complete;
}

}  // namespace litebench::analysis::cli
