#include "ops/elementwise.h"

#include <string>

#include "cpu/kernels.h"
#include "engine/elementwise.h"
#include "engine/program.h"

namespace ndtape {
namespace {

[[noreturn]] void refuse(Op op, DType dtype) {
  const char* expected = "";
  if (is_complex(dtype)) {
    throw TypeError(std::string(info(op).name) + ": dtype " + name(dtype) +
                    " is not supported, expected real numbers");
  }
  switch (info(op).types) {
    case Types::Numeric:
    case Types::Round:
    case Types::Test:
    case Types::Part:
    case Types::Float:
      expected = "a number (use astype to convert bool)";
      break;
    case Types::Bitwise:
      expected = "bool or an integer";
      break;
    case Types::Integer:
      expected = "an integer";
      break;
    default:
      expected = "bool or a number";
  }
  throw TypeError(std::string(info(op).name) + ": dtype " + name(dtype) +
                  " is not supported, expected " + expected);
}

DType promote_for(Op op, DType a, DType b) {
  if (a == b) return a;
  if (info(op).types == Types::Logical) return DType::Bool;
  try {
    return promote(a, b);
  } catch (const TypeError& e) {
    throw TypeError(std::string(info(op).name) + ": " + e.what());
  }
}

int slot(DType dtype) { return static_cast<int>(dtype); }

// Tensors of one block or less go to the kernel as they are, without a plan.
bool is_small(const Tensor& x) { return x.size() <= cpu::kBlock && x.is_contiguous(); }

// A small operand as it looks broadcast to a shape of `n` elements: its own memory, or `block`
// filled with its one row again and again, or with each of its elements some times. Null for other
// ways.
const void* spread(const Tensor& x, const Dims& shape, int64_t n, char* block) {
  const int lead = shape.size() - x.ndim();
  if (lead < 0 || !is_small(x)) return nullptr;
  int last = x.ndim();  // axes from here on are those of the shape
  while (last > 0 && x.length(last - 1) == shape[lead + last - 1]) --last;
  int first = 0;  // so are those before
  while (lead == 0 && first < last && x.length(first) == shape[first]) ++first;
  for (int i = first; i < last; ++i) {
    if (x.length(i) != 1) return nullptr;
  }
  const int64_t count = x.size(), bytes = itemsize(x.dtype());
  if (count == n) return x.data();
  const auto gather = cpu::kernels().gather[__builtin_ctzll(static_cast<uint64_t>(bytes))];
  if (first == 0) {
    gather(x.data(), 0, bytes, block, n / count, count);
  } else if (last == x.ndim()) {
    gather(x.data(), bytes, 0, block, count, n / count);
  } else {
    return nullptr;
  }
  return block;
}

// The shape of the result where that is one of the operands' shapes, and small; else null.
template <class... Tensors>
const Dims* small_shape(const Tensor& a, const Tensors&... others) {
  const Tensor* widest = &a;
  const auto widen = [&](const Tensor& x) {
    if (x.ndim() > widest->ndim() || (x.ndim() == widest->ndim() && x.size() > widest->size())) {
      widest = &x;
    }
  };
  (widen(others), ...);
  return widest->size() > 0 && is_small(*widest) ? &widest->shape() : nullptr;
}

// What a kernel reads for a op b on small operands of one dtype, where one may be broadcast to the
// other, and the result's shape.
class SmallPair {
 public:
  SmallPair(const Tensor& a, const Tensor& b) {
    if (a.shape() == b.shape()) {
      if (is_small(a) && is_small(b)) set(a, a.data(), b.data());
    } else if (const Dims* shape = small_shape(a, b)) {
      const Tensor& whole = shape == &a.shape() ? a : b;
      const void* other = spread(shape == &a.shape() ? b : a, *shape, whole.size(), block_);
      if (!other) return;
      shape == &a.shape() ? set(a, a.data(), other) : set(b, other, b.data());
    }
  }
  const Dims* shape() const { return shape_; }  // null unless they are small
  void run(cpu::BlockKernel kernel, const Tensor& y) const {
    kernel(a_, b_, nullptr, y.mutable_data(), y.size());
  }

