# Compiler cache, linker, sanitizers, build type: things that change how fast or how checked a build is, not what it does.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # ccache refuses precompiled headers unless told which header properties may be ignored.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${launcher})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
endif()

find_program(MOLD mold)
if(MOLD AND NOT LITEBENCH_SANITIZE AND NOT LITEBENCH_FUZZ)
  add_link_options(-fuse-ld=mold)
endif()

if(LITEBENCH_SANITIZE)
  set(flags -fsanitize=${LITEBENCH_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_compile_options("$<$<COMPILE_LANGUAGE:C,CXX>:${flags}>")
  add_link_options(${flags})
endif()
if(LITEBENCH_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

execute_process(COMMAND id -u OUTPUT_VARIABLE uid OUTPUT_STRIP_TRAILING_WHITESPACE)
string(COMPARE EQUAL "${uid}" "0" LITEBENCH_AS_ROOT)
