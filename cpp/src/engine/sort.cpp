#include "engine/sort.h"

#include <algorithm>
#include <bit>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/elementwise.h"
#include "ndtape/error.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {
namespace {

// ---- keys: unsigned integers in the order of the elements
// ----------------------------------------

template <class T>
using KeyOf = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <class T>
constexpr KeyOf<T> kTop = KeyOf<T>{1} << (8 * sizeof(T) - 1);  // of the bits that T has

// Equal elements have equal keys, and all NaN have the largest.
template <class T>
KeyOf<T> key_of(T x) {
  using K = KeyOf<T>;
  if constexpr (std::is_floating_point_v<T>) {
    const K bits = std::bit_cast<K>(x + T{0});  // -0.0 becomes 0.0
    const K ordered = bits & kTop<T> ? ~bits : bits | kTop<T>;
    return x == x ? ordered : ~K{0};
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<K>(static_cast<std::make_unsigned_t<T>>(x)) ^ kTop<T>;
  } else {
    return x;
  }
}

template <class T>
T from_key(KeyOf<T> key) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::bit_cast<T>(key & kTop<T> ? key ^ kTop<T> : ~key);
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<T>(key ^ kTop<T>);
  } else {
    return static_cast<T>(key);
  }
}

// ---- what is moved: a key alone, or with a position
// ----------------------------------------------

struct Placed {
  uint64_t key;
  int64_t at;
  auto operator<=>(const Placed&) const = default;
};

template <class K>
K digits(K record) {
  return record;
}
inline uint64_t digits(const Placed& record) { return record.key; }

// Records of 32-bit keys hold key and position in one word.
constexpr int kPositionBits = 32;

// ---- the sort
// ------------------------------------------------------------------------------------

constexpr int64_t kTiny = 128;         // below, comparing is cheaper
constexpr int64_t kFew = 4096;         // below, tables of a byte's digits are cheaper
constexpr int64_t kPart = 128 * 1024;  // elements worth a thread

// Bits in which keys differ, from the lowest on.
struct Span {
  int low = 0, high = 0;
};

template <class K>
Span differing(K all, K any) {
  const K bits = all ^ any;
  if (bits == 0) return {};
  return {std::countr_zero(bits), static_cast<int>(8 * sizeof(K)) - std::countl_zero(bits)};
}

// Moves n records into the order of the bits [low, high) of their keys, equal ones as they were, by
// one digit after the other from the lowest; returns which of the two arrays holds them. The order
// is the same for any number of parts, which threads share.
template <class R>
R* sort_by_digits(R* from, R* to, int64_t n, Span span, int64_t parts) {
  const int most = n < kFew ? 8 : 11, width = span.high - span.low;
  const int passes = (width + most - 1) / most;
  std::vector<int64_t> counts;
  for (int pass = 0; pass < passes; ++pass) {
    const int low = span.low + width * pass / passes, high = span.low + width * (pass + 1) / passes;
    const int64_t buckets = int64_t{1} << (high - low);
    const auto mask = static_cast<uint64_t>(buckets - 1);
    counts.assign(static_cast<size_t>(parts * buckets), 0);
    parallel_for(parts, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        int64_t* count = counts.data() + p * buckets;
        for (int64_t i = n * p / parts; i < n * (p + 1) / parts; ++i) {
          ++count[(digits(from[i]) >> low) & mask];
        }
      }
    });
    // Where the first record of each digit goes, part by part.
    int64_t place = 0;
    for (int64_t b = 0; b < buckets; ++b) {
      for (int64_t p = 0; p < parts; ++p) {
        place += std::exchange(counts[static_cast<size_t>(p * buckets + b)], place);
      }
    }
    parallel_for(parts, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        int64_t* next = counts.data() + p * buckets;
        for (int64_t i = n * p / parts; i < n * (p + 1) / parts; ++i) {
          to[next[(digits(from[i]) >> low) & mask]++] = from[i];
        }
      }
    });
    std::swap(from, to);
  }
  return from;
}

