#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <ostream>

#include "cli/app.hpp"
#include "cli/choice.hpp"
#include "cli/placement_options.hpp"
#include "hosts/ansible_inventory_text.hpp"
#include "hosts/group_files.hpp"
#include "hosts/hostlist.hpp"
#include "hosts/placement_drawing.hpp"
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
  std::string format;
  std::string output;
  bool explain = false;
  PlacementOptions placement;
};

/// The text, what else belongs to it in a JSON document, and who runs where.
struct Generated {
  std::string text;
  nlohmann::json beside = nlohmann::json::object();
  std::string drawing = {};
};

// ---------------------------------------------------------------------------- of placements

MpiFormat chosen_format(const Cluster& cluster, const std::string& format) {
  for (const MpiFormatName& each : mpi_format_names)
    if (each.name == format) return each.format;
  return mpi_format(cluster);
}

/// Hosts that cannot share a job with the manager, said once a reason.
void warn_of_those_left_out(Cluster& cluster) {
  std::map<std::string, std::vector<std::string>> hosts_by_reason;
  for (const auto& [host, reason] : job_group(cluster.inventory(), cluster.facts).left_out)
    if (cluster.is_active(host)) hosts_by_reason[reason].push_back(host);
  for (const auto& [reason, hosts] : hosts_by_reason)
    cluster.warn("left out: " + reason, fold_hostlist(hosts));
}

/// The hosts of a job. Before anything is known of any of them the inventory's word is taken for
/// all, which makes files for hosts that cannot be reached from here.
std::vector<NodeSlots> nodes_for_files(Cluster& cluster) {
  if (!cluster.facts.empty()) {
    warn_of_those_left_out(cluster);
    return require_job_nodes(cluster);
  }
  const Inventory& inventory = cluster.inventory();
  std::vector<std::string> names = cluster.active();
  if (!inventory.manager_computes) std::erase(names, inventory.manager);
  std::vector<NodeSlots> nodes = node_slots(inventory, cluster.facts, names);
  if (std::any_of(nodes.begin(), nodes.end(), [](const auto& node) { return !node.slots_given; }))
    cluster.warn(
        "nothing is known of these hosts yet: those without 'slots' in the inventory get one. "
        "`clustermpi discover` counts their cores");
  return nodes;
}

nlohmann::json ranks_document(const Placement& placement) {
  nlohmann::json ranks = nlohmann::json::array();
  const char* unit = placement.unit == CpuUnit::thread ? "threads" : "cores";
  for (std::size_t rank = 0; rank < placement.ranks.size(); ++rank) {
    const Span& cpus = placement.ranks[rank].cpus;
    std::vector<unsigned> numbers(cpus.count);
    std::iota(numbers.begin(), numbers.end(), cpus.first);
    ranks.push_back({{"rank", rank}, {"host", placement.host_of(rank)}, {unit, numbers}});
  }
  return ranks;
}

bool is_openmpi(MpiFormat format) {
  return format == MpiFormat::openmpi4 || format == MpiFormat::openmpi5;
}

/// Open MPI deals out the ranks of such a text as it likes.
void warn_of_what_it_leaves_open(Cluster& cluster, const Placement& placement, MpiFormat format,
                                 unsigned threads) {
  const bool says_it_all =
      placement.policy == Policy::fill && threads == 1 && in_host_order(placement);
  if (is_openmpi(format) && !says_it_all)
    cluster.warn(
        "to Open MPI this says how many ranks a host gets, not which, nor on which cores: that "
        "takes a rankfile, too");
}

/// How srun is to be called with its hostfile, inside an allocation of whole nodes.
std::string srun_call(const Cluster& cluster, const Placement& placement) {
  std::string call = fmt::format(
      "for srun, in an allocation with --exclusive: SLURM_HOSTFILE=FILE srun --whole "
      "--distribution=arbitrary --ntasks={}",
      placement.ranks.size());
  try {
    return call + " --cpu-bind=" + slurm_cpu_bind(placement, cluster.facts);
  } catch (const Error& error) {
    return fmt::format("{} (without cores: {})", call, error.what());
  }
}

/// A text that says where ranks run, from the placement that was asked for.
template <typename Write>
Generated placed(Cluster& cluster, const GenerateOptions& options, Write write) {
  const PlacementRequest request = placement_request(cluster.inventory(), options.placement);
  const Placement placement = place_on(cluster, nodes_for_files(cluster), request);
  Generated result{write(placement, chosen_format(cluster, options.format), request)};
  if (options.explain) {
    result.drawing = draw(placement);
    result.beside = {{"drawing", result.drawing}, {"ranks", ranks_document(placement)}};
  }
  return result;
}

