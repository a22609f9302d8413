// Which names every part of a cluster can live with: DNS, OpenSSH, Open MPI's hostfile, Slurm,
// Ansible.
#pragma once

#include <string>
#include <string_view>

namespace clustermpi {

/// What is wrong with `name` as the name of a host, as the end of a sentence that begins with the
/// name
/// ("is a word of Open MPI's hostfile"); empty where nothing is.
[[nodiscard]] std::string host_name_fault(std::string_view name);

/// The same for a login name.
[[nodiscard]] std::string user_name_fault(std::string_view name);

/// The same for an address to reach a host by: IPv4, IPv6 or a DNS name.
[[nodiscard]] std::string address_fault(std::string_view address);

/// The same for the name of a cluster or a label.
[[nodiscard]] std::string word_fault(std::string_view word);

/// The same for a partition of Slurm.
[[nodiscard]] std::string partition_name_fault(std::string_view name);

/// The same for a time limit as Slurm reads it: MINUTES[:SECONDS], HOURS:MINUTES:SECONDS,
/// DAYS-HOURS[:MINUTES[:SECONDS]] or "unlimited".
[[nodiscard]] std::string time_limit_fault(std::string_view limit);

/// The same for a directory that all hosts share: absolute, no part of the system, and as
/// /etc/fstab and /etc/exports take it without quotes.
[[nodiscard]] std::string shared_directory_fault(std::string_view path);

/// The same for a device: absolute, and as fstab takes it.
[[nodiscard]] std::string device_fault(std::string_view path);

/// The same for a Python environment: absolute or below a home ("~/ENV3"), no part of the system,
/// and as a shell takes it without quotes.
[[nodiscard]] std::string venv_fault(std::string_view path);

/// The same for a package of Python's, which is named without a version.
[[nodiscard]] std::string python_package_fault(std::string_view name);

/// The name up to its first dot: all that Open MPI and Slurm look at.
[[nodiscard]] std::string_view short_name(std::string_view host_name);

/// Host names do not tell upper from lower case; ASCII only.
[[nodiscard]] std::string lower_case(std::string_view text);

}  // namespace clustermpi
