#pragma once
// Wider instructions for single functions, chosen when the program is loaded: one binary serves
// every x86-64. Clones must give the same bits: integers do by nature; floats because fused
// operations are spelled std::fma and nothing else is fused (-ffp-contract=off). Sanitizers cannot
// instrument the choice.

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define LITEBENCH_CLONES 1  // functions may also be written once per instruction set
#define LITEBENCH_WIDE __attribute__((target_clones("avx2", "default")))
#define LITEBENCH_FUSED __attribute__((target_clones("fma", "default")))
#define LITEBENCH_V3 __attribute__((target_clones("arch=x86-64-v3", "default")))  // both
#else
#define LITEBENCH_WIDE
#define LITEBENCH_FUSED
#define LITEBENCH_V3
#endif