// Calls body(begin, end, part) for the parts of n elements.
template <class Body>
void in_pieces(int64_t n, int64_t parts, Body&& body) {
  if (parts == 1) return body(int64_t{0}, n, int64_t{0});
  parallel_for(parts, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) body(n * p / parts, n * (p + 1) / parts, p);
  });
}

// Makes the records of keys, complemented for a descending order, and tells in which bits they
// differ.
template <class T, class R, class Record>
Span fill_keys(const T* x, R* records, int64_t n, bool descending, int64_t parts, Record&& record) {
  using K = KeyOf<T>;
  const K flip = descending ? ~K{0} : K{0};
  std::vector<K> all(static_cast<size_t>(parts), ~K{0}), any(static_cast<size_t>(parts), 0);
  in_pieces(n, parts, [&](int64_t begin, int64_t end, int64_t p) {
    K in_all = ~K{0}, in_any = 0;
    for (int64_t i = begin; i < end; ++i) {
      const K key = key_of(x[i]) ^ flip;
      in_all &= key;
      in_any |= key;
      records[i] = record(key, i);
    }
    all[static_cast<size_t>(p)] = in_all;
    any[static_cast<size_t>(p)] = in_any;
  });
  for (size_t p = 1; p < all.size(); ++p) {
    all[0] &= all[p];
    any[0] |= any[p];
  }
  return differing(all[0], any[0]);
}

// The records of keys in order, in one of the two arrays. Few are compared, in `a`: those of equal
// keys are the same, or tell their positions.
template <class T, class R, class Record>
R* sort_records(const T* x, R* a, R* b, int64_t n, bool descending, int64_t parts, int shift,
                Record&& record) {
  if (n < kTiny) {
    const KeyOf<T> flip = descending ? ~KeyOf<T>{0} : KeyOf<T>{0};
    for (int64_t i = 0; i < n; ++i) a[i] = record(key_of(x[i]) ^ flip, i);
    std::sort(a, a + n);
    return a;
  }
  const Span span = fill_keys(x, a, n, descending, parts, record);
  return sort_by_digits(a, b, n, {span.low + shift, span.high + shift}, parts);
}

template <class T>
void sort_line(const T* x, T* out, int64_t n, bool descending, int64_t parts, void* a, void* b) {
  using K = KeyOf<T>;
  const K flip = descending ? ~K{0} : K{0};
  const K* sorted = sort_records(x, static_cast<K*>(a), static_cast<K*>(b), n, descending, parts, 0,
                                 [](K key, int64_t) { return key; });
  in_pieces(n, parts, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t i = begin; i < end; ++i) out[i] = from_key<T>(sorted[i] ^ flip);
  });
  if constexpr (std::is_floating_point_v<T>) {
    // Keys forget the signs of zeros and what NaN carry: those are put back in their order.
    for (const T value : {T{0}, std::bit_cast<T>(~K{0})}) {
      const auto [first, last] = std::equal_range(sorted, sorted + n, key_of(value) ^ flip);
      T* to = out + (first - sorted);
      T* const end = out + (last - sorted);
      for (const T* p = x; to < end; ++p) {
        if (value == value ? *p == value : *p != *p) *to++ = *p;
      }
    }
  }
}

// Writes positions, and values if they are not null.
template <class T, class R, class At>
void write_order(const T* x, const R* records, T* values, int64_t* positions, int64_t n,
                 int64_t parts, At&& at) {
  in_pieces(n, parts, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t i = begin; i < end; ++i) positions[i] = at(records[i]);
    if (!values || begin == end) return;
    T last = begin > 0 ? x[at(records[begin - 1])] : T{0};
    for (int64_t i = begin; i < end; ++i) {
      values[i] = x[positions[i]];
      if (i > 0 && values[i] == last) positions[i] = ~positions[i];
      last = values[i];
    }
  });
}

