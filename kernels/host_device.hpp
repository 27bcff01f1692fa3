#pragma once
// What one thread of a CUDA kernel does is arithmetic that the CPU can do as well: it is written once, in a header,
// called by the kernel and by a test that walks over all threads. Both give the same bits: fused operations are
// spelled fmaf, and nothing else is fused (-ffp-contract=off, --fmad=false).

#ifdef __CUDACC__
#define LB_HOST_DEVICE __host__ __device__
#else
#define LB_HOST_DEVICE
#endif
