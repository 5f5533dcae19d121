// The face of one instruction set's build; included by the files compiled for it.
//
// NDTAPE_ISA is defined by the build: v2, v3, v4 (x86-64 levels), neon or generic.
// Code here lives in that namespace, in an unnamed namespace where it can, and uses no standard
// templates: an inline function compiled for AVX-512 could be the copy the linker keeps for all.
#pragma once

#include "cpu/kernels.h"

// Before a loop: no element depends on what an earlier one wrote.
#if defined(__clang__)
#define NDTAPE_IVDEP _Pragma("clang loop vectorize(assume_safety)")
#else
#define NDTAPE_IVDEP _Pragma("GCC ivdep")
#endif

namespace ndtape::cpu::NDTAPE_ISA {

void add_arithmetic(KernelTable& table);
void add_comparison(KernelTable& table);
void add_float_math(KernelTable& table);
void add_complex(KernelTable& table);
void add_casts(KernelTable& table);
void add_tiles(KernelTable& table);
void add_points(KernelTable& table);
void add_reductions(KernelTable& table);
void add_gemm(KernelTable& table);
void add_random(KernelTable& table);
void add_fft(KernelTable& table);

}  // namespace ndtape::cpu::NDTAPE_ISA
