# The CUDA half: one MODULE library, loaded at run time where a device is (it would cost every CPU rank 130 MB).
# Built when nvcc is here, LibTorch is a CUDA build, and both are of one major version.
# LITEBENCH_CUDA=ON makes a missing piece an error; LITEBENCH_CUDA_REASON says what is missing otherwise.
set(LITEBENCH_CUDA_REASON "")

function(_lb_why_no_cuda out)
  set(${out} "" PARENT_SCOPE)
  if(LITEBENCH_CUDA STREQUAL "OFF")
    set(${out} "LITEBENCH_CUDA=OFF" PARENT_SCOPE)
  elseif(NOT TARGET Torch::cuda)
    set(${out} "this LibTorch is a CPU build" PARENT_SCOPE)
  elseif(NOT TorchWheel_CUDART)
    set(${out} "the wheel nvidia-cuda-runtime is not beside LibTorch" PARENT_SCOPE)
  elseif(NOT EXISTS ${TorchWheel_SITE}/nvidia/cu${TorchWheel_CUDA_MAJOR}/include/cublas_v2.h
         AND NOT EXISTS ${TorchWheel_SITE}/nvidia/cublas/include/cublas_v2.h)
    set(${out} "LibTorch's CUDA libraries are not installed (slim installation)" PARENT_SCOPE)
  else()
    include(CheckLanguage)
    check_language(CUDA)
    if(NOT CMAKE_CUDA_COMPILER)
      set(${out} "no nvcc" PARENT_SCOPE)
    endif()
  endif()
endfunction()

_lb_why_no_cuda(LITEBENCH_CUDA_REASON)
if(NOT LITEBENCH_CUDA_REASON)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 100-real 90-virtual)
  endif()
  enable_language(CUDA)
  string(REGEX MATCH "^[0-9]+" _nvcc_major ${CMAKE_CUDA_COMPILER_VERSION})
  if(NOT _nvcc_major EQUAL TorchWheel_CUDA_MAJOR)
    set(LITEBENCH_CUDA_REASON "nvcc is CUDA ${_nvcc_major}, LibTorch is CUDA ${TorchWheel_CUDA_MAJOR}")
  endif()
endif()
if(LITEBENCH_CUDA_REASON)
  if(LITEBENCH_CUDA STREQUAL "ON")
    message(FATAL_ERROR "The CUDA half was asked for (LITEBENCH_CUDA=ON) but cannot be built: ${LITEBENCH_CUDA_REASON}")
  endif()
  message(STATUS "CUDA half: not built (${LITEBENCH_CUDA_REASON})")
  return()
endif()

if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)   # CMake 3.25 knows nvcc's language standards only up to 17
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()

set(_nccl_reason "LITEBENCH_NCCL=OFF")
if(NOT LITEBENCH_NCCL STREQUAL "OFF")
  find_path(NCCL_INCLUDE_DIR nccl.h HINTS ${TorchWheel_SITE}/nvidia/nccl/include ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES})
  find_library(NCCL_LIBRARY NAMES libnccl.so.2 nccl HINTS ${TorchWheel_SITE}/nvidia/nccl/lib)
  set(_nccl_reason "")
  if(NOT NCCL_INCLUDE_DIR OR NOT NCCL_LIBRARY)
    set(_nccl_reason "not found")
  endif()
  if(_nccl_reason AND LITEBENCH_NCCL STREQUAL "ON")
    message(FATAL_ERROR "NCCL was asked for (LITEBENCH_NCCL=ON) but was not found: install nvidia-nccl-cu${_nvcc_major}")
  endif()
endif()

file(GLOB _cuda_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/model/cuda/*.cpp ${CMAKE_SOURCE_DIR}/model/cuda/*.cu
     ${CMAKE_SOURCE_DIR}/kernels/*/*.cu)
if(_nccl_reason)
  list(FILTER _cuda_sources EXCLUDE REGEX "/model/cuda/nccl[^/]*$")
endif()
add_library(litebench_cuda MODULE ${_cuda_sources})
set_target_properties(litebench_cuda PROPERTIES
  CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON
  CUDA_RUNTIME_LIBRARY None   # the wheel's libcudart instead of a second runtime in one process
  CXX_VISIBILITY_PRESET hidden
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/litebench
  INSTALL_RPATH "$ORIGIN"
  INSTALL_RPATH_USE_LINK_PATH ON)   # LibTorch, its libcudart, NCCL: where the build found them
# Device arithmetic rounds like the CPU's (kernels/host_device.hpp): fused only where it says fmaf.
target_compile_options(litebench_cuda PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:--fmad=false>)
# nvcc's headers first: the wheel's lack crt/host_defines.h, nvcc's toolkit may lack cublas.
target_include_directories(litebench_cuda PRIVATE ${CMAKE_SOURCE_DIR})
target_include_directories(litebench_cuda SYSTEM PRIVATE
  ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES} ${TorchWheel_CUDA_INCLUDE_DIRS})
target_link_libraries(litebench_cuda PRIVATE Torch::cuda ${TorchWheel_CUDART})
if(NOT _nccl_reason)
  target_include_directories(litebench_cuda SYSTEM PRIVATE ${NCCL_INCLUDE_DIR})
  target_link_libraries(litebench_cuda PRIVATE ${NCCL_LIBRARY})
  target_compile_definitions(litebench_cuda PRIVATE LITEBENCH_HAS_NCCL)
endif()
add_dependencies(lb_measure litebench_cuda)   # found at run time, so nothing else makes the build wait for it
install(TARGETS litebench_cuda LIBRARY DESTINATION lib/litebench)
message(STATUS "CUDA half: nvcc ${CMAKE_CUDA_COMPILER_VERSION}, architectures ${CMAKE_CUDA_ARCHITECTURES}; NCCL ${_nccl_reason}")
