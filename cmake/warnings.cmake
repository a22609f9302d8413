# One interface target that every target of ours links: warnings, sanitizers, the include root.
add_library(clustermpi_options INTERFACE)
target_include_directories(clustermpi_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(clustermpi_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  -Wno-restrict  # g++ 12 sees overlapping copies in std::string that are not there (GCC bug 105651)
  $<$<BOOL:${CLUSTERMPI_WERROR}>:-Werror>)
if(CLUSTERMPI_SANITIZE)
  target_compile_options(clustermpi_options INTERFACE -fsanitize=${CLUSTERMPI_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(clustermpi_options INTERFACE -fsanitize=${CLUSTERMPI_SANITIZE})
endif()
