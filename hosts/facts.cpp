#include "hosts/facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "hosts/ipv4.hpp"
#include "hosts/topology_json.hpp"
#include "hosts/topology_sources.hpp"

namespace clustermpi {
namespace {

/// The answer of the probe: for each key its values in the order printed.
using Answer = std::map<std::string, std::vector<std::string>, std::less<>>;

std::string without_controls(std::string_view text) {
  std::string clean;
  for (const char c : text)
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) clean += c;
  return clean;
}

Answer read_lines(std::string_view output) {
  Answer answer;
  while (!output.empty() && !answer.contains("end")) {
    const std::size_t end = std::min(output.find('\n'), output.size());
    const std::string_view line = output.substr(0, end);
    output.remove_prefix(std::min(end + 1, output.size()));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    if (line.substr(0, equals) == "probe") answer.clear();  // all before was somebody else's
    answer[std::string(line.substr(0, equals))].push_back(
        without_controls(line.substr(equals + 1)));
  }
  return answer;
}

void require_keys(const Answer& answer) {
  for (const char* key : {"probe", "hostname", "kernel", "os_id", "architecture", "memory_kib",
                          "clock", "home", "login_user", "sudo", "end"}) {
    if (!answer.contains(key))
      throw std::invalid_argument(fmt::format("the probe's answer lacks '{}'", key));
  }
}

std::string text(const Answer& answer, std::string_view key) {
  const auto at = answer.find(key);
  return at == answer.end() ? std::string{} : at->second.back();
}

const std::vector<std::string>& all(const Answer& answer, std::string_view key) {
  static const std::vector<std::string> none;
  const auto at = answer.find(key);
  return at == answer.end() ? none : at->second;
}

/// `value` where it has letters, digits and `also` only, else nothing: it goes on into file names
/// and templates.
std::string harmless(std::string value, std::string_view also = "._+-") {
  const bool plain = std::all_of(value.begin(), value.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           also.find(c) != std::string_view::npos;
  });
  return plain ? std::move(value) : std::string{};
}

/// The number at the beginning of `value`; 0 where there is none.
template <typename Number>
Number number(std::string_view value) {
  Number result{};
  std::from_chars(value.data(), value.data() + value.size(), result);
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(result)) return 0;  // "nan" and "inf" are no numbers of ours
  }
  return result;
}

/// "a b c" -> {"a", "b", "c"}.
std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> found;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) found.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return found;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

/// Where the node could not say more than how many CPUs it has, each is a core.
void read_processors(const Answer& answer, Facts& facts) {
  facts.topology = topology_of_hwloc(joined(all(answer, "topology_xml")));
  if (!facts.topology) facts.topology = topology_of_sysfs(all(answer, "topology"));
  if (!facts.topology) {
    facts.cores_per_socket = std::max(number<unsigned>(text(answer, "cpus")), 1u);
    return;
  }
  const auto cores = static_cast<unsigned>(facts.topology->cores.size());
  const std::vector<Span> packages = facts.topology->cores_by_package();
  const bool even = std::all_of(packages.begin(), packages.end(), [&](const Span& package) {
    return package.count == packages.front().count;
  });
  facts.sockets = even ? static_cast<unsigned>(packages.size()) : 1;
  facts.cores_per_socket = cores / facts.sockets;
  facts.threads_per_core = facts.topology->thread_count() / cores;
}

/// "eth0 192.168.1.10/24" in its parts.
struct InterfaceLine {
  std::string name;
  std::string address;
  unsigned prefix = 0;
};

std::vector<InterfaceLine> interface_lines(const Answer& answer) {
  std::vector<InterfaceLine> lines;
  for (const std::string& line : all(answer, "interface")) {
    const auto parts = words(line);
    if (parts.size() != 2) continue;
    const std::size_t slash = std::min(parts[1].find('/'), parts[1].size());
    const bool has_prefix = slash < parts[1].size();  // a point-to-point address has none
    lines.push_back({harmless(std::string(parts[0]), "._+-:"),
                     std::string(parts[1].substr(0, slash)),
                     has_prefix ? number<unsigned>(parts[1].substr(slash + 1)) : 32});
  }
  return lines;
}

