// ndtape.Device: where a tensor's memory lies, as Python sees it.
#pragma once

#include "call.h"
#include "ndtape/device.h"

namespace ndtape::python {

void create_devices(PyObject* module);

PyObject* device_object(Device device);  // borrowed

// A device argument: one of ours or its name; null and None for the CPU. Throws TypeError or
// ValueError naming the object.
Device parse_device(PyObject* object);

}  // namespace ndtape::python