Generated make_machinefile(Cluster& cluster, const GenerateOptions& options) {
  return placed(
      cluster, options, [&](const Placement& placement, MpiFormat format, const auto& request) {
        warn_of_what_it_leaves_open(cluster, placement, format, request.threads);
        if (format == MpiFormat::slurm) cluster.note(srun_call(cluster, placement));
        if (format == MpiFormat::mpich)
          cluster.note(fmt::format("for mpiexec.hydra -f FILE -n {}", placement.ranks.size()));
        return machinefile(placement, format, cluster.facts);
      });
}

Generated make_rankfile(Cluster& cluster, const GenerateOptions& options) {
  return placed(cluster, options, [&](const Placement& placement, MpiFormat format, const auto&) {
    if (placement.unit == CpuUnit::thread)
      cluster.note("slots are hardware threads: start it with mpirun --use-hwthread-cpus");
    return rankfile(placement, format, cluster.facts);
  });
}

Generated make_host_option(Cluster& cluster, const GenerateOptions& options) {
  return placed(cluster, options,
                [&](const Placement& placement, MpiFormat format, const auto& request) {
                  warn_of_what_it_leaves_open(cluster, placement, format, request.threads);
                  return host_option(nodes_used(placement), format) + "\n";
                });
}

// ---------------------------------------------------------------------------- of the inventory

Generated make_slurm_conf(Cluster& cluster, const GenerateOptions&) {
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
  return {std::move(files.slurm_conf),
          {{"cgroup_conf", files.cgroup_conf}, {"gres_conf", files.gres_conf}}};
}

Generated make_ssh_config(Cluster& cluster, const GenerateOptions&) {
  return {render_ssh_config(cluster)};
}

Generated make_hosts(Cluster& cluster, const GenerateOptions&) {
  return {etc_hosts(cluster.inventory(), cluster.facts)};
}

Generated make_ansible_inventory(Cluster& cluster, const GenerateOptions& options) {
  const nlohmann::json inventory = playbook_inventory(cluster);
  if (options.format == "ini") return {ansible_inventory_ini(inventory)};
  if (options.format == "yaml") return {ansible_inventory_yaml(inventory)};
  return {static_inventory(inventory).dump(2) + "\n"};
}

Generated make_clustershell(Cluster& cluster, const GenerateOptions&) {
  return {clustershell_groups(cluster.inventory(), cluster.facts)};
}

Generated make_genders(Cluster& cluster, const GenerateOptions&) {
  return {genders(cluster.inventory(), cluster.facts)};
}

// ---------------------------------------------------------------------------- the command

enum class Formats { none, launchers, ansible };

struct Kind {
  std::string_view name;
  std::string_view does;
  Formats formats;
  Generated (*make)(Cluster&, const GenerateOptions&);
};

constexpr std::array kinds{
    Kind{"machinefile", "hosts and slots, for mpirun or srun", Formats::launchers,
         make_machinefile},
    Kind{"rankfile", "host and cores of each rank, for Open MPI", Formats::launchers,
         make_rankfile},
    Kind{"host-option", "hosts and slots as one word, for mpirun -host", Formats::launchers,
         make_host_option},
    Kind{"slurm-conf", "Slurm's configuration", Formats::none, make_slurm_conf},
    Kind{"ssh-config", "for ssh -F", Formats::none, make_ssh_config},
    Kind{"ansible-inventory", "for ansible-playbook -i", Formats::ansible, make_ansible_inventory},
    Kind{"hosts", "lines for /etc/hosts", Formats::none, make_hosts},
    Kind{"clustershell", "groups for nodeset and clush", Formats::none, make_clustershell},
    Kind{"genders", "for nodeattr and pdsh -g", Formats::none, make_genders},
};

std::vector<std::string> names_of(Formats formats) {
  if (formats == Formats::ansible) return {"json", "ini", "yaml"};
  std::vector<std::string> names;
  if (formats == Formats::launchers)
    for (const MpiFormatName& each : mpi_format_names) names.emplace_back(each.name);
  return names;
}

const Kind& kind_of(const GenerateOptions& options) {
  return *std::find_if(kinds.begin(), kinds.end(),
                       [&](const Kind& kind) { return kind.name == options.what; });
}