/// Networks that only this machine sees; a node reached through its loopback is not reached over
/// those.
bool is_private_bridge(std::string_view name) {
  constexpr std::array prefixes = {"docker", "br-", "virbr", "veth", "podman", "lxcbr"};
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const char* prefix) { return name.starts_with(prefix); });
}

/// Name of the interface that took our connection: it holds the address we reached.
std::string facing_interface(std::string_view reached, const std::vector<InterfaceLine>& lines,
                             const std::vector<Interface>& interfaces) {
  for (const InterfaceLine& line : lines)
    if (line.address == reached) return line.name;
  for (const Interface& interface : interfaces)
    if (!is_private_bridge(interface.name)) return interface.name;
  return {};
}

void read_network(const Answer& answer, Facts& facts) {
  const std::vector<InterfaceLine> lines = interface_lines(answer);
  for (const InterfaceLine& line : lines)
    if (parse_ipv4(line.address) && line.prefix <= 32)
      facts.interfaces.push_back({line.name, line.address, line.prefix});

  const std::string connection = text(answer, "ssh_connection");
  const auto parts = words(connection);
  std::string_view reached = parts.size() == 4 ? parts[2] : std::string_view{};
  reached = reached.substr(0, reached.find('%'));  // fe80::1%eth0
  facts.cluster_interface = facing_interface(reached, lines, facts.interfaces);
  for (const Interface& interface : facts.interfaces) {
    if (interface.name != facts.cluster_interface) continue;
    if (interface.address == reached || facts.cluster_address.empty())
      facts.cluster_address = interface.address;
  }
  const bool usable = parse_ipv4(reached) && !reached.starts_with("127.");
  if (facts.interfaces.empty() && usable) facts.cluster_address = reached;  // a node without `ip`
}

/// "ssh-ed25519 AAAA..." as a known_hosts file has it; the comment behind it is left out.
void read_host_keys(const Answer& answer, Facts& facts) {
  for (const std::string& line : all(answer, "host_key")) {
    const auto parts = words(line);
    if (parts.size() < 2) continue;
    const std::string type = harmless(std::string(parts[0]), "-@.");
    const std::string blob = harmless(std::string(parts[1]), "+/=");
    if (!type.empty() && !blob.empty()) facts.host_keys.push_back(fmt::format("{} {}", type, blob));
  }
  std::sort(facts.host_keys.begin(), facts.host_keys.end());
}

void read_software(const Answer& answer, Facts& facts) {
  const auto versions = [&](std::string_view key) {
    std::map<std::string, std::string> found;
    for (const std::string& line : all(answer, key)) {
      const auto parts = words(line);
      if (parts.size() == 2) found[std::string(parts[0])] = parts[1];
    }
    return found;
  };
  facts.packages = versions("package");
  facts.candidates = versions("candidate");
  facts.python = parse_version(text(answer, "python"));
  facts.python_apt = facts.python && facts.packages.contains("python3-apt");
}

/// "CPUs=4" of a line of such pairs; nothing where the key is missing.
std::optional<std::uint64_t> pair_of(const std::vector<std::string_view>& pairs,
                                     std::string_view key) {
  for (const std::string_view pair : pairs) {
    if (!pair.starts_with(key) || pair.substr(key.size(), 1) != "=") continue;
    return number<std::uint64_t>(pair.substr(key.size() + 1));
  }
  return {};
}

void read_slurm(const Answer& answer, Facts& facts) {
  const std::string controllers = text(answer, "cgroup_controllers");
  for (const std::string_view name : words(controllers))
    facts.cgroup_controllers.emplace_back(name);
  facts.gpus = number<unsigned>(text(answer, "gpus"));
  facts.slurmd = parse_slurmd_hardware(text(answer, "slurmd"));
}

void read_boot(const Answer& answer, Facts& facts) {
  facts.boot_id = harmless(text(answer, "boot_id"));
  facts.boot_line_file = harmless(text(answer, "boot_line_file"), "/._+-");
  facts.boot_line_has_word = text(answer, "boot_line_has_word") == "1";
  facts.kernel_was_given_word = text(answer, "kernel_was_given_word") == "1";
}

}  // namespace

