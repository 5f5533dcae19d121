// Which values of images meet in a convolution. Not for use outside convolve.cpp.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "engine/convolve.h"
#include "engine/matmul_internal.h"

namespace ndtape::engine {

inline constexpr int64_t kBlockPositions = 1024;  // wanted in a block
inline constexpr int64_t kReadBeyond = 64;        // values after a slab that may be read

inline int64_t ceil_div(int64_t n, int64_t d) { return (n + d - 1) / d; }

// n cut into equal blocks of at most `most`, each a multiple of `unit` but the last.
inline int64_t even_block(int64_t n, int64_t most, int64_t unit) {
  const int64_t count = ceil_div(n, std::max(most, unit));
  return ceil_div(ceil_div(n, count), unit) * unit;
}

// One axis of patches: position o meets source value o * stride + taps[i] - before.
struct PatchAxis {
  int64_t source;     // length of the images read
  int64_t positions;  // number of o
  int64_t stride;
  int64_t before;
  std::vector<int64_t> taps;  // all >= 0
  int64_t reach() const { return *std::max_element(taps.begin(), taps.end()); }
};

// A stack of images and the patches to take from each: which values meet in a block of positions.
// It reads the axes where they are.
template <class T>
class Patches {
 public:
  Patches(const ConvImages& images, int64_t channels, const PatchAxis (&axes)[kSpatial])
      : images_(images), channels_(channels), axes_(axes) {
    for (int a = 0; a < kSpatial; ++a) {
      taps_ *= static_cast<int64_t>(axes_[a].taps.size());
      positions_ *= axes_[a].positions;
    }
    // Blocks are cut along the first axis of any length; whatever follows it is whole.
    while (cut_ < kSpatial - 1 && axes_[cut_].positions == 1) ++cut_;
    inner_ = positions_ / axes_[cut_].positions;
    rows_ = even_block(axes_[cut_].positions, std::max<int64_t>(1, kBlockPositions / inner_), 1);
    for (int a = 0; a < kSpatial; ++a) {
      const int64_t positions = a == cut_ ? rows_ : axes_[a].positions;
      extent_[a] = (positions - 1) * axes_[a].stride + axes_[a].reach() + 1;
    }
    const PatchAxis& last = axes_[kSpatial - 1];
    phase_length_ = ceil_div(extent_[kSpatial - 1], last.stride);
    row_ = phase_length_ * last.stride;
    // Channels are kept from competing for one set of the cache.
    slab_ = (ceil_div(extent_[0] * extent_[1] * row_, 16) | 1) * 16;
    make_tables();
    in_place_ = readable_in_place();
  }

  int64_t taps() const { return channels_ * taps_; }  // of all channels
  int64_t taps_of_channel() const { return taps_; }
  int64_t positions() const { return positions_; }
  int64_t blocks() const { return ceil_div(axes_[cut_].positions, rows_); }
  int64_t block_begin(int64_t block) const { return block * rows_ * inner_; }
  int64_t block_positions(int64_t block) const {
    return std::min(rows_, axes_[cut_].positions - block * rows_) * inner_;
  }
  // Whether tile_columns can read every panel of positions in place.
  bool in_place() const { return in_place_; }
  // Into a slab of some channels from `first` on.
  const int64_t* tap_offsets() const { return tap_offset_.data(); }
  const int64_t* position_offsets() const { return position_offset_.data(); }
  int64_t channel_offset() const { return slab_; }
  size_t slab_bytes(int64_t channels) const {
    return static_cast<size_t>(channels * slab_ + kReadBeyond) * sizeof(T);
  }

