// Where in the Python program an operation is called, as a number that costs a few nanoseconds.
#pragma once

#include <cstdint>
#include <string>

#include "ndtape/hot.h"

namespace ndtape::python {

// The innermost line that runs now and is not this package's own; 0 where there is none. On a
// thread that let go of the GIL: the line that did.
NDTAPE_HOT uint32_t place_of_caller();
// "train.py:12 in step"; empty for 0 and for numbers of long ago, which are not kept for ever.
std::string text_of_place(uint32_t place);

// What place_of_caller() is to tell while this thread does without the GIL.
class HeldPlace {
 public:
  struct State {
    bool holds = false;
    uint32_t place = 0;
  };
  HeldPlace() : HeldPlace(State{true, place_of_caller()}) {}
  // The frames are to be looked at again: this thread has the GIL back.
  static HeldPlace none() { return HeldPlace(State{}); }
  ~HeldPlace();
  HeldPlace(const HeldPlace&) = delete;
  HeldPlace& operator=(const HeldPlace&) = delete;

 private:
  explicit HeldPlace(State now);
  State previous_;
};

}  // namespace ndtape::python