std::optional<SlurmHardware> parse_slurmd_hardware(std::string_view line) {
  const auto pairs = words(line);
  const auto cpus = pair_of(pairs, "CPUs");
  const auto memory = pair_of(pairs, "RealMemory");
  if (!cpus || !memory || *cpus == 0) return {};
  const auto count = [&](std::string_view key) {
    return std::max(static_cast<unsigned>(pair_of(pairs, key).value_or(1)), 1u);
  };
  return SlurmHardware{static_cast<unsigned>(*cpus), count("Boards"),
                       count("SocketsPerBoard"),     count("CoresPerSocket"),
                       count("ThreadsPerCore"),      *memory};
}

std::optional<Version> parse_version(std::string_view text) {
  if (const auto colon = text.find(':'); colon != std::string_view::npos)
    text.remove_prefix(colon + 1);
  constexpr std::string_view really = "+really";
  if (const auto at = text.find(really); at != std::string_view::npos)
    text.remove_prefix(at + really.size());
  Version version;
  const char* position = text.data();
  const char* const end = text.data() + text.size();
  for (int* part : {&version.major, &version.minor, &version.patch}) {
    const auto [next, error] = std::from_chars(position, end, *part);
    if (error != std::errc{} || *part < 0) {
      if (part == &version.major) return {};
      *part = 0;
      break;
    }
    if (next == end || *next != '.') break;
    position = next + 1;
  }
  return version;
}

std::string to_string(const Version& version) {
  return fmt::format("{}.{}.{}", version.major, version.minor, version.patch);
}

Facts parse_probe(std::string_view output) {
  const Answer answer = read_lines(output);
  require_keys(answer);
  Facts facts;
  facts.hostname = harmless(text(answer, "hostname"));
  facts.os_id = harmless(text(answer, "os_id"));
  facts.os_version = harmless(text(answer, "os_version"));
  facts.os_codename = harmless(text(answer, "os_codename"));
  facts.architecture = harmless(text(answer, "architecture"));
  facts.kernel = text(answer, "kernel");
  facts.machine = harmless(text(answer, "machine"));
  facts.uid = number<std::uint32_t>(text(answer, "uid"));
  facts.memory_kib = number<std::uint64_t>(text(answer, "memory_kib"));
  facts.disk_free_kib = number<std::uint64_t>(text(answer, "disk_free_kib"));
  facts.model = text(answer, "model");
  facts.virtualization = harmless(text(answer, "virtualization"));
  facts.home = harmless(text(answer, "home"), "/._+-");
  facts.login_user = harmless(text(answer, "login_user"));
  facts.sudo = text(answer, "sudo") == "1";
  facts.sudo_asks = text(answer, "sudo") == "password";
  facts.clock = number<double>(text(answer, "clock"));
  read_processors(answer, facts);
  read_network(answer, facts);
  read_host_keys(answer, facts);
  read_software(answer, facts);
  read_slurm(answer, facts);
  read_boot(answer, facts);
  return facts;
}

void to_json(nlohmann::json& json, const SlurmHardware& hardware) {
  json = {{"cpus", hardware.cpus},
          {"boards", hardware.boards},
          {"sockets_per_board", hardware.sockets_per_board},
          {"cores_per_socket", hardware.cores_per_socket},
          {"threads_per_core", hardware.threads_per_core},
          {"memory_mib", hardware.memory_mib}};
}

void from_json(const nlohmann::json& json, SlurmHardware& hardware) {
  json.at("cpus").get_to(hardware.cpus);
  json.at("boards").get_to(hardware.boards);
  json.at("sockets_per_board").get_to(hardware.sockets_per_board);
  json.at("cores_per_socket").get_to(hardware.cores_per_socket);
  json.at("threads_per_core").get_to(hardware.threads_per_core);
  json.at("memory_mib").get_to(hardware.memory_mib);
}

