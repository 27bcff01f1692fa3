#pragma once
// Cells from numbers: every table takes its values, intervals, origins and marks from here.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "analysis/metrics/inference.hpp"
#include "analysis/metrics/slices.hpp"
#include "analysis/tables/build.hpp"

namespace litebench::analysis {

/// What a number is of.
struct Place {
  std::size_t protocol = 0;
  std::int32_t split = kAverage;  ///< kAverage: mean over the splits of the run
  std::size_t variant = 0;
};

/// The value of a metric of the catalogue; nothing where it was not measured.
std::optional<double> value_of(const TableInput& input, std::string_view metric,
                               const Place& place);

/// Value, interval, origin and mark. Tags are `[protocol/]variant[/split]/metric`.
Cell metric_cell(const TableInput& input, std::string_view metric, const Place& place);

/// Why value_of has nothing to say.
std::string why_empty(const TableInput& input, std::string_view metric, const Place& place);

/// `[protocol/]variant`
std::string row_id(const TableInput& input, std::size_t protocol, std::size_t variant);

/// Protocol (where there are several), method and budget: how a row begins.
void add_label_columns(Table& table, const TableInput& input);
void add_labels(Row& row, const TableInput& input, std::size_t protocol, std::size_t variant,
                const std::string& id);

/// One row per protocol and variant with the given metrics.
Table variant_rows(const TableInput& input, std::string tag, std::string title,
                   std::span<const std::string_view> metrics);

/// cIoU of every class and variant of a slicing under one protocol, and a cell of them.
std::vector<std::vector<CellEstimate>> slice_estimates(const TableInput& input,
                                                       const Slicing& slicing,
                                                       std::size_t protocol);
Cell slice_cell(const TableInput& input, const Slicing& slicing, std::size_t slice,
                std::size_t protocol, std::size_t variant, const CellEstimate& estimate);

/// A column with the metric's heading and unit.
Column column_of(std::string_view metric);

}  // namespace litebench::analysis
