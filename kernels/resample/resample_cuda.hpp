#pragma once
// Pillow's resize on a device, one pass at a time: the bytes of resample(). Not run on a GPU so far.

#include "kernels/resample/taps.hpp"

struct CUstream_st;

namespace litebench::kernels {

/// Queues one pass on a stream; gives CUDA's error code, 0 for none.
int launch_resample(const ResamplePass& pass, CUstream_st* stream);

}  // namespace litebench::kernels
