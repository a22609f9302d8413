# A second build of the same sources, in this folder or in another clone, takes what ccache has. A precompiled header
# is named by its contents then, not by its time, and no path of this folder is part of an object's name.
find_program(CLUSTERMPI_CCACHE ccache)
if(CLUSTERMPI_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=yes ${CLUSTERMPI_CCACHE})
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endif()
