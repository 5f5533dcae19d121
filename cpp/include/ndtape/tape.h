// Gradients: recording, and walking the record back.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ndtape/hot.h"
#include "ndtape/tensor.h"

namespace ndtape {

// Whether operations of this thread are recorded.
NDTAPE_HOT bool grad_enabled();
class GradMode {  // sets it for a scope
 public:
  explicit GradMode(bool enabled);
  ~GradMode();
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool previous_;
};

bool requires_grad(const Tensor& x);
// Makes a leaf record, or stop. Throws TypeError unless x is of a float dtype, TapeError when x is
// the result of a recorded operation.
void set_requires_grad(const Tensor& x, bool value);
bool is_leaf(const Tensor& x);           // not the result of a recorded operation
const char* node_name(const Tensor& x);  // of the operation that made x, or nullptr
// What x is, for errors: "the result of exp, recorded at train.py:12, of shape (2, 3)".
std::string describe(const Tensor& x);

Tensor grad(const Tensor& leaf);  // undefined when there is none
// Replaces it; undefined clears. Throws ValueError / TypeError unless shape and dtype match.
void set_grad(const Tensor& leaf, const Tensor& value);

Tensor detach(const Tensor& x);  // the same memory, without history

// To be called before the bytes of x are changed by other means than this library's operators:
// values there that derivatives need are copied first, and the change is counted.
void begin_change(const Tensor& x);

// Accumulates d(y)/d(leaf) into the leaves' grad. `seed` is the gradient of y: undefined means 1,
// for which y must have one element. Throws TapeError when y has no history, or a part of it was
// freed; ValueError when the seed's shape is not y's.
void backward(const Tensor& y, const Tensor& seed = {}, bool retain_graph = false,
              bool create_graph = false);

// The gradients of outputs with respect to inputs (leaves or not), .grad untouched. Undefined where
// an output does not depend on an input. `seeds` is empty or one a output. With `stop`, the walk
// does not go on behind an input: what another input was computed from counts as independent.
std::vector<Tensor> gradients(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                              const std::vector<Tensor>& seeds = {}, bool retain_graph = false,
                              bool create_graph = false, bool stop = false);

// The tangents of outputs when the inputs move along `seeds` (undefined: not at all): the graph is
// walked from the inputs forward. Undefined where an output does not move. The graph is kept.
std::vector<Tensor> tangents(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                             const std::vector<Tensor>& seeds, bool create_graph = false);

// What else the outputs were computed from: the leaves, and the results of operations recorded
// before any of `inputs` were. Stand-ins for them, with their history, shapes and dtypes but no
// values. Empty when the outputs depend on `inputs` alone.
std::vector<Tensor> other_inputs(const std::vector<Tensor>& outputs,
                                 const std::vector<Tensor>& inputs);

// One operation on the tape, for people to look at.
struct RecordedNode {
  struct Output {
    bool used = false;  // by what was asked for
    Dims shape;
    DType dtype;
  };
  struct Source {  // an input: which operation's which output
    uint64_t node;
    uint32_t index;
  };
  uint64_t number;
  std::string name, where;  // in the program, if that is known
  bool is_leaf, freed;
  int64_t saved_bytes;  // the memory kept for the derivative
  std::vector<Output> outputs;
  std::vector<Source> inputs;
};
struct RecordedGraph {
  std::vector<RecordedNode> nodes;  // in falling order of their numbers
  int64_t saved_bytes = 0;          // of all nodes, memory that they share counted once
};
RecordedGraph recorded_graph(const std::vector<Tensor>& outputs);

// Calls a function with every gradient of x that is complete, before it is passed on; what it
// returns, if defined, takes the gradient's place. Until the graph is freed; a leaf's for good.
using Hook = std::function<Tensor(const Tensor& gradient)>;
void add_hook(const Tensor& x, Hook hook);

// Keeps the gradient of a result, too, for grad(). It belongs to x as it is now: after a change in
// place there is none.
void retain_grad(const Tensor& x);

// What a thread's operations and derivatives are watched for. Where the result of a recorded
// operation, or a gradient that is computed, has such an element, TapeError is thrown.
struct Anomaly {
  bool nan = false, inf = false;
  bool enabled() const { return nan || inf; }
};
Anomaly anomaly();                 // this thread's; nothing, at first
Anomaly set_anomaly(Anomaly now);  // returns what was
class AnomalyMode {                // sets it for a scope
 public:
  explicit AnomalyMode(Anomaly now) : previous_(set_anomaly(now)) {}
  ~AnomalyMode() { set_anomaly(previous_); }
  AnomalyMode(const AnomalyMode&) = delete;
  AnomalyMode& operator=(const AnomalyMode&) = delete;

 private:
  Anomaly previous_;
};
// What tells the place in the program as a number, 0 where it is not known, and what that number
// stands for, as "file.py:12": for errors about operations that were recorded, and graphs that were
// freed. The first is called for every operation that is recorded: it is to cost nanoseconds.
void set_places(uint32_t (*now)(), std::string (*text)(uint32_t place));

// An operation that is not one of the library's, with its derivative. Rules are written with
// recorded operators, so that derivatives of derivatives come for free. In a list of gradients or
// tangents an undefined tensor stands for zero.
class CustomOperation : public Refcounted {
 public:
  using Tensors = std::vector<Tensor>;
  explicit CustomOperation(const std::string& name);
  const char* name() const { return name_; }  // for good: each name is kept once
  // From the gradients of the outputs, and what was saved, those of the inputs, one each. A
  // gradient broadcasts with its input's shape: it is summed back.
  virtual Tensors vjp(const Tensors& grads, const Tensors& saved) const = 0;
  // From the tangents of the inputs those of the outputs. Without it, vjp is transposed.
  virtual bool has_jvp() const { return false; }
  virtual Tensors jvp(const Tensors&, const Tensors&) const { return {}; }

 private:
  const char* const name_;
};

// Puts an operation on the tape whose outputs were computed already, some of whose inputs record.
// The outputs must be new, with memory that nothing else has: they get the history themselves,
// those of float and complex dtypes. `saved` are inputs, outputs or intermediate results that the
// rules read, or undefined: kept as they were, as the operators' own are. The operation must not
// hold an output in any other way.
void record_operation(Ref<const CustomOperation> operation, std::span<const Tensor> inputs,
                      std::span<const Tensor> outputs, std::span<const Tensor> saved);
// The same where the inputs are what is saved, if one of them records; the outputs are of such
// dtypes.
void record_operation(const CustomOperation* operation, std::span<const Tensor> inputs,
                      std::span<const Tensor> outputs);
// The same for outputs that may have other users. Returns new tensors on the same memory; copies of
// those that share memory with an input or with one another, whose in-place changes could not be
// told apart.
std::vector<Tensor> record_custom(Ref<const CustomOperation> operation,
                                  std::span<const Tensor> inputs, std::span<const Tensor> outputs,
                                  std::span<const Tensor> saved);
// The same by functions. When no input records, the outputs are returned as they are.
struct CustomRule {
  using Tensors = CustomOperation::Tensors;
  std::function<Tensors(const Tensors& grads, const Tensors& saved)> vjp;
  std::function<Tensors(const Tensors& tangents, const Tensors& saved)> jvp = {};
};
std::vector<Tensor> record_custom(const std::string& name, const std::vector<Tensor>& inputs,
                                  const std::vector<Tensor>& outputs,
                                  const std::vector<Tensor>& saved, CustomRule rule);

}  // namespace ndtape
