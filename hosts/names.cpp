#include "hosts/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "hosts/ipv4.hpp"

namespace clustermpi {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// What Open MPI 4.1 and PRRTE 3 read as a keyword where a host name should stand. (Those with an
/// underscore are no host names anyway.)
constexpr auto launcher_keywords = std::to_array<std::string_view>(
    {"boards",  "cores",     "cores-per-socket",  "count",   "count-max", "cpu",       "cpu-max",
     "cpu-set", "max-count", "max-cpu",           "port",    "rank",      "max-slots", "slot",
     "slots",   "slots-max", "sockets-per-board", "sockets", "user-name", "username"});

bool is_launcher_keyword(std::string_view name) {
  return std::find(launcher_keywords.begin(), launcher_keywords.end(), name) !=
         launcher_keywords.end();
}

std::string label_fault(std::string_view label) {
  if (label.empty()) return "has an empty part between dots";
  if (label.size() > 63) return "is longer than the 63 characters that DNS allows";
  for (const char c : label) {
    if (c == '_') return "has an underscore, which Open MPI's launcher rejects: use a hyphen";
    if (!is_letter(c) && !is_digit(c) && c != '-')
      return "may have letters, digits and hyphens only";
  }
  if (label.front() == '-' || label.back() == '-') return "begins or ends with a hyphen";
  return {};
}

bool is_all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c); });
}

/// What a NodeName line of slurm.conf takes for something else, in any case.
bool is_slurm_keyword(std::string_view name) {
  const std::string lower = lower_case(name);
  return lower == "all" || lower == "default";
}

/// One to six digits: more is no time that anybody waits for.
bool is_time_number(std::string_view text) {
  return !text.empty() && text.size() <= 6 && is_all_digits(text);
}

bool looks_like_ipv4(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.'; });
}

/// Of an absolute path of letters, digits and `others`, written as the kernel says it.
std::string path_fault(std::string_view path, std::string_view others) {
  if (!path.starts_with('/')) return "is no absolute path: it begins with '/'";
  for (const char c : path) {
    if (!is_letter(c) && !is_digit(c) && others.find(c) == std::string_view::npos)
      return fmt::format("may have letters, digits and any of {} only", others);
  }
  const std::string whole = fmt::format("{}/", path);
  for (const char* part : {"//", "/./", "/../"})
    if (path != "/" && whole.find(part) != std::string::npos)
      return "is not written straight: leave out '//', '.', '..' and a '/' at the end";
  return {};
}

/// Folders that are others', as a whole or with all that is in them.
bool belongs_to_system(std::string_view path) {
  constexpr std::array<std::string_view, 19> system = {
      "/",    "/bin", "/boot", "/dev",  "/etc", "/home", "/lib", "/lib32", "/lib64", "/media",
      "/mnt", "/opt", "/proc", "/root", "/run", "/sbin", "/sys", "/tmp",   "/usr"};
  constexpr std::array<std::string_view, 5> whole = {"/dev/", "/etc/", "/proc/", "/run/", "/sys/"};
  const bool inside = std::any_of(whole.begin(), whole.end(), [&](std::string_view folder) {
    return path.starts_with(folder);
  });
  return inside || path == "/var" || std::find(system.begin(), system.end(), path) != system.end();
}

}  // namespace

std::string host_name_fault(std::string_view name) {
  if (name.find('.') != std::string_view::npos && looks_like_ipv4(name))
    return "is an address, not a name: give it under 'address', and a name under 'names'";
  for (std::string_view rest = name;;) {
    const std::string_view label = short_name(rest);
    if (std::string fault = label_fault(label); !fault.empty()) return fault;
    if (label.size() == rest.size()) break;
    rest.remove_prefix(label.size() + 1);
  }
  const std::string_view first = short_name(name);
  if (is_all_digits(first)) return "is a number: Open MPI's hostfile needs a letter in a name";
  if (is_launcher_keyword(first)) return "is a word of Open MPI's hostfile and cannot name a host";
  if (is_slurm_keyword(first)) return "is a word of Slurm's configuration and cannot name a host";
  return {};
}

