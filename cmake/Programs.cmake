# The three programs and what `cmake --install` makes of them.
#
# `litebench` is small and needs neither LibTorch nor MPI to start; it execs `litebench-run` (the engine) and
# `litebench-reduce` (tables), which lie beside it. The installed tree can be moved:
#   bin/  lib/litebench/ (CUDA module)  share/litebench/{configs,published,slurm,docs}
# LibTorch is not part of it: RUNPATH names the one the build used, LD_LIBRARY_PATH (which `litebench` sets from
# TORCH_ROOT) overrides it.
# lb_program(NAME n DIR folder LINKS target...): the folder's sources become a program. USES_TORCH adds LibTorch's
# folder to the RUNPATH.
function(lb_program)
  cmake_parse_arguments(P "USES_TORCH" "NAME;DIR" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${P_DIR}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(${P_NAME} ${sources})
  target_link_libraries(${P_NAME} PRIVATE ${P_LINKS} lb_version)
  set(runpath "$ORIGIN/../lib/litebench")
  if(P_USES_TORCH)
    list(APPEND runpath ${TorchWheel_ROOT}/lib)
  endif()
  set_target_properties(${P_NAME} PROPERTIES INSTALL_RPATH "${runpath}")
  install(TARGETS ${P_NAME} RUNTIME DESTINATION bin)
endfunction()

include(Version)

lb_program(NAME litebench DIR harness/main LINKS lb_cli)
lb_program(NAME litebench-run DIR harness/run LINKS lb_cli lb_harness lb_analysis USES_TORCH)
lb_program(NAME litebench-reduce DIR analysis/cli LINKS lb_analysis Boost::program_options)

install(DIRECTORY configs slurm docs DESTINATION share/litebench OPTIONAL)
# The same place in the build tree, so that programs and tests find the data relative to themselves there too.
file(GLOB published CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/analysis/published/*.json)
foreach(file IN LISTS published)
  get_filename_component(name ${file} NAME)
  configure_file(${file} ${CMAKE_BINARY_DIR}/share/litebench/published/${name} COPYONLY)
endforeach()
install(FILES ${published} DESTINATION share/litebench/published)
install(FILES model/prune/plugin.h DESTINATION include/litebench)
install(FILES LICENSE NOTICE README.md CHANGELOG.md DESTINATION share/litebench OPTIONAL)

# What the report needs at run time: style and script of the page, and the Python program that draws its figures.
file(GLOB report_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/analysis/report/page.* ${CMAKE_SOURCE_DIR}/analysis/plots/*.py)
list(FILTER report_files EXCLUDE REGEX "[.]([ch]pp)$")
foreach(file IN LISTS report_files)
  get_filename_component(name ${file} NAME)
  configure_file(${file} ${CMAKE_BINARY_DIR}/share/litebench/report/${name} COPYONLY)
endforeach()
install(FILES ${report_files} DESTINATION share/litebench/report)
