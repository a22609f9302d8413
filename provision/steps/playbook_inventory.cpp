#include "provision/steps/playbook_inventory.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <nlohmann/json.hpp>

#include "hosts/slurm_conf.hpp"
#include "hosts/writers.hpp"
#include "provision/files.hpp"
#include "provision/process.hpp"

namespace fs = std::filesystem;

namespace clustermpi {

namespace {

using Json = nlohmann::json;

void make_cluster_key(const Cluster& cluster) {
  const fs::path key = cluster_key(cluster.workspace());
  if (fs::exists(key) && fs::exists(key.string() + ".pub")) return;
  std::error_code ignored;
  fs::remove(key, ignored);
  const ProcessResult made =
      run_process({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C",
                   "clustermpi " + cluster.inventory().name, "-f", key.string()});
  if (!made.ok()) {
    throw Error(ExitCode::local_failure,
                fmt::format("ssh-keygen cannot make {}: {}", key.string(), made.err));
  }
}

/// Printable, because it goes through Ansible's JSON; munge takes any bytes. 1024 bits are as many
/// as its own mungekey takes.
void make_munge_key(const Cluster& cluster) {
  const fs::path path = munge_key(cluster.workspace());
  if (fs::exists(path)) return;
  std::array<unsigned char, 128> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw Error(ExitCode::local_failure, "the kernel gives no random numbers for a munge key");
  write_file(path, fmt::format("{:02x}\n", fmt::join(bytes, "")), 0600);
}

void add_slurm(Json& inventory, const Cluster& cluster) {
  Json& all = inventory["all"]["vars"];
  all["munge_key_file"] = munge_key(cluster.workspace()).string();
  Json& variables = inventory["_meta"]["hostvars"];
  for (const Host& host : cluster.inventory().hosts) {
    variables[host.name]["slurm_controller"] = host.name == cluster.inventory().manager;
    variables[host.name]["slurm_node"] = false;
  }
  variables[cluster.inventory().manager]["slurmdbd_here"] = cluster.inventory().slurm->accounting;
  const auto properties = slurm_properties(cluster.inventory(), cluster.facts);
  if (properties.empty()) return;  // nothing was discovered yet
  for (const auto& [host, text] : properties) {
    variables[host]["slurm_node"] = true;
    variables[host]["slurm_hardware"] = text;
  }
  const SlurmFiles files = slurm_files(cluster.inventory(), cluster.facts);
  all["slurm_conf"] = files.slurm_conf;
  all["slurm_cgroup_conf"] = files.cgroup_conf;
  all["slurm_gres_conf"] = files.gres_conf;
  for (Json& host : variables) {
    host["slurm_cgroup"] = !files.cgroup_conf.empty();
    host["slurm_gres"] = !files.gres_conf.empty();
  }
}

void add_storage(Json& inventory, const Cluster& cluster) {
  const StorageSettings& storage = *cluster.inventory().storage;
  inventory["all"]["vars"]["storage_directory"] = storage.directory;
  const bool shared = cluster.inventory().hosts.size() > 1;
  for (const auto& [host, variables] : inventory["_meta"]["hostvars"].items()) {
    const bool holds_it = host == cluster.inventory().manager;
    variables["storage_server"] = holds_it && shared;
    variables["storage_client"] = !holds_it;
    variables["storage_has_device"] = holds_it && !storage.device.empty();
    if (holds_it) variables["storage_device"] = storage.device;
  }
}

void add_python(Json& inventory, const PythonSettings& python) {
  for (Json& host : inventory["_meta"]["hostvars"]) {
    host["venv_path"] = python.venv;
    host["venv_packages"] = python.packages;
  }
}

}  // namespace

Json playbook_inventory(const Cluster& cluster) {
  Json inventory = ansible_inventory(cluster.inventory(), cluster.facts,
                                     fs::absolute(cluster.workspace().ssh_config()));
  Json& all = inventory["all"]["vars"];
  all["cluster_key"] = cluster_key(cluster.workspace()).string();
  all["cluster_roles"] = roles_asked_for(cluster.inventory());
  Json& variables = inventory["_meta"]["hostvars"];
  for (const Json& builder : inventory["builders"]["hosts"]) {
    variables[builder.get<std::string>()]["base_compilers"] = true;
  }
  for (const auto& [host, facts] : cluster.facts) {
    if (!variables.contains(host)) continue;
    variables[host]["cluster_host_keys"] = facts.host_keys;
    if (facts.packages.contains("cloud-init")) variables[host]["base_cloud_init"] = true;
  }
  if (cluster.inventory().slurm) add_slurm(inventory, cluster);
  if (cluster.inventory().storage) add_storage(inventory, cluster);
  if (cluster.inventory().python) add_python(inventory, *cluster.inventory().python);
  return inventory;
}

Json variables_of(const Json& inventory, const std::string& host) {
  return inventory.at("_meta").at("hostvars").value(host, Json::object());
}

std::vector<std::string> roles_asked_for(const Inventory& inventory) {
  std::vector<std::string> roles;
  if (inventory.slurm) roles.insert(roles.end(), {"munge", "slurm", "slurmdbd"});
  if (inventory.storage) roles.emplace_back("storage");
  if (inventory.python) roles.emplace_back("venv");
  return roles;
}

fs::path cluster_key(const Workspace& workspace) {
  return fs::absolute(workspace.path("cluster_key"));
}

fs::path munge_key(const Workspace& workspace) {
  return fs::absolute(workspace.path("munge.key"));
}

void make_keys(const Cluster& cluster) {
  make_cluster_key(cluster);
  if (cluster.inventory().slurm) make_munge_key(cluster);
}

}  // namespace clustermpi