void to_json(nlohmann::json& json, const Facts& facts) {
  nlohmann::json interfaces = nlohmann::json::array();
  for (const Interface& interface : facts.interfaces)
    interfaces.push_back(
        {{"name", interface.name}, {"address", interface.address}, {"prefix", interface.prefix}});
  json = {{"hostname", facts.hostname},
          {"os_id", facts.os_id},
          {"os_version", facts.os_version},
          {"os_codename", facts.os_codename},
          {"architecture", facts.architecture},
          {"kernel", facts.kernel},
          {"machine", facts.machine},
          {"sockets", facts.sockets},
          {"cores_per_socket", facts.cores_per_socket},
          {"threads_per_core", facts.threads_per_core},
          {"topology", facts.topology ? short_json(*facts.topology) : nlohmann::json()},
          {"memory_kib", facts.memory_kib},
          {"disk_free_kib", facts.disk_free_kib},
          {"model", facts.model},
          {"virtualization", facts.virtualization},
          {"interfaces", std::move(interfaces)},
          {"cluster_interface", facts.cluster_interface},
          {"cluster_address", facts.cluster_address},
          {"home", facts.home},
          {"login_user", facts.login_user},
          {"uid", facts.uid},
          {"sudo", facts.sudo},
          {"sudo_asks", facts.sudo_asks},
          {"host_keys", facts.host_keys},
          {"python", facts.python ? nlohmann::json(to_string(*facts.python)) : nlohmann::json()},
          {"python_apt", facts.python_apt},
          {"cgroup_controllers", facts.cgroup_controllers},
          {"gpus", facts.gpus},
          {"slurmd", facts.slurmd ? nlohmann::json(*facts.slurmd) : nlohmann::json()},
          {"boot_id", facts.boot_id},
          {"boot_line_file", facts.boot_line_file},
          {"boot_line_has_word", facts.boot_line_has_word},
          {"kernel_was_given_word", facts.kernel_was_given_word},
          {"clock", facts.clock},
          {"clock_offset", facts.clock_offset},
          {"packages", facts.packages},
          {"candidates", facts.candidates}};
}

void from_json(const nlohmann::json& json, Facts& facts) {
  const auto read = [&](const char* key, auto& field) { json.at(key).get_to(field); };
  read("hostname", facts.hostname);
  read("os_id", facts.os_id);
  read("os_version", facts.os_version);
  read("os_codename", facts.os_codename);
  read("architecture", facts.architecture);
  read("kernel", facts.kernel);
  read("sockets", facts.sockets);
  read("cores_per_socket", facts.cores_per_socket);
  read("threads_per_core", facts.threads_per_core);
  read("memory_kib", facts.memory_kib);
  read("disk_free_kib", facts.disk_free_kib);
  read("model", facts.model);
  read("virtualization", facts.virtualization);
  read("cluster_interface", facts.cluster_interface);
  read("cluster_address", facts.cluster_address);
  read("home", facts.home);
  read("login_user", facts.login_user);
  read("sudo", facts.sudo);
  // Facts of earlier versions lack these.
  facts.sudo_asks = json.value("sudo_asks", false);
  facts.machine = json.value("machine", "");
  facts.uid = json.value("uid", 0u);
  facts.cgroup_controllers = json.value("cgroup_controllers", std::vector<std::string>{});
  facts.gpus = json.value("gpus", 0u);
  facts.boot_id = json.value("boot_id", "");
  facts.boot_line_file = json.value("boot_line_file", "");
  facts.boot_line_has_word = json.value("boot_line_has_word", false);
  facts.kernel_was_given_word = json.value("kernel_was_given_word", false);
  facts.topology.reset();
  if (const auto topology = json.find("topology"); topology != json.end())
    facts.topology = topology_of_json(*topology);
  facts.slurmd.reset();
  if (const auto slurmd = json.find("slurmd"); slurmd != json.end() && slurmd->is_object())
    facts.slurmd = slurmd->get<SlurmHardware>();
  read("host_keys", facts.host_keys);
  read("python_apt", facts.python_apt);
  read("clock", facts.clock);
  read("clock_offset", facts.clock_offset);
  read("packages", facts.packages);
  read("candidates", facts.candidates);
  facts.python.reset();
  if (const auto& python = json.at("python"); python.is_string())
    facts.python = parse_version(python.get<std::string>());
  facts.interfaces.clear();
  for (const nlohmann::json& interface : json.at("interfaces"))
    facts.interfaces.push_back({interface.at("name").get<std::string>(),
                                interface.at("address").get<std::string>(),
                                interface.at("prefix").get<unsigned>()});
}

}  // namespace clustermpi
