# lb_version: what `litebench --version` and every result file say about the build. A library of its own, because
# the commit changes often and only the programs should be linked again then.
string(REGEX MATCH "^([A-Za-z ]+) v([0-9]+[0-9.a-z]*)" _found "${MPI_C_LIBRARY_VERSION_STRING}")
set(LITEBENCH_MPI_TEXT "${CMAKE_MATCH_1} ${CMAKE_MATCH_2}")
if(NOT _found)   # other libraries write other texts; the first line names them
  string(REGEX MATCH "^[^\n,]*" LITEBENCH_MPI_TEXT "${MPI_C_LIBRARY_VERSION_STRING}")
endif()
if(TARGET litebench_cuda)
  set(LITEBENCH_CUDA_TEXT "${CMAKE_CUDA_COMPILER_VERSION} (${CMAKE_CUDA_ARCHITECTURES})")
  string(REPLACE ";" " " LITEBENCH_CUDA_TEXT "${LITEBENCH_CUDA_TEXT}")
else()
  set(LITEBENCH_CUDA_TEXT "not built (${LITEBENCH_CUDA_REASON})")
endif()

set(_generated ${CMAKE_BINARY_DIR}/generated)
configure_file(${CMAKE_SOURCE_DIR}/base/version.cpp.in ${_generated}/version.cpp @ONLY)
# Runs at every build, in milliseconds; touches the header only when the commit has changed.
add_custom_target(lb_commit
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR} -DOUT=${_generated}/commit.inc
          -P ${CMAKE_SOURCE_DIR}/cmake/Commit.cmake
  BYPRODUCTS ${_generated}/commit.inc VERBATIM)
add_library(lb_version STATIC ${_generated}/version.cpp)
add_dependencies(lb_version lb_commit)
target_include_directories(lb_version PUBLIC ${CMAKE_SOURCE_DIR} PRIVATE ${_generated})
target_link_libraries(lb_version PRIVATE fmt::fmt)