void refuse_what_does_not_apply(const GenerateOptions& options, const Kind& kind) {
  if (options.explain && kind.formats != Formats::launchers)
    throw Error(ExitCode::usage, fmt::format("{} has no ranks to explain", kind.name),
                "--explain is for machinefile, rankfile and host-option");
  const std::vector<std::string> formats = names_of(kind.formats);
  if (options.format.empty() ||
      std::find(formats.begin(), formats.end(), options.format) != formats.end())
    return;
  throw Error(ExitCode::usage, fmt::format("{} is no format of {}", options.format, kind.name),
              formats.empty() ? "leave --format out"
                              : fmt::format("it is one of: {}", fmt::join(formats, ", ")));
}

/// For `ansible-playbook -i <(...)`: Ansible tries its plugins in turn, and the first one reads a
/// buffer of a pipe's text and leaves it lost to the next. Blanks in front of JSON mean nothing, so
/// it gets those. The INI format is the last to be tried: it takes a file.
std::string lost_buffer(const Session& session, const GenerateOptions& options) {
  constexpr std::size_t buffer_size = 4096;
  const bool read_from_pipe = session.writes_to_pipe() && options.output.empty();
  return options.what == "ansible-inventory" && options.format != "ini" && read_from_pipe
             ? std::string(buffer_size, ' ') + "\n"
             : "";
}

ExitCode generate(Session& session, const GenerateOptions& options) {
  const Kind& kind = kind_of(options);
  refuse_what_does_not_apply(options, kind);
  Cluster& cluster = session.open_cluster();
  const auto [text, beside, drawing] = kind.make(cluster, options);
  if (session.common.json) {
    nlohmann::json document = {{"command", "generate"},
                               {"ok", true},
                               {"hosts", nlohmann::json::object()},
                               {"what", options.what},
                               {"text", text}};
    document.update(beside);
    session.print(document);
  }
  const bool to_file = !options.output.empty() && !session.common.dry_run;
  if (to_file) write_file(options.output, text);
  if (session.common.json) return ExitCode::ok;
  if (options.explain) {
    session.out() << drawing;
  } else if (!to_file) {
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
        session.print(document);
      } else {
        if (cluster.inventory().find(*host) == nullptr) {
          throw Error(ExitCode::usage, fmt::format("there is no host {} in the inventory", *host));
        }
        session.print(document["_meta"]["hostvars"][*host]);
      }
      return ExitCode::ok;
    };
  });
}

}  // namespace

void add_generate(CLI::App& app, Session& session) {
  auto options = std::make_shared<GenerateOptions>();
  auto* command =
      app.add_subcommand("generate", "Files for mpirun, Slurm, ssh, Ansible and others");
  std::vector<std::string> names;
  std::string help = "One of:";
  for (const Kind& kind : kinds) {
    names.emplace_back(kind.name);
    help += fmt::format("\n  {:<17} {}", kind.name, kind.does);
  }
  command->add_option("what", options->what, help)
      ->required()
      ->type_name("WHAT")
      ->check(choice("file", names).description(""));
  command
      ->add_option("--format", options->format,
                   fmt::format("Of what says where ranks run: {} (default: the manager's MPI); of "
                               "ansible-inventory: {}",
                               fmt::join(names_of(Formats::launchers), ", "),
                               fmt::join(names_of(Formats::ansible), ", ")))
      ->type_name("FORMAT");
  add_placement_options(*command, options->placement);
  command->add_flag("--explain", options->explain, "Draw who runs where, instead of the text");
  command->add_option("-o,--output", options->output, "Instead of stdout")->type_name("FILE");
  command->footer(
      "  clustermpi generate machinefile -o machinefile\n"
      "  clustermpi generate rankfile -n 8 --policy by-socket --explain   look first\n"
      "  clustermpi generate rankfile -n 8 --policy by-socket -o ranks\n"
      "  mpirun.openmpi -np 8 --hostfile machinefile --rankfile ranks ./a.out\n"
      "  mpirun.openmpi -host $(clustermpi generate host-option) ./a.out\n"
      "  ansible-playbook -i <(clustermpi generate ansible-inventory) site.yml\n"
      "Places that are used often stand in the inventory, below [placement].");
  command->callback([&session, options] {
    session.action = [&session, options] { return generate(session, *options); };
  });
  add_inventory(app, session);
}

}  // namespace clustermpi::cli
