#pragma once
// report/index.html: one file that needs nothing beside it.

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/manifest.hpp"
#include "analysis/rows/run.hpp"
#include "analysis/tables/table.hpp"

namespace litebench::analysis::report {

struct Figure {
  std::string name, title, alt;
  std::string svg;  ///< the element itself
};

/// What RUN/figures holds: NAME.svg and index.json with titles and texts for those who do not see them. Figures that were
/// made from another run are left out.
std::vector<Figure> read_figures(const std::filesystem::path& folder,
                                 const std::string& fingerprint);

struct PageInput {
  const Run& run;
  const std::vector<Table>& tables;
  const Manifest& manifest;
  std::string state;    ///< VALID, PARTIAL, INVALID
  std::string gallery;  ///< the section's HTML
  std::vector<Figure> figures;
  std::string why_no_figures;  ///< shown when there are none
};

/// Throws Error{io} when the style or the script of the page is not installed beside the program.
std::string page(const PageInput& input);

/// FOLDER/report/index.html, with the figures of FOLDER/figures when they are of the same run and none are given. Throws
/// Error{io}.
void write_report(PageInput input, const std::filesystem::path& folder);

}  // namespace litebench::analysis::report
