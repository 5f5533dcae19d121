// Copies between strided memory and dense blocks, by element size alone. Nothing is assumed of
// alignment: elements move through memcpy.
#include "cpu/isa.h"
#include "cpu/shuffle.h"
#include "cpu/simd.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

struct Wide {
  uint64_t half[2];
};

template <class E>
inline E read(const char* p) {
  E e;
  __builtin_memcpy(&e, p, sizeof(E));
  return e;
}

template <class E>
inline void write(char* p, E e) {
  __builtin_memcpy(p, &e, sizeof(E));
}

inline void prefetch_l2(const char* p) { __builtin_prefetch(p, 0, 2); }

inline int64_t magnitude(int64_t x) { return x < 0 ? -x : x; }

// ---- transposes ---------------------------------------------------------------------------------

// One N x N block, N the lanes of a vector of the given width: after each round of interleaving
// vector i with vector i + N/2, one more bit of the row number has become one of the column's.
template <class E, int Bytes>
inline void transpose_block(const char* src, int64_t src_row, char* dst, int64_t dst_row) {
  constexpr int N = Bytes / static_cast<int>(sizeof(E));
  using V = Vec<E, Bytes>;
  V rows[N];
#pragma GCC unroll 16
  for (int i = 0; i < N; ++i) rows[i] = load<V>(src + i * src_row);
#pragma GCC unroll 4
  for (int round = 1; round < N; round *= 2) {
    V next[N];
#pragma GCC unroll 8
    for (int i = 0; i < N / 2; ++i) {
      next[2 * i] = Interleave<N>::template low<V>(rows[i], rows[i + N / 2]);
      next[2 * i + 1] = Interleave<N>::template high<V>(rows[i], rows[i + N / 2]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) rows[i] = next[i];
  }
#pragma GCC unroll 16
  for (int i = 0; i < N; ++i) store(dst + i * dst_row, rows[i]);
}

// Shuffles within 16 bytes are the cheapest everywhere: wider blocks were measured and are slower.
inline constexpr int kTransposeBytes = 16;

// dst[j * dst_row + i] = src[i * src_row + j] for i < rows, j < cols: row strides in bytes, both
// column strides one element. The side whose rows lie far apart is walked along its rows, so that
// each of its cache lines is used up while it is at hand. Where there is a next source, of the same
// strides, its lines are asked for at the same pace: all at once they would be too many.
template <class E, bool AlongSource>
void transpose(const char* src, int64_t src_row, char* dst, int64_t dst_row, int64_t rows,
               int64_t cols, const char* next = nullptr) {
  constexpr int64_t kSize = sizeof(E);
  int64_t full_rows = 0;
  int64_t full_cols = 0;
  if constexpr (kSize <= 8) {
    constexpr int kBytes = kTransposeBytes;
    constexpr int64_t N = kBytes / kSize;
    full_rows = rows / N * N;
    full_cols = cols / N * N;
    const int64_t outer = AlongSource ? full_rows : full_cols;
    const int64_t inner = AlongSource ? full_cols : full_rows;
    for (int64_t p = 0; p < outer; p += N) {
      for (int64_t q = 0; q < inner; q += N) {
        const int64_t i = AlongSource ? p : q;
        const int64_t j = AlongSource ? q : p;
        if (AlongSource && next && q * kSize % 64 == 0) {
#pragma GCC unroll 16
          for (int k = 0; k < N; ++k) {
            const char* const at = next + (i + k) * src_row + j * kSize;
            if (q == 0) prefetch_l2(at);
            prefetch_l2(at + 63);
          }
        }
        transpose_block<E, kBytes>(src + i * src_row + j * kSize, src_row,
                                   dst + j * dst_row + i * kSize, dst_row);
      }
    }
  }
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = i < full_rows ? full_cols : 0; j < cols; ++j) {
      write<E>(dst + j * dst_row + i * kSize, read<E>(src + i * src_row + j * kSize));
    }
  }
}

// ---- one row ------------------------------------------------------------------------------------

#if defined(__AVX512F__) || defined(__AVX2__)
inline constexpr int kShuffleBytes = 32;
#else
inline constexpr int kShuffleBytes = 16;
#endif

template <class E>
inline constexpr bool kShuffled = sizeof(E) == 4 || sizeof(E) == 8;

