#pragma once
// Rows of several tables by one list of indices, as one device thread copies them: what a cut leaves of states, cosines and
// sines, or the last layer's wanted rows of all three.

#include <cstdint>

#include "kernels/host_device.hpp"

namespace litebench::kernels {

/// What one load brings, of whatever type.
struct alignas(16) Sixteen {
  unsigned char bytes[16];
};

/// Rows of `packs` × 16 bytes, contiguous.
struct RowTable {
  const Sixteen* in;
  Sixteen* out;
  std::int64_t packs;
};

/// Of every table row `from` to row `to` of its output: the packs `first`, `first` + `step` …
LB_HOST_DEVICE inline void copy_share(const RowTable* tables, int count, std::int64_t from,
                                      std::int64_t to, int first, int step) {
  for (int table = 0; table < count; ++table) {
    const RowTable own = tables[table];
    for (std::int64_t i = first; i < own.packs; i += step) {
      own.out[to * own.packs + i] = own.in[from * own.packs + i];
    }
  }
}

}  // namespace litebench::kernels
