// Everything a C++ program needs.
#pragma once

#include "ndtape/attention.h"
#include "ndtape/device.h"
#include "ndtape/dtype.h"
#include "ndtape/error.h"
#include "ndtape/layout.h"
#include "ndtape/linalg.h"
#include "ndtape/memory.h"
#include "ndtape/norms.h"
#include "ndtape/ops.h"
#include "ndtape/optim.h"
#include "ndtape/parallel.h"
#include "ndtape/random.h"
#include "ndtape/recurrent.h"
#include "ndtape/tape.h"
#include "ndtape/tensor.h"
#include "ndtape/version.h"