template <class E>
inline void gather_row(const char* src, int64_t stride, char* dense, int64_t n) {
  constexpr int64_t kSize = sizeof(E);
  int64_t i = 0;
  if constexpr (kShuffled<E>) {
    constexpr int N = kShuffleBytes / kSize;
    using V = Vec<E, kShuffleBytes>;
    if (stride == 2 * kSize) {
      // The last vector stops short of the element after the last one, which may not be ours.
      for (; i + N < n; i += N) {
        const char* p = src + i * stride;
        store(dense + i * kSize,
              Pattern<N>::template even<V>(load<V>(p), load<V>(p + kShuffleBytes)));
      }
    } else if (stride == -kSize) {
      for (; i + N <= n; i += N) {
        store(dense + i * kSize,
              Pattern<N>::template reversed<V>(load<V>(src - (i + N - 1) * kSize)));
      }
    }
  }
#pragma GCC unroll 8
  for (; i < n; ++i) write<E>(dense + i * kSize, read<E>(src + i * stride));
}

template <class E>
inline void scatter_row(const char* dense, char* dst, int64_t stride, int64_t n) {
  constexpr int64_t kSize = sizeof(E);
  int64_t i = 0;
  if constexpr (kShuffled<E>) {
    constexpr int N = kShuffleBytes / kSize;
    using V = Vec<E, kShuffleBytes>;
    if (stride == -kSize) {
      for (; i + N <= n; i += N) {
        store(dst - (i + N - 1) * kSize,
              Pattern<N>::template reversed<V>(load<V>(dense + i * kSize)));
      }
    }
  }
#pragma GCC unroll 8
  for (; i < n; ++i) write<E>(dst + i * stride, read<E>(dense + i * kSize));
}

// Copies a row of at least a few elements, without a call where it is short.
inline void copy_row(char* dst, const char* src, int64_t bytes) {
  using V = Vec<uint8_t>;
  if (bytes > 8 * kVectorBytes || bytes < kVectorBytes) {
    __builtin_memcpy(dst, src, static_cast<size_t>(bytes));
    return;
  }
  for (int64_t i = 0; i < bytes - kVectorBytes; i += kVectorBytes) store(dst + i, load<V>(src + i));
  store(dst + bytes - kVectorBytes, load<V>(src + bytes - kVectorBytes));
}

template <class E>
inline void fill(char* dense, E value, int64_t n) {
  for (int64_t i = 0; i < n; ++i) write<E>(dense + i * static_cast<int64_t>(sizeof(E)), value);
}

// Copies rows of known, small length: a call of memcpy each would cost more than the copy.
template <class E, int Cols>
inline void gather_narrow(const char* src, int64_t row_stride, int64_t col_stride, char* dense,
                          int64_t rows) {
  constexpr int64_t kSize = sizeof(E);
  for (int64_t r = 0; r < rows; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < Cols; ++c) {
      write<E>(dense + c * kSize, read<E>(src + c * col_stride));
    }
    src += row_stride;
    dense += Cols * kSize;
  }
}

template <class E, int Cols>
inline void scatter_narrow(const char* dense, char* dst, int64_t row_stride, int64_t col_stride,
                           int64_t rows) {
  constexpr int64_t kSize = sizeof(E);
  for (int64_t r = 0; r < rows; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < Cols; ++c) {
      write<E>(dst + c * col_stride, read<E>(dense + c * kSize));
    }
    dst += row_stride;
    dense += Cols * kSize;
  }
}

// ---- tiles --------------------------------------------------------------------------------------

// Copies the first `filled` bytes on and on, until `total` are written.
inline void repeat(char* dense, int64_t filled, int64_t total) {
  while (filled < total) {
    const int64_t n = filled < total - filled ? filled : total - filled;
    __builtin_memcpy(dense + filled, dense, static_cast<size_t>(n));
    filled += n;
  }
}

