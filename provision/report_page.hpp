// report.html: the page that a run of `verify` or `up` leaves for people.
#pragma once

#include <filesystem>

#include "provision/up.hpp"

namespace clustermpi {

/// Writes the page of a run as it ended, good or bad; where it is. Throws Error{local_failure}.
std::filesystem::path write_report_page(const RunReport& report, const Cluster& cluster);

}  // namespace clustermpi
