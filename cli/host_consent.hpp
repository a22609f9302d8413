// Options by which the user allows or forbids what is done to the hosts themselves.
#pragma once

#include "provision/up.hpp"

namespace CLI {
class App;
}

namespace clustermpi::cli {

// `consent` outlives the parsing.
void add_set_hostnames(CLI::App& command, HostConsent& consent);
void add_no_reboot(CLI::App& command, HostConsent& consent);

}  // namespace clustermpi::cli