template <class T>
void order_line(const T* x, T* values, int64_t* positions, int64_t n, bool descending,
                int64_t parts, void* a, void* b) {
  using K = KeyOf<T>;
  if constexpr (sizeof(K) == 4) {
    if (n <= int64_t{1} << kPositionBits) {
      const uint64_t* records = sort_records(
          x, static_cast<uint64_t*>(a), static_cast<uint64_t*>(b), n, descending, parts,
          kPositionBits, [](K key, int64_t i) {
            return static_cast<uint64_t>(key) << kPositionBits | static_cast<uint64_t>(i);
          });
      return write_order(x, records, values, positions, n, parts,
                         [](uint64_t record) { return record & 0xffffffff; });
    }
  }
  const Placed* records =
      sort_records(x, static_cast<Placed*>(a), static_cast<Placed*>(b), n, descending, parts, 0,
                   [](K key, int64_t i) { return Placed{key, i}; });
  write_order(x, records, values, positions, n, parts, [](const Placed& p) { return p.at; });
}

// Calls body(line, parts, two arrays of n records) for every line: lines are shared by threads when
// they are many, else each line.
template <class Body>
void for_each_line(int64_t lines, int64_t n, int64_t record_bytes, Body&& body) {
  if (n < kTiny && lines * n <= kParallelWork / 4) {  // one array will do
    alignas(Placed) char few[kTiny * sizeof(Placed)];
    for (int64_t line = 0; line < lines; ++line) body(line, int64_t{1}, few, nullptr);
    return;
  }
  const int64_t parts =
      lines >= num_threads() ? 1 : std::clamp<int64_t>(n / kPart, 1, num_threads());
  auto run = [&](int64_t begin, int64_t end) {
    const Tensor scratch = Tensor::empty({2, n * record_bytes}, DType::UInt8);
    auto* a = static_cast<char*>(scratch.mutable_data());
    for (int64_t line = begin; line < end; ++line) body(line, parts, a, a + n * record_bytes);
  };
  if (parts == 1 && lines * n > kParallelWork / 4) {
    parallel_for(lines, run);
  } else {
    run(0, lines);
  }
}

template <class F>
void for_type(DType dtype, F&& f) {
  switch (dtype) {
    case DType::Bool:
    case DType::UInt8:
      return f(uint8_t{});
    case DType::UInt16:
      return f(uint16_t{});
    case DType::UInt32:
      return f(uint32_t{});
    case DType::UInt64:
      return f(uint64_t{});
    case DType::Int8:
      return f(int8_t{});
    case DType::Int16:
      return f(int16_t{});
    case DType::Int32:
      return f(int32_t{});
    case DType::Int64:
      return f(int64_t{});
    case DType::Float32:
      return f(float{});
    case DType::Float64:
      return f(double{});
    default:
      throw TypeError(std::string("sort: ") + name(dtype) + " has no order");
  }
}

}  // namespace

void sort_lines(const Tensor& x, bool descending, const Tensor* values, const Tensor* positions) {
  if (x.size() == 0) return;
  const int64_t n = x.length(x.ndim() - 1), lines = x.size() / n;
  for_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto* from = static_cast<const T*>(x.data());
    auto* to = values ? static_cast<T*>(values->mutable_data()) : nullptr;
    if (!positions) {
      return for_each_line(lines, n, sizeof(KeyOf<T>),
                           [&](int64_t line, int64_t parts, void* a, void* b) {
                             sort_line(from + line * n, to + line * n, n, descending, parts, a, b);
                           });
    }
    auto* at = positions->mutable_data<int64_t>();
    for_each_line(lines, n, sizeof(Placed), [&](int64_t line, int64_t parts, void* a, void* b) {
      order_line(from + line * n, to ? to + line * n : nullptr, at + line * n, n, descending, parts,
                 a, b);
    });
  });
}

}  // namespace ndtape::engine
