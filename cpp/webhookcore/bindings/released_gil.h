// Work without Python's lock that may still be under way when the interpreter ends.
#pragma once

#include <Python.h>
#include <cxxabi.h>
#include <unistd.h>

namespace webhookcore {

// Gives the lock away for its scope. pybind11's own does too, but a daemon thread that
// takes it back while the interpreter is being finalized is ended by CPython (before
// 3.14) by unwinding its stack, which must not leave a destructor: std::terminate() would
// take the whole process along. Here such a thread stands still until the process ends,
// as it does in 3.14, and no Python object is touched any more.
class ReleasedGil {
 public:
  ReleasedGil() : state_(PyEval_SaveThread()) {}
  ~ReleasedGil() {
    try {
      PyEval_RestoreThread(state_);
    } catch (abi::__forced_unwind&) {
      while (true) pause();
    }
  }
  ReleasedGil(const ReleasedGil&) = delete;
  ReleasedGil& operator=(const ReleasedGil&) = delete;

 private:
  PyThreadState* state_;
};

}  // namespace webhookcore
