# Every outside package, in one place. All but LibTorch are Debian packages (the Makefile's `deps` target names them).
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(simdjson REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc)
find_package(nlohmann_json REQUIRED)
if(LITEBENCH_FUZZ)
  # Without the library's definitions toml++ is its headers alone: the sanitizers and the coverage see into its parser.
  find_path(TOMLPLUSPLUS_INCLUDE_DIR toml++/toml.h REQUIRED)
  add_library(tomlplusplus::tomlplusplus INTERFACE IMPORTED)
  target_include_directories(tomlplusplus::tomlplusplus INTERFACE ${TOMLPLUSPLUS_INCLUDE_DIR})
else()
  find_package(tomlplusplus REQUIRED)
endif()
if(LITEBENCH_TESTS AND NOT LITEBENCH_FUZZ)
  find_package(GTest)
  if(NOT GTest_FOUND)
    message(STATUS "GoogleTest was not found (libgtest-dev): the programs are built without tests")
    set(LITEBENCH_TESTS OFF)
  endif()
endif()

if(NOT LITEBENCH_FUZZ)
  find_package(TorchWheel 2.7 REQUIRED)
  # The wheel carries headers of a newer fmt than the distribution's library: whoever uses LibTorch would compile
  # against the one and link with the other. A folder that holds nothing but the right headers goes first.
  get_target_property(fmt_headers fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/first)
  file(CREATE_LINK ${fmt_headers}/fmt ${CMAKE_BINARY_DIR}/first/fmt SYMBOLIC)
  get_target_property(torch_headers Torch::cpu INTERFACE_INCLUDE_DIRECTORIES)
  set_target_properties(Torch::cpu PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${CMAKE_BINARY_DIR}/first;${torch_headers}")
  set(MPI_DETERMINE_LIBRARY_VERSION ON)
  set(MPI_CXX_SKIP_MPICXX ON)   # the C++ bindings were removed from MPI and do not link
  find_package(MPI REQUIRED COMPONENTS C CXX)
  find_package(HDF5 REQUIRED COMPONENTS C)
  find_package(Boost REQUIRED COMPONENTS program_options)
  find_package(libjpeg-turbo REQUIRED)
  find_package(PNG REQUIRED)
  find_library(SENTENCEPIECE_LIBRARY sentencepiece REQUIRED)
  find_path(SENTENCEPIECE_INCLUDE_DIR sentencepiece_processor.h REQUIRED)
  add_library(sentencepiece SHARED IMPORTED)
  set_target_properties(sentencepiece PROPERTIES IMPORTED_LOCATION ${SENTENCEPIECE_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${SENTENCEPIECE_INCLUDE_DIR})
endif()

find_program(LITEBENCH_PYTHON python3 HINTS ${CMAKE_SOURCE_DIR}/.venv/bin $ENV{VIRTUAL_ENV}/bin NO_CMAKE_SYSTEM_PATH
  DOC "python of the tests' independent oracles")