 private:
  void set(const Tensor& whole, const void* a, const void* b) {
    shape_ = &whole.shape();
    a_ = a;
    b_ = b;
  }
  const Dims* shape_ = nullptr;
  const void *a_, *b_;
  alignas(64) char block_[cpu::kBlock * 16];
};

// a op b op c for small operands, the first of dtype `first`, that broadcast to one of them.
bool small_ternary(cpu::BlockKernel kernel, const Tensor& a, const Tensor& b, const Tensor& c,
                   DType first, DType type, Tensor& y) {
  if (a.dtype() != first || b.dtype() != type || c.dtype() != type) return false;
  const Dims* const shape = small_shape(a, b, c);
  if (!shape) return false;
  alignas(64) char blocks[3][cpu::kBlock * 16];
  const int64_t n = element_count(*shape);
  const void* const data[] = {spread(a, *shape, n, blocks[0]), spread(b, *shape, n, blocks[1]),
                              spread(c, *shape, n, blocks[2])};
  for (const void* p : data) {
    if (!p) return false;
  }
  y = Tensor::empty(*shape, type);
  kernel(data[0], data[1], data[2], y.mutable_data(), n);
  return true;
}

}  // namespace

DType operand_dtype(Op op, DType dtype) {
  const Kind k = kind(dtype);
  if (k == Kind::Complex && info(op).field == Field::R) refuse(op, dtype);
  switch (info(op).types) {
    case Types::Numeric:
    case Types::Round:
    case Types::Part:
    case Types::Test:
      if (k == Kind::Bool) refuse(op, dtype);
      return dtype;
    case Types::Float:
      return is_inexact(dtype) ? dtype : default_float();
    case Types::Logical:
      return DType::Bool;
    case Types::Bitwise:
      if (k == Kind::Float) refuse(op, dtype);
      return dtype;
    case Types::Integer:
      if (k == Kind::Float || k == Kind::Bool) refuse(op, dtype);
      return dtype;
    default:
      return dtype;
  }
}

Tensor unary(Op op, const Tensor& x) {
  const DType type = operand_dtype(op, x.dtype());
  Tensor y = Tensor::empty(x.shape(), engine::result_dtype(op, type));
  const auto kernel = cpu::kernels().block[static_cast<int>(op)][slot(type)];
  if (x.dtype() == type && is_small(x)) {
    kernel(x.data(), nullptr, nullptr, y.mutable_data(), y.size());
    return y;
  }
  engine::Program program;
  program.output(program.apply(op, program.cast(program.input(x.dtype()), type)));
  engine::execute(program, y.shape(), &x, &y);
  return y;
}

Tensor binary(Op op, const Tensor& a, const Tensor& b) {
  const DType type = operand_dtype(op, promote_for(op, a.dtype(), b.dtype()));
  const DType result = engine::result_dtype(op, type);
  Tensor y;
  if (a.dtype() == type && b.dtype() == type) {
    const SmallPair pair(a, b);
    if (pair.shape()) {
      y = Tensor::empty(*pair.shape(), result);
      pair.run(cpu::kernels().block[static_cast<int>(op)][slot(type)], y);
      return y;
    }
  }
  y = Tensor::empty(broadcast_shapes(a.shape(), b.shape(), info(op).name), result);
  engine::Program program;
  const engine::Value in_a = program.input(a.dtype()), in_b = program.input(b.dtype());
  const engine::Value as_a = program.cast(in_a, type), as_b = program.cast(in_b, type);
  program.output(program.apply(op, as_a, as_b));
  const Tensor inputs[] = {a, b};
  engine::execute(program, y.shape(), inputs, &y);
  return y;
}

Tensor ternary(Op op, const Tensor& a, const Tensor& b, const Tensor& c) {
  DType type = promote_for(op, b.dtype(), c.dtype());
  DType type_a = DType::Bool;
  if (op == Op::where) {
    if (a.dtype() != DType::Bool) {
      throw TypeError(std::string("where: the condition has dtype ") + name(a.dtype()) +
                      ", expected bool");
    }
  } else {
    type_a = type = operand_dtype(op, promote_for(op, a.dtype(), type));
  }
  Tensor y;
  const auto kernel = cpu::kernels().block[static_cast<int>(op)][slot(type)];
  if (small_ternary(kernel, a, b, c, type_a, type, y)) return y;
  const char* what = info(op).name;
  y = Tensor::empty(broadcast_shapes(broadcast_shapes(a.shape(), b.shape(), what), c.shape(), what),
                    type);
  engine::Program program;
  const engine::Value in_a = program.input(a.dtype()), in_b = program.input(b.dtype()),
                      in_c = program.input(c.dtype());
  const engine::Value as_a = program.cast(in_a, type_a), as_b = program.cast(in_b, type),
                      as_c = program.cast(in_c, type);
  program.output(program.apply(op, as_a, as_b, as_c));
  const Tensor inputs[] = {a, b, c};
  engine::execute(program, y.shape(), inputs, &y);
  return y;
}

bool overlaps(const Tensor& a, const Tensor& b) {
  if (a.is_same(b)) return false;
  // Storages of other owners may lie in one block, or in ours, so bytes decide, not identity.
  if (&a.storage() != &b.storage() && a.storage().owned() && b.storage().owned()) return false;
  auto range = [](const Tensor& x, const char*& low, const char*& high) {
    low = high = static_cast<const char*>(x.data());
    for (int i = 0; i < x.ndim(); ++i) {
      const int64_t reach = x.strides()[i] * (x.length(i) - 1) * itemsize(x.dtype());
      (reach < 0 ? low : high) += reach;
    }
    high += itemsize(x.dtype());
  };
  if (a.size() == 0 || b.size() == 0) return false;
  const char *low_a, *high_a, *low_b, *high_b;
  range(a, low_a, high_a);
  range(b, low_b, high_b);
  if (high_a <= low_b || high_b <= low_a) return false;
  return !(a.data() == b.data() && a.dtype() == b.dtype() && a.shape() == b.shape() &&
           a.strides() == b.strides());
}

void binary_into(Op op, const Tensor& a, const Tensor& b, const Tensor& out) {
  if (overlaps(a, out)) return binary_into(op, copy(a), b, out);
  if (overlaps(b, out)) return binary_into(op, a, copy(b), out);
  const DType type = operand_dtype(op, promote_for(op, a.dtype(), b.dtype()));
  if (a.dtype() == type && b.dtype() == type && out.dtype() == engine::result_dtype(op, type)) {
    const SmallPair pair(a, b);
    if (pair.shape() && *pair.shape() == out.shape() && out.is_contiguous()) {
      pair.run(cpu::kernels().block[static_cast<int>(op)][slot(type)], out);
      return;
    }
  }
  engine::Program program;
  const engine::Value in_a = program.input(a.dtype()), in_b = program.input(b.dtype());
  const engine::Value as_a = program.cast(in_a, type), as_b = program.cast(in_b, type);
  program.output(program.cast(program.apply(op, as_a, as_b), out.dtype()));
  const Tensor inputs[] = {a, b};
  engine::execute(program, out.shape(), inputs, &out);
}

void refuse_complex(const Tensor& x, const char* what) {
  if (is_complex(x.dtype())) {
    throw TypeError(std::string(what) + ": dtype " + name(x.dtype()) +
                    " has no order, expected real numbers");
  }
}

Tensor conjugate(const Tensor& x) { return is_complex(x.dtype()) ? conj(x) : x; }

Tensor keep_where(const Tensor& condition, const Tensor& g) {
  return where(condition, g, scalar(false, g.dtype()));
}

}  // namespace ndtape
