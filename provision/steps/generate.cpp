#include "provision/steps/generate.hpp"

#include <fmt/format.h>

#include <map>

#include "hosts/writers.hpp"
#include "provision/files.hpp"
#include "provision/launcher.hpp"
#include "provision/openssh_settings.hpp"

namespace clustermpi {

namespace {

std::map<std::filesystem::path, std::string> wanted_files(const Cluster& cluster) {
  const Workspace& workspace = cluster.workspace();
  std::map<std::filesystem::path, std::string> files{
      {workspace.ssh_config(), render_ssh_config(cluster)}};
  const auto nodes = job_nodes(cluster);
  if (nodes.empty()) return files;
  const MpiFormat format = mpi_format(cluster);
  files.emplace(workspace.machinefile(), machinefile(nodes, format));
  // Of all slots: [placement] may go by what verify has yet to measure. Hydra knows no rankfile.
  if (format != MpiFormat::mpich)
    files.emplace(workspace.rankfile(),
                  rankfile(place(cluster.inventory(), nodes, {}), format, cluster.facts));
  return files;
}

}  // namespace

std::string render_ssh_config(const Cluster& cluster) {
  const LocalUser user = local_user();
  return render_ssh_config(cluster.inventory(), cluster.workspace(), user, ssh_config_files(user));
}

std::vector<Change> GenerateStep::plan(Cluster& cluster) {
  std::vector<Change> changes;
  for (const auto& [path, text] : wanted_files(cluster)) {
    if (read_file_if_exists(path) != text)
      changes.push_back({"", "write " + path.filename().string()});
  }
  return changes;
}

std::string GenerateStep::apply(Cluster& cluster, const std::vector<Change>& changes) {
  cluster.workspace().create();
  for (const auto& [path, text] : wanted_files(cluster)) write_file(path, text);
  return fmt::format("{} written to {}",
                     changes.size() == 1 ? "1 file" : fmt::format("{} files", changes.size()),
                     cluster.workspace().directory().string());
}

}  // namespace clustermpi
