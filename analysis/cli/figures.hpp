#pragma once
// Figures are drawn by Python, if there is one with matplotlib.

#include <filesystem>
#include <string>

namespace litebench::analysis::cli {

/// Runs a Python program of share/litebench/report with one folder. Returns "" or what it said last, and which Python
/// that was.
std::string run_python(const std::string& script, const std::filesystem::path& folder);

/// RUN/figures by analysis/plots/figures.py. Returns "" or why there are none. Python: $LITEBENCH_PYTHON,
/// $VIRTUAL_ENV/bin/python, python3.
std::string draw_figures(const std::filesystem::path& run);

/// Both, and says on standard output what was made. Throws as audit::Dossier does.
void write_figures_and_report(const std::filesystem::path& run,
                              const std::filesystem::path& data_root, bool figures = true);

}  // namespace litebench::analysis::cli
