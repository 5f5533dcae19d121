// Docstrings of methods.cpp and autograd.cpp.
#pragma once

namespace ndtape::python::docs {

inline constexpr char kItem[] = R"(The value of one element as a Python number.

Parameters
----------
*args : int
    Which element: one number for each axis, or one for the flattened tensor. May be left out
    when there is only one element.

Returns
-------
bool, int or float
    The value.

Raises
------
IndexError
    When an index is out of range.
ValueError
    When there is more than one element and no index.

Examples
--------
>>> import ndtape as nt
>>> nt.tensor([[1.5]]).item()
1.5
)";

inline constexpr char kTolist[] = R"(The elements as nested lists of Python numbers.

Returns
-------
list, or a number for a 0-d tensor
    As deep as there are axes.

Examples
--------
>>> import ndtape as nt
>>> nt.tensor([[1, 2], [3, 4]]).tolist()
[[1, 2], [3, 4]]
)";

inline constexpr char kTobytes[] = R"(The elements' bytes in row-major order.

Returns
-------
bytes
    A copy.

Examples
--------
>>> import ndtape as nt
>>> nt.tensor([1, 2], dtype=nt.uint8).tobytes()
b'\x01\x02'
)";

inline constexpr char kNumpy[] = R"(The NumPy array over the same memory.

Returns
-------
numpy.ndarray
    Writing to it writes to the tensor; read-only where the tensor is.

Raises
------
TapeError
    When the tensor records gradients; use ``x.detach().numpy()``.

Examples
--------
>>> import ndtape as nt
>>> nt.tensor([1, 2]).numpy()
array([1, 2])
)";

inline constexpr char kArray[] = R"(NumPy's protocol: ``np.asarray(x)``.

Parameters
----------
dtype : numpy.dtype, optional
    Of the result.
copy : bool, optional
    True to copy, False to fail where a copy is needed.

Returns
-------
numpy.ndarray
    Over the same memory where possible.

Raises
------
TapeError
    When the tensor records gradients.
ValueError
    When `copy` is False and a copy is needed.
)";

inline constexpr char kFill[] = R"(Set every element to a value, in place.

Parameters
----------
value : number or 0-d array
    The value.

Raises
------
TapeError
    For a leaf that records.
ValueError
    When the memory is read-only, or the value does not fit.

Examples
--------
>>> import ndtape as nt
>>> x = nt.zeros(2)
>>> x.fill(3)
>>> x
tensor([3., 3.])
)";

inline constexpr char kIsContiguous[] = R"(Whether elements lie in row-major order, without gaps.

Returns
-------
bool
    True for a tensor without elements.

Examples
--------
>>> import ndtape as nt
>>> nt.ones((2, 3)).T.is_contiguous()
False
)";

inline constexpr char kToDevice[] = R"(Move the tensor to a device.

Parameters
----------
device : str
    ``'cpu'``, the only one there is.
stream : None, optional
    The CPU has no streams.

Returns
-------
Tensor
    The tensor itself.

Raises
------
ValueError
    When the device is unknown.

Examples
--------
>>> import ndtape as nt
>>> nt.ones(2).to_device('cpu')
tensor([1., 1.])
)";

inline constexpr char kDataPtr[] = R"(The address of the first element.

Returns
-------
int
    Valid as long as the tensor lives.
)";

inline constexpr char kBackward[] = R"(Walk the tape back, adding to the `grad` of every leaf used.

Parameters
----------
gradient : array_like, optional
    The gradient of this tensor; 1 when left out, for which it must have one element.
retain_graph : bool, optional
    Keep the recorded values, to walk back again.
create_graph : bool, optional
    Record the walk itself, for derivatives of derivatives.

Raises
------
TapeError
    When nothing was recorded, or a recorded value was changed or freed since.
ValueError
    When the shape of `gradient` is not that of the tensor.

Examples
--------
>>> import ndtape as nt
>>> x = nt.tensor(3.0, requires_grad=True)
>>> (x * x).backward()
>>> x.grad
tensor(6.)
)";

inline constexpr char kDetach[] = R"(The same memory, without history.

Returns
-------
Tensor
    Operations on it are not recorded.

Examples
--------
>>> import ndtape as nt
>>> x = nt.tensor(3.0, requires_grad=True)
>>> (x * x).detach()
tensor(9.)
)";

inline constexpr char kRequiresGrad[] = R"(Record operations on this leaf from now on, or stop.

Parameters
----------
requires_grad : bool, optional
    Whether to record.

Returns
-------
Tensor
    The tensor itself.

Raises
------
TapeError
    When the tensor is the result of a recorded operation.
TypeError
    When its dtype is not a float dtype.

Examples
--------
>>> import ndtape as nt
>>> nt.zeros(2).requires_grad_()
tensor([0., 0.], requires_grad=True)
)";

inline constexpr char kGradients[] = R"(The gradients of outputs with respect to inputs.

Parameters
----------
outputs, inputs : sequence of Tensor
    Inputs need not be leaves; their `grad` is untouched.
seeds : sequence of Tensor, optional
    The gradient of each output; 1 for None.
retain_graph, create_graph : bool, optional
    As for `Tensor.backward`.
