#pragma once
// index_select of the rows of up to four tables, one launch, on a device. Not run on a GPU so far.

#include <cstdint>

#include "kernels/gather_rows/copy_share.hpp"

struct CUstream_st;

namespace litebench::kernels {

inline constexpr int kMostTables = 4;

/// Pointers are to the device's memory, tables aligned to 16 bytes; outputs overlap nothing. An index outside of 0 … in_rows − 1 ends
/// the device's work with an error, as ATen's does. rows below 2^31.
struct GatherRowsLaunch {
  RowTable tables[kMostTables];
  int count;                  ///< of tables
  const std::int64_t* index;  ///< [rows]
  std::int64_t rows, in_rows;
};

/// Queues the work on a stream; gives CUDA's error code, 0 for none.
int launch_gather_rows(const GatherRowsLaunch& launch, CUstream_st* stream);

}  // namespace litebench::kernels
