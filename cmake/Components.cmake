# One folder is one component: a static library of the folder's own sources. Folders stay small, so a new file is
# picked up by name and nobody edits a list.

# lb_component(NAME DIRS folder... LINKS target... [PCH header])
function(lb_component name)
  cmake_parse_arguments(C "" "PCH" "DIRS;LINKS" ${ARGN})
  set(sources "")
  foreach(dir IN LISTS C_DIRS)
    file(GLOB here CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${dir}/*.cpp)
    list(APPEND sources ${here})
  endforeach()
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${C_LINKS})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${C_LINKS})
  if(C_PCH AND LITEBENCH_PCH)
    target_precompile_headers(${name} PRIVATE ${CMAKE_SOURCE_DIR}/${C_PCH})
  endif()
endfunction()

# lb_test(LINKS target... [RANKS n...] [LABELS ...] [TIMEOUT s]): the folder's *_test.cpp become one gtest program named after the folder.
# The tests run in the source tree's root, so that they open tests/golden by relative path.
function(lb_test)
  if(LITEBENCH_FUZZ)
    return()
  endif()
  cmake_parse_arguments(T "" "TIMEOUT" "LINKS;LABELS" ${ARGN})
  file(RELATIVE_PATH rel ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  string(REPLACE "/" "_" name ${rel})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${T_LINKS} GTest::gtest GTest::gtest_main)
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS "unit;${T_LABELS}"
    ENVIRONMENT "OMP_NUM_THREADS=1;LITEBENCH_BIN=${CMAKE_BINARY_DIR}/bin")
endfunction()

# lb_mpi_test(NAME n TARGET t RANKS r [ARGS ...] [TIMEOUT s])
function(lb_mpi_test)
  if(LITEBENCH_FUZZ)
    return()
  endif()
  cmake_parse_arguments(A "" "NAME;TARGET;RANKS;TIMEOUT" "ARGS" ${ARGN})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 60)
  endif()
  math(EXPR inner "${A_TIMEOUT} - 5")
  add_test(NAME ${A_NAME}
    COMMAND ${MPIEXEC_EXECUTABLE} -n ${A_RANKS} --oversubscribe --bind-to none --timeout ${inner}
            $<TARGET_FILE:${A_TARGET}> ${A_ARGS}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set(env OMP_NUM_THREADS=1 OMPI_MCA_mpi_yield_when_idle=1 ASAN_OPTIONS=detect_leaks=0)
  if(LITEBENCH_AS_ROOT)
    list(APPEND env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1)
  endif()
  set_tests_properties(${A_NAME} PROPERTIES TIMEOUT ${A_TIMEOUT} LABELS mpi PROCESSORS 2 ENVIRONMENT "${env}")
endfunction()

# lb_python_test(NAME n FILE relative/to/source [TIMEOUT s] [LABELS ...]): pytest on one file with the checkout's python.
function(lb_python_test)
  if(LITEBENCH_FUZZ)
    return()
  endif()
  cmake_parse_arguments(P "" "NAME;FILE;TIMEOUT" "LABELS" ${ARGN})
  if(NOT P_TIMEOUT)
    set(P_TIMEOUT 300)
  endif()
  add_test(NAME ${P_NAME}
    COMMAND ${LITEBENCH_PYTHON} -m pytest -q -p no:cacheprovider ${CMAKE_SOURCE_DIR}/${P_FILE}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${P_NAME} PROPERTIES TIMEOUT ${P_TIMEOUT} LABELS "python;${P_LABELS}"
    ENVIRONMENT "OMP_NUM_THREADS=1;LITEBENCH_BIN=${CMAKE_BINARY_DIR}/bin")
endfunction()

# lb_fuzzer(NAME n SOURCE file LINKS target... CORPUS dir): libFuzzer program plus a seconds-long run in the tests.
# Built only by the fuzz preset (clang).
function(lb_fuzzer)
  cmake_parse_arguments(F "" "NAME;SOURCE;CORPUS" "LINKS" ${ARGN})
  if(NOT LITEBENCH_FUZZ)
    return()
  endif()
  add_executable(${F_NAME} ${F_SOURCE})
  target_compile_options(${F_NAME} PRIVATE -fsanitize=fuzzer)
  target_link_options(${F_NAME} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${F_NAME} PRIVATE ${F_LINKS})
  add_test(NAME fuzz.${F_NAME}
    COMMAND ${F_NAME} -runs=${LITEBENCH_FUZZ_RUNS} -max_total_time=${LITEBENCH_FUZZ_SECONDS} -rss_limit_mb=2048
            -timeout=10 -print_final_stats=1 ${CMAKE_BINARY_DIR}/corpus-${F_NAME} ${F_CORPUS})
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/corpus-${F_NAME})
  set_tests_properties(fuzz.${F_NAME} PROPERTIES LABELS fuzz TIMEOUT 3600)
endfunction()

# lb_bench(NAME n COMMAND program argument...): a measurement, run by `make bench` and never by the tests. It prints
# ratios of one run and fails when one misses its target.
function(lb_bench)
  cmake_parse_arguments(B "" "NAME" "COMMAND" ${ARGN})
  add_test(NAME bench.${B_NAME} COMMAND ${B_COMMAND} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set(env OMP_NUM_THREADS=1 LITEBENCH_BIN=${CMAKE_BINARY_DIR}/bin LITEBENCH_BENCH_OUT=${CMAKE_BINARY_DIR}/bench)
  if(LITEBENCH_AS_ROOT)
    list(APPEND env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1)
  endif()
  set_tests_properties(bench.${B_NAME} PROPERTIES LABELS bench TIMEOUT 1800 RUN_SERIAL ON ENVIRONMENT "${env}")
endfunction()
