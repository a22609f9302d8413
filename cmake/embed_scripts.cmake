# Turns remote/NAME.sh and remote/NAME.py into `const std::string_view remote::NAME` (see provision/remote_scripts.hpp).
set(body "// Generated from provision/remote/.\n#include \"provision/remote_scripts.hpp\"\n\nnamespace clustermpi::remote {\n")
foreach(script IN LISTS SCRIPTS)
  get_filename_component(name ${script} NAME_WE)
  file(READ ${script} text)
  string(APPEND body "const std::string_view ${name} = R\"__sh__(${text})__sh__\";\n")
endforeach()
string(APPEND body "}  // namespace clustermpi::remote\n")
file(WRITE ${OUT} "${body}")
