// Watching what is computed for NaN and infinity.
#pragma once

#include <string>

#include "tape/node.h"

namespace ndtape {

// Has x an element that this thread watches for? What it is: "NaN" or "infinity"; else nullptr.
const char* find_anomaly(const Tensor& x);

// Throws TapeError when `node`'s result y is not finite.
void watch(const Tensor& y, Node* node);

}  // namespace ndtape
