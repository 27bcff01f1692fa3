# cmake -DSOURCE=checkout -DOUT=file -P Commit.cmake: writes the commit as a C string literal, if it changed.
# An archive made by `git archive` carries its commit in cmake/commit.txt; without either it is "unknown".
execute_process(COMMAND git -C ${SOURCE} rev-parse --show-toplevel
  OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
get_filename_component(source ${SOURCE} REALPATH)
set(commit "")
if(top STREQUAL source)   # not some other repository that the unpacked sources happen to lie in
  execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT commit)
  file(STRINGS ${SOURCE}/cmake/commit.txt commit REGEX "^[0-9a-f]+$" LIMIT_COUNT 1)
endif()
if(NOT commit)
  set(commit unknown)
endif()

set(text "\"${commit}\"\n")
set(old "")
if(EXISTS ${OUT})
  file(READ ${OUT} old)
endif()
if(NOT old STREQUAL text)
  file(WRITE ${OUT} ${text})
endif()
