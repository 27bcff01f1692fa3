# Finds LibTorch inside a pip wheel (or an unzipped LibTorch) without find_package(Torch), which demands a CUDA
# toolkit whenever the wheel was built with CUDA and links libtorch_cuda into everything.
#
# Looked at, in this order: TORCH_ROOT (variable, then environment), every prefix of CMAKE_PREFIX_PATH,
# VIRTUAL_ENV, the checkout's own .venv, the python3 on PATH.
# Gives: Torch::cpu and, for CUDA wheels, Torch::cuda; TorchWheel_ROOT, _VERSION, _CUDA_MAJOR, _CUDA_INCLUDE_DIRS,
# _CUDART, _SITE.

function(_torch_wheel_candidates out)
  set(found ${TORCH_ROOT} $ENV{TORCH_ROOT})
  foreach(prefix IN LISTS CMAKE_PREFIX_PATH ITEMS $ENV{VIRTUAL_ENV} ${CMAKE_SOURCE_DIR}/.venv)
    file(GLOB in_venv ${prefix}/lib/python3.*/site-packages/torch)
    list(APPEND found ${prefix} ${prefix}/../.. ${in_venv})
  endforeach()
  execute_process(
    COMMAND python3 -c "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
    OUTPUT_VARIABLE from_path OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  set(${out} ${found} ${from_path} PARENT_SCOPE)
endfunction()

function(_torch_wheel_version root out)
  # Newer wheels keep the numbers in headeronly/, where the older header then only forwards.
  set(text "")
  foreach(header headeronly/version.h csrc/api/include/torch/version.h)
    if(NOT text AND EXISTS ${root}/include/torch/${header})
      file(STRINGS ${root}/include/torch/${header} text REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
    endif()
  endforeach()
  string(REGEX REPLACE "[^;]*[A-Z] +([0-9]+)" "\\1" numbers "${text}")
  list(JOIN numbers "." version)
  set(${out} "${version}" PARENT_SCOPE)
endfunction()

function(_torch_wheel_refuse_old_abi root version)
  file(STRINGS ${root}/share/cmake/Torch/TorchConfig.cmake old_abi REGEX "_GLIBCXX_USE_CXX11_ABI=0")
  if(old_abi)
    message(FATAL_ERROR "torch ${version} in ${root} cannot be used (it has the C++ ABI of 2011 switched off, so "
      "Debian's C++ libraries do not link with it). Install torch >= 2.7 from PyPI, or the cxx11-abi LibTorch archive.")
  endif()
endfunction()

if(NOT TorchWheel_ROOT)
  _torch_wheel_candidates(_candidates)
  find_path(TorchWheel_ROOT include/ATen/core/TensorBody.h HINTS ${_candidates} NO_DEFAULT_PATH
    DOC "folder of the torch package: the one with lib/libtorch_cpu.so")
endif()

if(TorchWheel_ROOT)
  get_filename_component(TorchWheel_ROOT ${TorchWheel_ROOT} ABSOLUTE)
  get_filename_component(TorchWheel_SITE ${TorchWheel_ROOT} DIRECTORY)
  _torch_wheel_version(${TorchWheel_ROOT} TorchWheel_VERSION)
  _torch_wheel_refuse_old_abi(${TorchWheel_ROOT} "${TorchWheel_VERSION}")
  set(_lib ${TorchWheel_ROOT}/lib)
endif()

if(TorchWheel_ROOT AND NOT TARGET Torch::cpu)
  add_library(Torch::c10 SHARED IMPORTED)
  set_target_properties(Torch::c10 PROPERTIES IMPORTED_LOCATION ${_lib}/libc10.so IMPORTED_SONAME libc10.so)
  # The wheel ships the headers of its own fmt, which come before the system's, but not its code.
  add_library(Torch::cpu SHARED IMPORTED)
  set_target_properties(Torch::cpu PROPERTIES
    IMPORTED_LOCATION ${_lib}/libtorch_cpu.so
    IMPORTED_SONAME libtorch_cpu.so
    INTERFACE_INCLUDE_DIRECTORIES "${TorchWheel_ROOT}/include;${TorchWheel_ROOT}/include/torch/csrc/api/include"
    INTERFACE_COMPILE_DEFINITIONS "AT_PER_OPERATOR_HEADERS;FMT_HEADER_ONLY"
    INTERFACE_LINK_LIBRARIES Torch::c10)
  if(EXISTS ${_lib}/libtorch_cuda.so)
    file(STRINGS ${_lib}/libc10_cuda.so _runtime REGEX "^libcudart[-.a-f0-9]*[.]so[.][0-9]+" LIMIT_COUNT 1)
    string(REGEX REPLACE ".*[.]so[.]([0-9]+).*" "\\1" TorchWheel_CUDA_MAJOR "${_runtime}")
    file(GLOB TorchWheel_CUDA_INCLUDE_DIRS
      ${TorchWheel_SITE}/nvidia/cu${TorchWheel_CUDA_MAJOR}/include
      ${TorchWheel_SITE}/nvidia/{cuda_runtime,cublas,cusparse,cusolver}/include)
    file(GLOB TorchWheel_CUDART ${TorchWheel_SITE}/nvidia/*/lib/libcudart.so.${TorchWheel_CUDA_MAJOR})
    add_library(Torch::c10_cuda SHARED IMPORTED)
    set_target_properties(Torch::c10_cuda PROPERTIES
      IMPORTED_LOCATION ${_lib}/libc10_cuda.so IMPORTED_SONAME libc10_cuda.so)
    # Debian's g++ links --as-needed, which drops libtorch_cuda when only header-only CUDA functions are called;
    # the CUDA backend would then be missing at run time.
    add_library(Torch::cuda INTERFACE IMPORTED)
    set_target_properties(Torch::cuda PROPERTIES INTERFACE_LINK_LIBRARIES
      "-Wl,--push-state,--no-as-needed,${_lib}/libtorch_cuda.so,--pop-state;Torch::c10_cuda;Torch::cpu")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TorchWheel REQUIRED_VARS TorchWheel_ROOT VERSION_VAR TorchWheel_VERSION)
