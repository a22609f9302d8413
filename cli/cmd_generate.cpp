#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.hpp"
#include "hosts/hostlist.hpp"
#include "hosts/slurm_conf.hpp"
#include "hosts/writers.hpp"
#include "provision/ansible.hpp"
#include "provision/files.hpp"
#include "provision/launcher.hpp"
#include "provision/steps/generate.hpp"
#include "provision/steps/playbook_inventory.hpp"

namespace clustermpi::cli {

namespace {

struct GenerateOptions {
  std::string what;
  unsigned np = 0;
  std::string format;
  std::string output;
};

MpiFormat chosen_format(const Cluster& cluster, const std::string& format) {
  if (format == "openmpi4") return MpiFormat::openmpi4;
  if (format == "openmpi5") return MpiFormat::openmpi5;
  return mpi_format(cluster);
}

/// The first nodes that np ranks need, the last one with as many slots as are left for it.
std::vector<NodeSlots> nodes_for(std::vector<NodeSlots> nodes, unsigned np) {
  if (np == 0) return nodes;
  (void)place_by_core(nodes, np);  // refuses more ranks than slots
  std::vector<NodeSlots> used;
  for (NodeSlots& node : nodes) {
    if (np == 0) break;
    node.slots = std::min(node.slots, np);
    np -= node.slots;
    used.push_back(std::move(node));
  }
  return used;
}

/// For `ansible-playbook -i <(...)`: Ansible tries its plugins in turn, and the first one reads a
/// buffer of a pipe's text and leaves it lost to the next. Blanks in front of JSON mean nothing, so
/// it gets those.
std::string lost_buffer(const Session& session, const GenerateOptions& options) {
  constexpr std::size_t buffer_size = 4096;
  const bool read_from_pipe = session.writes_to_pipe() && options.output.empty();
  return options.what == "ansible-inventory" && read_from_pipe
             ? std::string(buffer_size, ' ') + "\n"
             : "";
}

SlurmFiles slurm_files_of(Cluster& cluster) {
  const Inventory& inventory = cluster.inventory();
  if (!inventory.slurm)
    throw Error(ExitCode::usage, "the inventory has no [slurm] table",
                "add a line [slurm] to it, and run clustermpi up");
  SlurmFiles files = slurm_files(inventory, cluster.facts);
  if (const auto missing = slurm_left_out(inventory, cluster.facts); !missing.empty())
    cluster.warn(
        fmt::format("nothing is known of {}: not in slurm.conf until clustermpi discover "
                    "has reached {}",
                    fold_hostlist(missing), missing.size() == 1 ? "it" : "them"));
  return files;
}

std::string generated_text(Cluster& cluster, const GenerateOptions& options) {
  if (options.what == "ssh-config") return render_ssh_config(cluster);
  if (options.what == "hosts") return etc_hosts(cluster.inventory(), cluster.facts);
  if (options.what == "ansible-inventory")
    return static_inventory(playbook_inventory(cluster)).dump(2) + "\n";
  const auto nodes = job_nodes(cluster);
  const MpiFormat format = chosen_format(cluster, options.format);
  if (options.what == "rankfile") return rankfile(place_by_core(nodes, options.np), format);
  return machinefile(nodes_for(nodes, options.np), format);
}

/// The text, and what else belongs to it in a JSON document.
struct Generated {
  std::string text;
  nlohmann::json beside = nlohmann::json::object();
};

Generated generated(Cluster& cluster, const GenerateOptions& options) {
  if (options.what == "slurm-conf") {
    SlurmFiles files = slurm_files_of(cluster);
    return {std::move(files.slurm_conf),
            {{"cgroup_conf", files.cgroup_conf}, {"gres_conf", files.gres_conf}}};
  }
  return {generated_text(cluster, options), nlohmann::json::object()};
}

ExitCode generate(Session& session, const GenerateOptions& options) {
  Cluster& cluster = session.open_cluster();
  const auto [text, beside] = generated(cluster, options);
  if (session.common.json) {
    nlohmann::json document = {{"command", "generate"},
                               {"ok", true},
                               {"hosts", nlohmann::json::object()},
                               {"what", options.what},
                               {"text", text}};
    document.update(beside);
    session.out() << document.dump(2) << '\n';
  }
  if (!options.output.empty() && !session.common.dry_run) {
    write_file(options.output, text);
  } else if (!session.common.json) {
    session.out() << lost_buffer(session, options) << text;
  }
  return ExitCode::ok;
}

void add_inventory(CLI::App& app, Session& session) {
  auto list = std::make_shared<bool>(false);
  auto host = std::make_shared<std::string>();
  auto* command = app.add_subcommand("inventory", "Ansible's dynamic inventory protocol");
  auto* list_flag = command->add_flag("--list", *list, "All groups, hosts and variables");
  command->add_option("--host", *host, "The variables of one host")
      ->type_name("NAME")
      ->excludes(list_flag);
  command->callback([&session, list, host] {
    session.action = [&session, list, host] {
      Cluster& cluster = session.open_cluster();
      const nlohmann::json document = playbook_inventory(cluster);
      if (host->empty()) {
        session.out() << document.dump(2) << '\n';
      } else {
        if (cluster.inventory().find(*host) == nullptr) {
          throw Error(ExitCode::usage, fmt::format("there is no host {} in the inventory", *host));
        }
        session.out() << document["_meta"]["hostvars"][*host].dump(2) << '\n';
      }
      return ExitCode::ok;
    };
  });
}

}  // namespace

void add_generate(CLI::App& app, Session& session) {
  auto options = std::make_shared<GenerateOptions>();
  auto* command =
      app.add_subcommand("generate", "Files for mpirun, Slurm, ssh, Ansible and /etc/hosts");
  command
      ->add_option("what", options->what,
                   "machinefile, rankfile, slurm-conf, ssh-config, ansible-inventory or hosts")
      ->required()
      ->check(CLI::IsMember(
          {"machinefile", "rankfile", "slurm-conf", "ssh-config", "ansible-inventory", "hosts"}));
  command->add_option("-n,--np", options->np, "Ranks (default: all slots)")
      ->check(CLI::Range(1, 1'000'000));
  command->add_option("--format", options->format, "openmpi4 or openmpi5 (default: the manager's)")
      ->check(CLI::IsMember({"openmpi4", "openmpi5"}));
  command->add_option("-o,--output", options->output, "Instead of stdout")->type_name("FILE");
  command->footer(
      "  clustermpi generate machinefile -o machinefile\n"
      "  ansible-playbook -i <(clustermpi generate ansible-inventory) site.yml");
  command->callback([&session, options] {
    session.action = [&session, options] { return generate(session, *options); };
  });
  add_inventory(app, session);
}

}  // namespace clustermpi::cli