stop : bool, optional
    Do not go on behind an input.

Returns
-------
list of Tensor or None
    None where no output depends on an input.

Raises
------
TapeError
    When nothing was recorded, or a recorded value was changed or freed since.
)";

inline constexpr char kTangents[] = R"(The tangents of outputs when inputs move along others.

Parameters
----------
outputs, inputs : sequence of Tensor
    The graph between them is walked from the inputs forward, and kept.
seeds : sequence of Tensor or None
    The tangent of each input, of its shape and dtype; None for zero.
create_graph : bool, optional
    Record the tangents, too.

Returns
-------
list of Tensor or None
    None where an output does not move.
)";

inline constexpr char kOtherInputs[] = R"(What outputs were computed from besides `inputs`.

Parameters
----------
outputs, inputs : sequence of Tensor
    Inputs must have been made last: what is older counts as other.

Returns
-------
list of Tensor
    Stand-ins with the history, shape and dtype of leaves and of results older than every input,
    but no values.
)";

inline constexpr char kRegisterHook[] = R"(Call a function with the gradient of this tensor.

Parameters
----------
hook : callable
    Called as ``hook(gradient)`` in every backward walk, once the gradient is complete and before
    it goes on. A tensor that it returns, of the same shape and dtype, takes the gradient's place.

Returns
-------
RemovableHandle
    Its `remove()`, or the end of a ``with`` block, ends the calls.

Raises
------
TapeError
    When the tensor does not record.

Notes
-----
The hook belongs to the tensor's value as it is now, and goes when the graph is freed; on a leaf it
stays. A hook of a leaf that refers to the leaf keeps it alive until it is removed.

Examples
--------
>>> import ndtape as nt
>>> x = nt.tensor([1.0, 2.0], requires_grad=True)
>>> y = x * 3
>>> handle = y.register_hook(lambda g: nt.clip(g, -1, 1))
>>> nt.sum(y * 100).backward()
>>> x.grad
tensor([3., 3.])
)";

inline constexpr char kRetainGrad[] = R"(Keep the gradient of a result, in its `grad`, as leaves do.

Raises
------
TapeError
    When the tensor does not record.

Notes
-----
It is the gradient of the tensor's value as it is now: after a change in place there is none.

Examples
--------
>>> import ndtape as nt
>>> x = nt.tensor(2.0, requires_grad=True)
>>> y = x * x
>>> y.retain_grad()
>>> (y * 5).backward()
>>> y.grad
tensor(5.)
)";

inline constexpr char kOperation[] =
    R"(Make an operation that `record_operation` can put on the tape.

What library code uses to give a function a derivative; `ndtape.autograd.Function` is for users.

Parameters
----------
name : str
    What errors and pictures call the operation.
vjp : callable
    ``vjp(*gradients, *saved, *parameters)``: the gradient of each input from those of the outputs.
    None stands for zero, in both. In terms of recorded operations, so that it can be
    differentiated; it must reach inputs and outputs through `saved` alone. What broadcasting did to
    an input is undone for it.
jvp : callable, optional
    ``jvp(*tangents, *saved, *parameters)``: the tangent of each output. Without it `vjp` is
    transposed.
parameters : tuple
    What the rules are called with besides tensors.

Returns
-------
object
    The operation. One without parameters is made once, when a module is imported.

Examples
--------
>>> import ndtape as nt
>>> from ndtape import _core
>>> operation = _core.operation("cube", lambda g, x: 3 * g * x * x)
>>> def cube(x):
...     return _core.record_operation(operation, x, x.detach() ** 3, x)
>>> nt.grad(nt.grad(cube))(2.0).item()
12.0
)";

inline constexpr char kRecordOperation[] =
    R"(Put an operation that was computed already on the tape.

Parameters
----------
operation : object
    Made by `operation`.
inputs : Tensor or tuple of Tensor
    What it was computed from.
outputs : Tensor or tuple of Tensor
    What came out: new tensors, whose memory nothing else has. They get the history themselves.
saved : Tensor or tuple of Tensor, optional
    What the rules read: inputs, outputs, intermediate results, as they are now; None is passed on.

Returns
-------
Tensor or tuple of Tensor
    The outputs.

See Also
--------
operation : with an example.
)";

inline constexpr char kRecordCustom[] =
    R"(Put an operation on the tape that is differentiated by functions made for it.

Like `record_operation`, and for outputs that others may have, too.

Parameters
----------
name, vjp, jvp
    As for `operation`.
inputs, saved : Tensor or sequence of Tensor
    As for `record_operation`.
outputs : Tensor or sequence of Tensor
    What came out, without history: compute it from detached inputs, or under `no_grad`.

Returns
-------
Tensor or tuple of Tensor
    The outputs, with their history: new tensors on the same memory. As they are when nothing is
    recorded.

Examples
--------
>>> import ndtape as nt
>>> from ndtape import _core
>>> def cube(x):
...     y = x.detach() ** 3
...     return _core.record_custom("cube", x, y, lambda g, x: 3 * g * x * x, saved=x)
>>> nt.grad(nt.grad(cube))(2.0).item()
12.0
)";

}  // namespace ndtape::python::docs
