// A libcuda.so.1 that runs the emulated kernels, so that everything around them can be rehearsed
// where there is no GPU. Its functions are declared by the real cuda.h; it says to be one H100 with
// few multiprocessors, and fails as it is told to:
//
//   FAKE_GPU_ERROR=100      cuInit returns this error
//   FAKE_GPU_LOSES=a,b      a launch of a kernel with one of these in its name fails, as does all
//                           that follows
//   FAKE_GPU_HANGS=a,b      such a launch never ends
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <cuda.h>
#include <map>
#include <sstream>
#include <string>
#include <unistd.h>

extern "C" int umtn_emulate(const char*, int, std::size_t, int, const void*, unsigned long long);

namespace {

constexpr int kMultiprocessors = 8, kShared = 232448;
constexpr std::size_t kMemory = std::size_t{1} << 30;

std::map<CUdeviceptr, std::size_t> held;
std::map<std::string, std::string> functions;
std::size_t used = 0;
bool lost = false;

bool told(const char* what, const char* kernel) {
  const char* given = std::getenv(what);
  std::istringstream names(given ? given : "");
  for (std::string name; std::getline(names, name, ',');)
    if (std::strstr(kernel, name.c_str()))
      return true;
  return false;
}

CUresult run(CUfunction function, unsigned blocks, unsigned threads, unsigned shared, int cluster,
             void** arguments) {
  const char* kernel = reinterpret_cast<const char*>(function);
  // A kernel's warps are the end of its name, where there may be several.
  const unsigned expected = std::strstr(kernel, "_32_16") ? 512 : 256;
  if (threads != expected || shared > kShared)
    return CUDA_ERROR_INVALID_VALUE;
  while (told("FAKE_GPU_HANGS", kernel))
    pause();
  lost = lost || told("FAKE_GPU_LOSES", kernel);
  if (lost)
    return CUDA_ERROR_ILLEGAL_ADDRESS;
  const int unknown =
      umtn_emulate(kernel, static_cast<int>(blocks), shared, cluster, arguments[0], 0);
  return unknown ? CUDA_ERROR_LAUNCH_FAILED : CUDA_SUCCESS;
}

CUresult flat(unsigned y, unsigned z) {
  return y == 1 && z == 1 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

// Reads how a launch is to be made; false where it asks for more than this knows.
bool read(const CUlaunchConfig* config, int& cluster, bool& together) {
  cluster = 0;
  together = false;
  for (unsigned i = 0; i < config->numAttrs; ++i) {
    const CUlaunchAttribute& attribute = config->attrs[i];
    if (attribute.id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION)
      cluster = static_cast<int>(attribute.value.clusterDim.x);
    else if (attribute.id == CU_LAUNCH_ATTRIBUTE_COOPERATIVE)
      together = attribute.value.cooperative != 0;
    else
      return false;
  }
  return config->gridDimY == 1 && config->gridDimZ == 1 && config->blockDimY == 1 &&
         config->blockDimZ == 1 && !config->hStream;
}

} // namespace

#pragma GCC visibility push(default)
extern "C" {

CUresult cuInit(unsigned) {
  const char* error = std::getenv("FAKE_GPU_ERROR");
  return error ? static_cast<CUresult>(std::atoi(error)) : CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult error, const char** text) {
  switch (error) {
  case CUDA_ERROR_NO_DEVICE:
    *text = "no CUDA-capable device is detected";
    return CUDA_SUCCESS;
  case CUDA_ERROR_ILLEGAL_ADDRESS:
    *text = "an illegal memory access was encountered";
    return CUDA_SUCCESS;
  default:
    *text = nullptr;
    return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult cuDriverGetVersion(int* version) {
  *version = 13000;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int* count) {
  *count = 1;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  *device = ordinal;
  return ordinal == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult cuDeviceGetName(char* name, int size, CUdevice) {
  std::strncpy(name, "an emulated GPU", static_cast<std::size_t>(size));
  return CUDA_SUCCESS;
}

CUresult cuDeviceTotalMem(std::size_t* bytes, CUdevice) {
  *bytes = kMemory;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice) {
  switch (attribute) {
  case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
    *value = kMultiprocessors;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
    *value = 1980000;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
    *value = 9;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
    *value = 0;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH:
  case CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH:
    *value = 1;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
    *value = kShared;
    return CUDA_SUCCESS;
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice) {
  *context = reinterpret_cast<CUcontext>(&held);
  return CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(CUcontext context) {
  return context == reinterpret_cast<CUcontext>(&held) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

CUresult cuMemGetInfo(std::size_t* free, std::size_t* total) {
  *total = kMemory;
  *free = kMemory - used;
  return CUDA_SUCCESS;
}

CUresult cuMemAlloc(CUdeviceptr* address, std::size_t size) {
  if (lost)
    return CUDA_ERROR_ILLEGAL_ADDRESS;
  void* memory = nullptr;
  if (used + size > kMemory || posix_memalign(&memory, 256, size))
    return CUDA_ERROR_OUT_OF_MEMORY;
  std::memset(memory, 0xcd, size); // never zero to begin with
  *address = reinterpret_cast<CUdeviceptr>(memory);
  held[*address] = size;
  used += size;
  return CUDA_SUCCESS;
}

CUresult cuMemFree(CUdeviceptr address) {
  const auto found = held.find(address);
  if (found == held.end())
    return CUDA_ERROR_INVALID_VALUE;
  used -= found->second;
  held.erase(found);
  std::free(reinterpret_cast<void*>(address));
  return CUDA_SUCCESS;
}

CUresult cuMemcpyHtoD(CUdeviceptr to, const void* from, std::size_t size) {
  std::memcpy(reinterpret_cast<void*>(to), from, size);
  return lost ? CUDA_ERROR_ILLEGAL_ADDRESS : CUDA_SUCCESS;
}

CUresult cuMemcpyDtoH(void* to, CUdeviceptr from, std::size_t size) {
  std::memcpy(to, reinterpret_cast<const void*>(from), size);
  return lost ? CUDA_ERROR_ILLEGAL_ADDRESS : CUDA_SUCCESS;
}

CUresult cuMemsetD8(CUdeviceptr address, unsigned char value, std::size_t count) {
  std::memset(reinterpret_cast<void*>(address), value, count);
  return lost ? CUDA_ERROR_ILLEGAL_ADDRESS : CUDA_SUCCESS;
}

CUresult cuModuleLoadData(CUmodule* module, const void* image) {
  *module = reinterpret_cast<CUmodule>(&functions);
  return image ? CUDA_SUCCESS : CUDA_ERROR_INVALID_IMAGE;
}

CUresult cuModuleGetFunction(CUfunction* function, CUmodule, const char* name) {
  std::string& kept = functions.try_emplace(name, name).first->second;
  *function = reinterpret_cast<CUfunction>(kept.data());
  return CUDA_SUCCESS;
}

CUresult cuFuncSetAttribute(CUfunction, CUfunction_attribute attribute, int value) {
  const bool known = attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
  return known && value <= kShared ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, CUfunction, int, std::size_t) {
  *blocks = 1;
  return CUDA_SUCCESS;
}

CUresult cuOccupancyMaxActiveClusters(int* clusters, CUfunction, const CUlaunchConfig* config) {
  int cluster;
  bool together;
  if (!read(config, cluster, together) || !cluster)
    return CUDA_ERROR_INVALID_VALUE;
  *clusters = kMultiprocessors / cluster;
  return CUDA_SUCCESS;
}

CUresult cuLaunchKernel(CUfunction function, unsigned grid, unsigned grid_y, unsigned grid_z,
                        unsigned block, unsigned block_y, unsigned block_z, unsigned shared,
                        CUstream, void** arguments, void**) {
  if (flat(grid_y, grid_z) || flat(block_y, block_z))
    return CUDA_ERROR_INVALID_VALUE;
  return run(function, grid, block, shared, 0, arguments);
}

CUresult cuLaunchCooperativeKernel(CUfunction function, unsigned grid, unsigned grid_y,
                                   unsigned grid_z, unsigned block, unsigned block_y,
                                   unsigned block_z, unsigned shared, CUstream, void** arguments) {
  if (flat(grid_y, grid_z) || flat(block_y, block_z))
    return CUDA_ERROR_INVALID_VALUE;
  if (grid > kMultiprocessors)
    return CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE;
  return run(function, grid, block, shared, 0, arguments);
}

CUresult cuLaunchKernelEx(const CUlaunchConfig* config, CUfunction function, void** arguments,
                          void**) {
  int cluster;
  bool together;
  if (!read(config, cluster, together))
    return CUDA_ERROR_INVALID_VALUE;
  return run(function, config->gridDimX, config->blockDimX, config->sharedMemBytes, cluster,
             arguments);
}

// Events: the time at which they were recorded.

CUresult cuEventCreate(CUevent* event, unsigned) {
  *event = reinterpret_cast<CUevent>(new std::chrono::steady_clock::time_point);
  return CUDA_SUCCESS;
}

CUresult cuEventRecord(CUevent event, CUstream) {
  *reinterpret_cast<std::chrono::steady_clock::time_point*>(event) =
      std::chrono::steady_clock::now();
  return CUDA_SUCCESS;
}

CUresult cuEventSynchronize(CUevent) {
  return lost ? CUDA_ERROR_ILLEGAL_ADDRESS : CUDA_SUCCESS;
}

// By the name that drivers of all generations have.
#undef cuEventElapsedTime
CUresult cuEventElapsedTime(float* milliseconds, CUevent first, CUevent last) {
  using Time = std::chrono::steady_clock::time_point;
  const std::chrono::duration<float, std::milli> took =
      *reinterpret_cast<Time*>(last) - *reinterpret_cast<Time*>(first);
  *milliseconds = took.count();
  return CUDA_SUCCESS;
}

CUresult cuEventDestroy(CUevent event) {
  delete reinterpret_cast<std::chrono::steady_clock::time_point*>(event);
  return CUDA_SUCCESS;
}

} // extern "C"
#pragma GCC visibility pop