  // Copies what a block of an image meets, of `channels` channels from `first` on.
  void fill(int64_t image, int64_t first, int64_t channels, int64_t block, T* slab) const {
    const int64_t shift = block * rows_ * axes_[cut_].stride;
    for (int64_t c = 0; c < channels; ++c) {
      const T* const from = static_cast<const T*>(images_.data) + image * images_.image +
                            (first + c) * images_.channel;
      T* to = slab + c * slab_;
      T* const end = to + slab_;
      for (int64_t i = 0; i < extent_[0]; ++i) {
        const int64_t u = i - axes_[0].before + (cut_ == 0 ? shift : 0);
        for (int64_t j = 0; j < extent_[1]; ++j, to += row_) {
          const int64_t v = j - axes_[1].before + (cut_ == 1 ? shift : 0);
          const bool inside = u >= 0 && u < axes_[0].source && v >= 0 && v < axes_[1].source;
          fill_row(inside ? from + u * images_.axes[0] + v * images_.axes[1] : nullptr,
                   (cut_ == 2 ? shift : 0) - axes_[2].before, to);
        }
      }
      std::fill(to, end, T(0));
    }
    std::fill_n(slab + channels * slab_, kReadBeyond, T(0));
  }

 private:
  // One row of a slab, whose value 0 is value `start` of the source, by phases of the stride.
  void fill_row(const T* from, int64_t start, T* to) const {
    const int64_t stride = axes_[2].stride, length = axes_[2].source, step = images_.axes[2];
    for (int64_t phase = 0; phase < stride; ++phase, to += phase_length_) {
      const int64_t at = start + phase;  // of the phase's value 0
      int64_t begin = at < 0 ? ceil_div(-at, stride) : 0;
      int64_t end = at < length ? ceil_div(length - at, stride) : 0;
      if (!from) end = 0;
      end = std::min(end, phase_length_);
      begin = std::min(begin, end);
      std::fill_n(to, begin, T(0));
      if (stride == 1 && step == 1) {
        std::memcpy(to + begin, from + at + begin, static_cast<size_t>(end - begin) * sizeof(T));
      } else if (step == 0) {
        std::fill(to + begin, to + end, begin < end ? *from : T(0));
      } else {
        for (int64_t i = begin; i < end; ++i) to[i] = from[(at + i * stride) * step];
      }
      std::fill_n(to + end, phase_length_ - end, T(0));
    }
  }

  void make_tables() {
    const PatchAxis &a0 = axes_[0], &a1 = axes_[1], &a2 = axes_[2];
    const int64_t s1 = row_, s0 = extent_[1] * row_;
    tap_offset_.reserve(static_cast<size_t>(taps()));
    for (int64_t c = 0; c < channels_; ++c) {
      for (int64_t i : a0.taps) {
        for (int64_t j : a1.taps) {
          for (int64_t k : a2.taps) {
            tap_offset_.push_back(c * slab_ + i * s0 + j * s1 + k % a2.stride * phase_length_ +
                                  k / a2.stride);
          }
        }
      }
    }
    int64_t count[kSpatial];
    for (int a = 0; a < kSpatial; ++a) count[a] = a == cut_ ? rows_ : axes_[a].positions;
    position_offset_.reserve(static_cast<size_t>(rows_ * inner_));
    for (int64_t i = 0; i < count[0]; ++i) {
      for (int64_t j = 0; j < count[1]; ++j) {
        for (int64_t k = 0; k < count[2]; ++k) {
          position_offset_.push_back(i * a0.stride * s0 + j * a1.stride * s1 + k);
        }
      }
    }
  }

  bool readable_in_place() const {
    const auto& at = position_offset_;
    const size_t lanes = static_cast<size_t>(gemm_kernels<T>().lanes);
    for (size_t first = 0; first < at.size(); first += lanes) {
      int runs = 1;
      for (size_t i = first + 1; i < std::min(first + lanes, at.size()); ++i) {
        runs += at[i] != at[i - 1] + 1;
      }
      if (runs > 2) return false;
    }
    return true;
  }

  ConvImages images_;
  int64_t channels_;
  const PatchAxis (&axes_)[kSpatial];
  int64_t taps_ = 1, positions_ = 1;
  int cut_ = 0;
  int64_t inner_, rows_;  // positions in a row along the cut axis; rows in a block
  int64_t extent_[kSpatial];
  int64_t phase_length_, row_, slab_;
  bool in_place_;
  std::vector<int64_t> tap_offset_, position_offset_;
};

}  // namespace ndtape::engine
