// Memory, threads and what was built.
#include "areas.h"
#include "convert.h"
#include "ndtape/config.h"
#include "ndtape/memory.h"
#include "ndtape/parallel.h"
#include "ndtape/tape.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

constexpr char kStats[] = R"(Figures of the caching allocator, in bytes.

Returns
-------
dict
    ``in_use``: in blocks that tensors hold; ``peak``: its maximum; ``cached``: in free blocks
    that are kept; ``limit``: that `cached` never exceeds; ``hits`` and ``misses``: requests served
    from the cache and by the system.

Examples
--------
>>> import ndtape as nt
>>> nt.memory.stats()["in_use"] >= 0
True
)";

constexpr char kResetPeak[] = R"(Let `peak` start again from what is in use.

Examples
--------
>>> import ndtape as nt
>>> nt.memory.reset_peak()
)";

constexpr char kEmptyCache[] = R"(Give every free block back to the system.

Examples
--------
>>> import ndtape as nt
>>> nt.memory.empty_cache()
>>> nt.memory.stats()["cached"]
0
)";

constexpr char kSetLimit[] = R"(Limit the bytes kept in free blocks; what is over is given back.

Parameters
----------
limit : int
    Bytes.

Raises
------
ValueError
    When it is negative.

Examples
--------
>>> import ndtape as nt
>>> limit = nt.memory.stats()["limit"]
>>> nt.memory.set_limit(2**20)
>>> nt.memory.set_limit(limit)
)";

constexpr char kGetThreads[] = R"(Tell how many threads large operations use.

Returns
-------
int
    From ``OMP_NUM_THREADS``, else the number of cores, unless `set_num_threads` has changed it.

Examples
--------
>>> import ndtape as nt
>>> nt.get_num_threads() >= 1
True
)";

constexpr char kSetThreads[] = R"(Set how many threads large operations use.

Results do not depend on it.

Parameters
----------
n : int
    At least 1.

Raises
------
ValueError
    When it is not between 1 and 1024.

Examples
--------
>>> import ndtape as nt
>>> threads = nt.get_num_threads()
>>> nt.set_num_threads(1)
>>> nt.set_num_threads(threads)
)";

PyObject* call_stats(const Spec&, PyObject* const*) {
  memory::Stats s = memory::stats();
  return Py_BuildValue("{s:L,s:L,s:L,s:L,s:L,s:L}", "in_use", static_cast<long long>(s.in_use),
                       "peak", static_cast<long long>(s.peak), "cached",
                       static_cast<long long>(s.cached), "limit", static_cast<long long>(s.limit),
                       "hits", static_cast<long long>(s.hits), "misses",
                       static_cast<long long>(s.misses));
}

PyObject* call_reset_peak(const Spec&, PyObject* const*) {
  memory::reset_peak();
  return new_none();
}

PyObject* call_empty_cache(const Spec&, PyObject* const*) {
  memory::empty_cache();
  return new_none();
}

PyObject* call_set_limit(const Spec&, PyObject* const* v) {
  memory::set_limit(parse_int(v[0], "set_limit"));
  return new_none();
}

PyObject* call_get_threads(const Spec&, PyObject* const*) { return PyLong_FromLong(num_threads()); }

PyObject* call_set_threads(const Spec&, PyObject* const* v) {
  int64_t n = parse_int(v[0], "set_num_threads");
  if (n < 1 || n > 1024) {
    throw ValueError("set_num_threads: " + std::to_string(n) + " is not between 1 and 1024");
  }
  set_num_threads(static_cast<int>(n));
  return new_none();
}

PyObject* call_config(const Spec&, PyObject* const*) {
#ifdef NDTAPE_OPENMP
  bool openmp = true;
#else
  bool openmp = false;
#endif
  return Py_BuildValue("{s:s,s:s,s:s,s:O}", "version", version(), "isa", isa_name(), "compiler",
                       compiler(), "openmp", openmp ? Py_True : Py_False);
}

PyObject* call_op_table(const Spec&, PyObject* const*) {
  py::object rows = own(PyList_New(0));
  for (const OpRow& row : op_rows()) {
    py::object entry = own(Py_BuildValue(
        "{s:s,s:i,s:s,s:O,s:s,s:s}", "name", row.name, "arity", row.arity, "types", row.types,
        "complex", row.complex ? Py_True : Py_False, "domain", row.domain, "doc", row.doc));
    check(PyList_Append(rows.ptr(), entry.ptr()));
  }
  return rows.release().ptr();
}

PyObject* call_begin_change(const Spec&, PyObject* const* v) {
  if (!is_tensor(v[0])) throw TypeError("_begin_change: expected a Tensor");
  begin_change(unwrap(v[0]));
  return new_none();
}

}  // namespace

void define_system() {
  define(kInternal, "memory_stats", "()", kStats, call_stats);
  define(kInternal, "memory_reset_peak", "()", kResetPeak, call_reset_peak);
  define(kInternal, "memory_empty_cache", "()", kEmptyCache, call_empty_cache);
  define(kInternal, "memory_set_limit", "(limit, /)", kSetLimit, call_set_limit);
  define(kFunction, "get_num_threads", "()", kGetThreads, call_get_threads);
  define(kFunction, "set_num_threads", "(n, /)", kSetThreads, call_set_threads);
  define(kInternal, "config", "()", "What this build is, as a dict.", call_config);
  define(kInternal, "op_table", "()", "The elementwise operators, a dict each.", call_op_table);
  define(
      kFunction, "_begin_change", "(x, /)",
      "Say that x is about to be changed from outside: kept values are copied, a change counted.",
      call_begin_change);
}

}  // namespace ndtape::python
