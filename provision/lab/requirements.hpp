// What a lab asks of this machine.
#pragma once

#include <string>
#include <vector>

namespace clustermpi::lab {

/// Throws Error{local_failure}: who is not root can neither make nor remove a lab.
void require_root();
/// Throws Error{local_failure}: missing programs with their packages, all at once, or namespaces
/// that this machine does not allow.
void require_tools(const std::vector<std::string>& archs);

}  // namespace clustermpi::lab