std::string user_name_fault(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() > 32) return "is longer than the 32 characters that a login name may have";
  if (!is_letter(name.front()) && name.front() != '_')
    return "does not begin with a letter or an underscore";
  // No dot: Open MPI's hostfile would take what stands before it for the host.
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-';
  });
  return plain ? "" : "may have letters, digits, hyphens and underscores only";
}

std::string address_fault(std::string_view address) {
  // These words end up in files and command lines of others: nothing there may mean more.
  const auto all = [&](auto allowed) {
    return std::all_of(address.begin(), address.end(), allowed);
  };
  if (address.find(':') != std::string_view::npos) {
    const auto plain = [](char c) {
      return is_letter(c) || is_digit(c) || c == ':' || c == '.' || c == '%' || c == '-' ||
             c == '_';
    };
    return all(plain) && address.front() != '-' ? "" : "is no IPv6 address";
  }
  if (looks_like_ipv4(address)) return parse_ipv4(address) ? "" : "is no IPv4 address";
  if (address.front() == '-' || address.front() == '.') return "begins with a hyphen or a dot";
  const auto plain = [](char c) {
    return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_';
  };
  return all(plain) ? "" : "is neither an address nor a DNS name";
}

std::string word_fault(std::string_view word) {
  if (word.size() > 40) return "is longer than 40 characters";
  if (word.empty() || !is_letter(word.front())) return "does not begin with a letter";
  const bool plain = std::all_of(word.begin(), word.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-';
  });
  return plain ? "" : "may have letters, digits, hyphens and underscores only";
}

std::string partition_name_fault(std::string_view name) {
  // Slurm takes what stands on such a line for the defaults of all partitions.
  if (lower_case(name) == "default")
    return "is a word of Slurm's configuration and cannot name a partition";
  return word_fault(name);
}

std::string time_limit_fault(std::string_view limit) {
  if (lower_case(limit) == "unlimited") return {};
  const std::string wanted =
      "is no time: \"90\" is minutes, \"8:00:00\" hours, \"2-12\" days and hours";
  const std::size_t dash = limit.find('-');
  const bool has_days = dash != std::string_view::npos;
  if (has_days && !is_time_number(limit.substr(0, dash))) return wanted;
  std::size_t numbers = 0;
  for (std::string_view rest = has_days ? limit.substr(dash + 1) : limit;; ++numbers) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    if (numbers == 3 || !is_time_number(rest.substr(0, colon))) return wanted;
    if (colon == rest.size()) break;
    rest.remove_prefix(colon + 1);
  }
  return limit.find_first_of("123456789") == limit.npos ? "leaves a job no time at all" : "";
}

std::string shared_directory_fault(std::string_view path) {
  if (auto fault = path_fault(path, "._-/"); !fault.empty()) return fault;
  return belongs_to_system(path)
             ? "belongs to the system: take a directory of its own, such as /shared"
             : "";
}

std::string venv_fault(std::string_view path) {
  const bool in_home = path.starts_with("~/");
  if (path == "~" || path == "~/") return "is a whole home: take a directory in it, such as ~/ENV3";
  if (!in_home && !path.starts_with('/')) return "begins neither with '~/' nor with '/'";
  if (auto fault = path_fault(in_home ? path.substr(1) : path, "._-/"); !fault.empty())
    return fault;
  return !in_home && belongs_to_system(path)
             ? "belongs to the system: take a directory of its own, such as ~/ENV3"
             : "";
}

std::string python_package_fault(std::string_view name) {
  const auto is_plain = [](char c) { return is_letter(c) || is_digit(c); };
  const bool plain = !name.empty() && is_plain(name.front()) && is_plain(name.back()) &&
                     std::all_of(name.begin(), name.end(), [&](char c) {
                       return is_plain(c) || c == '.' || c == '_' || c == '-';
                     });
  return plain
             ? ""
             : "is no name: it may have letters, digits and '.', '_', '-' between them; a version "
               "cannot be chosen";
}

std::string device_fault(std::string_view path) {
  if (auto fault = path_fault(path, "._-/:+=@"); !fault.empty()) return fault;
  return path.starts_with("/dev/") ? "" : "is no device: devices are below /dev";
}

std::string_view short_name(std::string_view host_name) {
  return host_name.substr(0, host_name.find('.'));
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

}  // namespace clustermpi