template <class E>
void gather(const void* src_, int64_t row_stride, int64_t col_stride, void* dense_, int64_t rows,
            int64_t cols) {
  constexpr int64_t kSize = sizeof(E);
  const char* src = static_cast<const char*>(src_);
  char* dense = static_cast<char*>(dense_);
  if (rows <= 0 || cols <= 0) return;
  if (rows > 1 && row_stride == cols * col_stride) {  // evenly spaced from row to row
    cols *= rows;
    rows = 1;
  }
  if (rows > 1 && row_stride == 0) {
    gather<E>(src, 0, col_stride, dense, 1, cols);
    return repeat(dense, cols * kSize, rows * cols * kSize);
  }
  if (cols == 1) {
    cols = rows;
    rows = 1;
    col_stride = row_stride;
  }
  if (col_stride == 0) {
    for (int64_t r = 0; r < rows; ++r) {
      fill<E>(dense + r * cols * kSize, read<E>(src + r * row_stride), cols);
    }
    return;
  }
  if (rows == 1) {
    if (col_stride == kSize) {
      __builtin_memcpy(dense, src, static_cast<size_t>(cols * kSize));
    } else {
      gather_row<E>(src, col_stride, dense, cols);
    }
    return;
  }
  if (cols == 2) return gather_narrow<E, 2>(src, row_stride, col_stride, dense, rows);
  if (cols == 3) return gather_narrow<E, 3>(src, row_stride, col_stride, dense, rows);
  if (cols == 4) return gather_narrow<E, 4>(src, row_stride, col_stride, dense, rows);
  if (col_stride == kSize) {
    for (int64_t r = 0; r < rows; ++r) {
      copy_row(dense + r * cols * kSize, src + r * row_stride, cols * kSize);
    }
  } else if (row_stride == kSize) {
    transpose<E, true>(src, col_stride, dense, cols * kSize, cols, rows);
  } else if (magnitude(row_stride) < magnitude(col_stride)) {
    for (int64_t c = 0; c < cols; ++c) {
      for (int64_t r = 0; r < rows; ++r) {
        write<E>(dense + (r * cols + c) * kSize, read<E>(src + r * row_stride + c * col_stride));
      }
    }
  } else {
    for (int64_t r = 0; r < rows; ++r) {
      gather_row<E>(src + r * row_stride, col_stride, dense + r * cols * kSize, cols);
    }
  }
}

template <class E>
void gather_side(const void* src, int64_t col_stride, void* dense, int64_t rows, int64_t cols,
                 const void* next) {
  transpose<E, true>(static_cast<const char*>(src), col_stride, static_cast<char*>(dense),
                     cols * static_cast<int64_t>(sizeof(E)), cols, rows,
                     static_cast<const char*>(next));
}

template <class E>
void scatter(const void* dense_, void* dst_, int64_t row_stride, int64_t col_stride, int64_t rows,
             int64_t cols) {
  constexpr int64_t kSize = sizeof(E);
  const char* dense = static_cast<const char*>(dense_);
  char* dst = static_cast<char*>(dst_);
  if (rows <= 0 || cols <= 0) return;
  if (cols == 1) {
    cols = rows;
    rows = 1;
    col_stride = row_stride;
  }
  if (rows > 1 && row_stride == cols * col_stride) {
    cols *= rows;
    rows = 1;
  }
  if (rows == 1) {
    if (col_stride == kSize) {
      __builtin_memcpy(dst, dense, static_cast<size_t>(cols * kSize));
    } else {
      scatter_row<E>(dense, dst, col_stride, cols);
    }
    return;
  }
  if (cols == 2) return scatter_narrow<E, 2>(dense, dst, row_stride, col_stride, rows);
  if (cols == 3) return scatter_narrow<E, 3>(dense, dst, row_stride, col_stride, rows);
  if (cols == 4) return scatter_narrow<E, 4>(dense, dst, row_stride, col_stride, rows);
  if (col_stride == kSize) {
    for (int64_t r = 0; r < rows; ++r) {
      copy_row(dst + r * row_stride, dense + r * cols * kSize, cols * kSize);
    }
  } else if (row_stride == kSize) {
    transpose<E, false>(dense, cols * kSize, dst, col_stride, rows, cols);
  } else if (magnitude(row_stride) < magnitude(col_stride)) {
    for (int64_t c = 0; c < cols; ++c) {
      for (int64_t r = 0; r < rows; ++r) {
        write<E>(dst + r * row_stride + c * col_stride, read<E>(dense + (r * cols + c) * kSize));
      }
    }
  } else {
    for (int64_t r = 0; r < rows; ++r) {
      scatter_row<E>(dense + r * cols * kSize, dst + r * row_stride, col_stride, cols);
    }
  }
}

