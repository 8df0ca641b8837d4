// Releasing and acquiring the GIL, also while the interpreter ends.
//
// Up to 3.13 CPython ends a daemon thread that acquires the GIL during finalization with
// pthread_exit.  That unwinds the thread's stack: destructors here would release Python objects
// without the GIL, and in a destructor or a noexcept function the unwinding ends the process.  So a
// thread that cannot return sleeps until the process ends, as CPython 3.14 makes it do by itself.
// The objects it holds stay alive: nothing is freed that a kernel may still read.
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

// Calls f, which calls CPython's C interface and does not throw C++ exceptions: whatever is caught
// here is the end of the thread.
template <class F>
auto unless_ended(F&& f) noexcept {
  try {
    return f();
  } catch (...) {
    sleep_for_ever();
  }
}

// Releases the GIL during its lifetime.
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

// Holds the GIL during its lifetime, inside or outside of WithoutGil; the user's code computes with
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

// Calls f, which may release the GIL and throw, because it calls NumPy or Python code: NumPy
// converting or copying an array, an __array__ or a method.  The caller's stack is not unwound if
// the thread ends.
template <class F>
auto in_python(F&& f) {
#ifdef __GLIBCXX__
  try {
    return f();
  } catch (abi::__forced_unwind&) {
    sleep_for_ever();
  }
#else
  return f();  // other C++ libraries do not unwind threads that end
#endif
}

// Calls function(*arguments), a function of the user's, during which the interpreter may end.
inline pybind11::object call_python(const pybind11::object& function,
                                    const pybind11::tuple& arguments) {
  PyObject* result =
      unless_ended([&] { return PyObject_Call(function.ptr(), arguments.ptr(), nullptr); });
  if (result == nullptr) throw pybind11::error_already_set();
  return pybind11::reinterpret_steal<pybind11::object>(result);
}

}  // namespace python
}  // namespace lamina
