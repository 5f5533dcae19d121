// Where a tensor's memory lies. The CPU is the only device today.
#pragma once

#include <cstdint>

namespace ndtape {

enum class Device : uint8_t { Cpu };

constexpr const char* name(Device) { return "cpu"; }

}  // namespace ndtape
