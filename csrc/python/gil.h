// Leaving Python and coming back, also while the interpreter ends.
//
// Up to 3.13 CPython ends a daemon thread that wants the GIL back during finalization by
// pthread_exit.  That unwinds the thread's stack: destructors here would let go of Python objects
// without the GIL, and in a destructor or a noexcept function the unwinding ends the process.  So a
// thread that cannot come back stays where it is, asleep, until the process ends, as CPython 3.14
// does by itself.  What it holds stays alive: nothing is freed that a kernel may still read.
#pragma once

#include <cxxabi.h>
#include <pybind11/pybind11.h>
#include <unistd.h>

#include "../runtime/denormals.h"

namespace lamina {
namespace python {

inline bool interpreter_ends() {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

[[noreturn]] inline void sleep_for_ever() {
  for (;;) pause();
}

// Calls f, into CPython's C interface, which raises no C++ exception of its own: what arrives here
// is the end of the thread.
template <class F>
auto unless_ended(F&& f) noexcept {
  try {
    return f();
  } catch (...) {
    sleep_for_ever();
  }
}

// Without the GIL while it lives.
class WithoutGil {
 public:
  WithoutGil() : state_(PyEval_SaveThread()) {}
  ~WithoutGil() {
    if (interpreter_ends()) sleep_for_ever();
    unless_ended([this] { PyEval_RestoreThread(state_); });
  }
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;

 private:
  PyThreadState* const state_;
};

// With the GIL while it lives, from within or without WithoutGil; the user's code computes with
// denormals as it does elsewhere.
class WithGil {
 public:
  WithGil() : state_(enter()) {}
  ~WithGil() { PyGILState_Release(state_); }
  WithGil(const WithGil&) = delete;
  WithGil& operator=(const WithGil&) = delete;

 private:
  static PyGILState_STATE enter() {
    if (interpreter_ends() && PyGILState_Check() == 0) sleep_for_ever();
    return unless_ended([] { return PyGILState_Ensure(); });
  }
  const PyGILState_STATE state_;
  const CallersFloats floats_;
};

// f(), which calls NumPy or Python code that may give the GIL away, and throw: an array converted
// or copied by NumPy, an __array__ or a method.  Nothing of f's caller is unwound if the thread
// ends.
template <class F>
auto in_python(F&& f) {
#ifdef __GLIBCXX__
  try {
    return f();
  } catch (abi::__forced_unwind&) {
    sleep_for_ever();
  }
#else
  return f();  // other C++ libraries unwind no thread that ends
#endif
}

// function(*arguments) for a function of the user's, below whose frames the interpreter may end.
inline pybind11::object call_python(const pybind11::object& function,
                                    const pybind11::tuple& arguments) {
  PyObject* result =
      unless_ended([&] { return PyObject_Call(function.ptr(), arguments.ptr(), nullptr); });
  if (result == nullptr) throw pybind11::error_already_set();
  return pybind11::reinterpret_steal<pybind11::object>(result);
}

}  // namespace python
}  // namespace lamina
