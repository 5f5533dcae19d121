// The structures of DLPack, by which array libraries hand memory to each other: as its public
// specification lays them out (https://dmlc.github.io/dlpack/latest), version 1.
#pragma once

#include <cstdint>

namespace ndtape::python::dlpack {

struct Version {
  uint32_t major;
  uint32_t minor;
};
inline constexpr Version kVersion = {1, 0};

enum DeviceType : int32_t { kCpu = 1 };
struct Device {
  int32_t type;
  int32_t id;
};

enum TypeCode : uint8_t { kInt = 0, kUInt = 1, kFloat = 2, kComplex = 5, kBool = 6 };
struct DataType {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
};

struct Array {
  void* data;
  Device device;
  int32_t ndim;
  DataType dtype;
  int64_t* shape;
  int64_t* strides;  // in elements; null: row-major
  uint64_t byte_offset;
};

// What a capsule named "dltensor" holds; it cannot say that its memory is read-only.
struct Managed {
  Array array;
  void* context;
  void (*deleter)(Managed*);
};

// What a capsule named "dltensor_versioned" holds. Through all versions the first three members
// stay where they are.
struct ManagedVersioned {
  Version version;
  void* context;
  void (*deleter)(ManagedVersioned*);
  uint64_t flags;
  Array array;
};
inline constexpr uint64_t kReadOnly = 1;
inline constexpr uint64_t kIsCopied = 2;

// A consumer renames the capsule whose contents it has taken over.
template <class M>
inline constexpr const char* kName = nullptr;
template <class M>
inline constexpr const char* kUsed = nullptr;
template <>
inline constexpr const char* kName<Managed> = "dltensor";
template <>
inline constexpr const char* kUsed<Managed> = "used_dltensor";
template <>
inline constexpr const char* kName<ManagedVersioned> = "dltensor_versioned";
template <>
inline constexpr const char* kUsed<ManagedVersioned> = "used_dltensor_versioned";

}  // namespace ndtape::python::dlpack