void stream_rows(const void* dense, void* dst_, int64_t row_stride, int64_t rows,
                 int64_t row_bytes) {
  using V = Vec<uint8_t>;
  const char* src = static_cast<const char*>(dense);
  char* dst = static_cast<char*>(dst_);
  if (row_stride == row_bytes) {
    row_bytes *= rows;
    rows = 1;
  }
  for (int64_t r = 0; r < rows; ++r, src += row_bytes, dst += row_stride) {
    const auto past = static_cast<int64_t>(reinterpret_cast<uintptr_t>(dst) % 64);
    int64_t i = past == 0 ? 0 : 64 - past;  // only whole cache lines: parts of one are slow
    if (i > row_bytes) i = row_bytes;
    __builtin_memcpy(dst, src, static_cast<size_t>(i));
    for (; i + 64 <= row_bytes; i += 64) {
#pragma GCC unroll 4
      for (int part = 0; part < 64; part += kVectorBytes) {
        stream(dst + i + part, load<V>(src + i + part));
      }
    }
    __builtin_memcpy(dst + i, src + i, static_cast<size_t>(row_bytes - i));
  }
}

// Some rows at once, so that an offset is read once for all of them.
template <class E, int Rows>
inline void take_rows(const char* from, int64_t x_row, const int64_t* offsets, char* to,
                      int64_t out_row, int64_t n) {
  for (int64_t j = 0; j < n; ++j) {
    const char* p = from + offsets[j];
    char* q = to + j * static_cast<int64_t>(sizeof(E));
    E e[Rows];
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) e[r] = read<E>(p + r * x_row);
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) write<E>(q + r * out_row, e[r]);
  }
}

template <class E>
void take(const void* x, int64_t x_row, const int64_t* offsets, void* out, int64_t out_row,
          int64_t rows, int64_t n) {
  const char* from = static_cast<const char*>(x);
  char* to = static_cast<char*>(out);
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    take_rows<E, 4>(from + r * x_row, x_row, offsets, to + r * out_row, out_row, n);
  }
  for (; r < rows; ++r) take_rows<E, 1>(from + r * x_row, 0, offsets, to + r * out_row, 0, n);
}

// Without branches: an element that does not count is overwritten by the next.
template <class E>
void compress(const void* x, const uint8_t* mask, void* out, int64_t count) {
  constexpr int64_t kSize = sizeof(E);
  const char* from = static_cast<const char*>(x);
  char* to = static_cast<char*>(out);
  for (int64_t i = 0, found = 0; found < count; ++i) {
    write<E>(to + found * kSize, read<E>(from + i * kSize));
    found += mask[i];
  }
}

}  // namespace

void add_tiles(KernelTable& table) {
  table.stream = stream_rows;
  table.stream_end = [] { stream_fence(); };
  table.take[0] = take<uint8_t>;
  table.compress[0] = compress<uint8_t>;
  table.take[1] = take<uint16_t>;
  table.compress[1] = compress<uint16_t>;
  table.take[2] = take<uint32_t>;
  table.compress[2] = compress<uint32_t>;
  table.take[3] = take<uint64_t>;
  table.compress[3] = compress<uint64_t>;
  table.take[4] = take<Wide>;
  table.compress[4] = compress<Wide>;
  table.gather[0] = gather<uint8_t>;
  table.gather_side[0] = gather_side<uint8_t>;
  table.gather[1] = gather<uint16_t>;
  table.gather_side[1] = gather_side<uint16_t>;
  table.gather[2] = gather<uint32_t>;
  table.gather_side[2] = gather_side<uint32_t>;
  table.gather[3] = gather<uint64_t>;
  table.gather_side[3] = gather_side<uint64_t>;
  table.gather[4] = gather<Wide>;
  table.gather_side[4] = gather_side<Wide>;
  table.scatter[0] = scatter<uint8_t>;
  table.scatter[1] = scatter<uint16_t>;
  table.scatter[2] = scatter<uint32_t>;
  table.scatter[3] = scatter<uint64_t>;
  table.scatter[4] = scatter<Wide>;
}

}  // namespace ndtape::cpu::NDTAPE_ISA
