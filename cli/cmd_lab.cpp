#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.hpp"
#include "cli/choice.hpp"
#include "provision/lab/lab.hpp"

namespace clustermpi::cli {

namespace {

std::string rate_text(std::uint64_t bits) {
  if (bits == 0) return "";
  if (bits % 1'000'000'000 == 0) return fmt::format("{}gbit", bits / 1'000'000'000);
  if (bits % 1'000'000 == 0) return fmt::format("{}mbit", bits / 1'000'000);
  return fmt::format("{}kbit", bits / 1'000);
}

std::string condition(const lab::NodeStatus& node) {
  std::string text = node.running ? "running" : "off";
  if (node.cut) text += ", link cut";
  if (node.rate_bits != 0) text += ", limited to " + rate_text(node.rate_bits);
  return text;
}

void print_lab(std::ostream& out, const lab::LabStatus& lab) {
  out << fmt::format(
      "lab {}  {}  {}{}\n", lab.name, lab.subnet, lab.inventory.string(),
      lab.complete ? "" : "  (unfinished: `clustermpi lab down " + lab.name + "` clears it away)");
  for (const lab::NodeStatus& node : lab.nodes) {
    out << fmt::format("  {:<12}  {:<15}  {:<8}  {:<5}  {}\n", node.name, node.address, node.suite,
                       node.arch, condition(node));
  }
}

nlohmann::json document(const std::string& command, const std::vector<lab::LabStatus>& labs) {
  nlohmann::json json = {{"command", command},
                         {"ok", true},
                         {"hosts", nlohmann::json::object()},
                         {"labs", nlohmann::json::array()}};
  for (const lab::LabStatus& lab : labs) {
    nlohmann::json names = nlohmann::json::array();
    for (const lab::NodeStatus& node : lab.nodes) {
      names.push_back(node.name);
      json["hosts"][node.name] = {{"ok", node.running},      {"lab", lab.name},
                                  {"address", node.address}, {"suite", node.suite},
                                  {"arch", node.arch},       {"running", node.running},
                                  {"cut", node.cut},         {"rate_bits", node.rate_bits}};
    }
    json["labs"].push_back({{"name", lab.name},
                            {"subnet", lab.subnet},
                            {"inventory", lab.inventory.string()},
                            {"complete", lab.complete},
                            {"nodes", std::move(names)}});
  }
  return json;
}

ExitCode show(Session& session, const std::string& command,
              const std::vector<lab::LabStatus>& labs) {
  if (session.common.json) {
    session.print(document(command, labs));
  } else {
    for (const lab::LabStatus& lab : labs) print_lab(session.out(), lab);
  }
  return ExitCode::ok;
}

std::vector<lab::LabStatus> labs_named(const std::string& name) {
  std::vector<lab::LabStatus> labs = lab::list();
  std::erase_if(labs, [&](const lab::LabStatus& lab) { return lab.name != name; });
  return labs;
}

ExitCode bring_up(Session& session, lab::UpOptions options) {
  options.inventory = session.inventory_file();
  lab::up(options, session.reporter(), session.cancel());
  const ExitCode code = show(session, "lab up", labs_named(options.name));
  if (!session.common.json) {
    const std::string inventory =
        options.inventory == "cluster.toml" ? std::string() : " -i " + options.inventory.string();
    session.err() << fmt::format("next: clustermpi up{}\n", inventory);
  }
  return code;
}

ExitCode list_labs(Session& session) {
  const auto labs = lab::list();
  if (labs.empty() && !session.common.json) session.err() << "no lab is on this machine\n";
  return show(session, "lab list", labs);
}

/// The lab that is meant where none was named.
std::vector<std::string> only_lab() {
  std::vector<std::string> names;
  for (const lab::LabStatus& lab : lab::list()) names.push_back(lab.name);
  if (names.size() > 1) {
    throw Error(ExitCode::usage,
                fmt::format("several labs are on this machine: {}", fmt::join(names, ", ")),
                "name the one to end, or end them all with --all");
  }
  return names;
}

ExitCode bring_down(Session& session, const std::string& name, bool all) {
  if (all) {
    lab::down_all(session.reporter());
    return show(session, "lab down", {});
  }
  const std::vector<std::string> names = name.empty() ? only_lab() : std::vector<std::string>{name};
  for (const std::string& one : names) lab::down(one, session.reporter());
  if (names.empty() && !session.common.json) session.err() << "no lab is on this machine\n";
  return show(session, "lab down", {});
}

void add_lab_up(CLI::App& lab, Session& session) {
  auto options = std::make_shared<lab::UpOptions>();
  auto* up =
      lab.add_subcommand("up", "Boot virtual nodes and write the cluster.toml that names them");
  lab::NodeGroup& group = options->groups.front();
  up->add_option("--nodes", group.nodes, "How many (4)")->type_name("N")->check(CLI::Range(1, 99));
  up->add_option("--suite", group.suite, "Debian's release: bookworm (default) or trixie")
      ->type_name("SUITE")
      ->check(choice("suite", {"bookworm", "trixie"}));
  up->add_option("--arch", group.arch, "amd64 (default), or arm64, which is emulated and slow")
      ->type_name("ARCH")
      ->check(choice("architecture", {"amd64", "arm64"}));
  up->add_option("--name", options->name, "Prefix of the nodes' names (lab: lab01, lab02, ...)")
      ->type_name("NAME");
  up->add_flag("--add", options->add, "Add these nodes to the lab of that name, which is up");
  up->add_flag("!--no-slurm", options->slurm, "Leave [slurm] out of cluster.toml: MPI alone");
  up->add_flag("--force", options->force, "Overwrite an inventory that is not this lab's");
  up->footer(
      "Each node is a full Debian with systemd, sshd, its own network namespace and a user pi who "
      "may\n"
      "sudo. It reaches the world through this machine, and apt uses this machine's mirrors.\n"
      "The first lab of a release builds its base root (a minute or several); after that, "
      "seconds.\n"
      "\n"
      "Examples:\n"
      "  clustermpi lab up                                    four bookworm nodes, lab01 to lab04\n"
      "  clustermpi lab up --nodes 2 --suite trixie --name tri -i tri.toml\n"
      "  clustermpi lab up --nodes 1 --arch arm64 --add       a mixed lab\n"
      "Then: clustermpi up");
  up->callback([&session, options] {
    session.action = [&session, options] {
      session.refuse_dry_run("lab up");
      return bring_up(session, *options);
    };
  });
}

void add_lab_down(CLI::App& lab, Session& session) {
  auto name = std::make_shared<std::string>();
  auto all = std::make_shared<bool>(false);
  auto* down = lab.add_subcommand("down", "End a lab and remove all that it made");
  auto* named =
      down->add_option("NAME,--name", *name, "Which one; needless where there is only one");
  down->add_flag("--all", *all, "All labs of this machine")->excludes(named);
  down->footer(
      "Works as well on a lab whose `lab up` failed or was killed. The base roots stay in the "
      "cache,\n"
      "and a cluster.toml that you edited stays where it is.");
  down->callback([&session, name, all] {
    session.action = [&session, name, all] {
      session.refuse_dry_run("lab down");
      return bring_down(session, *name, *all);
    };
  });
}

using HostAction = std::function<void(const std::string& host)>;

/// A command that does one thing to one node and says so.
void add_host_command(CLI::App& lab, Session& session, const std::string& name,
                      const std::string& description, const HostAction& action) {
  auto host = std::make_shared<std::string>();
  auto* command = lab.add_subcommand(name, description);
  command->add_option("HOST", *host, "A node of a lab, such as lab02")->required();
  command->callback([&session, name, host, action] {
    session.action = [&session, name, host, action] {
      action(*host);
      if (!session.common.json) return ExitCode::ok;
      session.print(nlohmann::json{
          {"command", "lab " + name}, {"ok", true}, {"hosts", {{*host, {{"ok", true}}}}}});
      return ExitCode::ok;
    };
  });
}

void add_lab_limit(CLI::App& lab, Session& session) {
  auto rate = std::make_shared<std::string>();
  add_host_command(lab, session, "limit", "Make a node's NIC slower, in both directions",
                   [rate](const std::string& host) { lab::limit(host, lab::parse_rate(*rate)); });
  auto* limit = lab.get_subcommand("limit");
  limit->add_option("RATE", *rate, "100mbit, 1gbit, 512kbit, or off")->required();
  limit->footer("Example:\n  clustermpi lab limit lab03 100mbit     as a Raspberry Pi 3 has it");
}

}  // namespace

void add_lab(CLI::App& app, Session& session) {
  auto* lab = app.add_subcommand("lab", "A throw-away cluster of virtual nodes on this machine");
  lab->require_subcommand(1);
  lab->footer(
      "A lab needs root and a few packages, which it names where they are missing.\n"
      "\n"
      "A drill:\n"
      "  clustermpi lab up && clustermpi up     four nodes, then a verified cluster\n"
      "  clustermpi lab stop lab03              power off; what does `verify` say?\n"
      "  clustermpi lab start lab03\n"
      "  clustermpi lab down                    nothing is left");
  add_lab_up(*lab, session);
  auto* list = lab->add_subcommand("list", "The labs of this machine and the state of their nodes");
  list->callback([&session] { session.action = [&session] { return list_labs(session); }; });
  add_lab_down(*lab, session);
  add_host_command(*lab, session, "cut", "Pull a node's network cable; the node runs on", lab::cut);
  add_host_command(*lab, session, "mend", "Plug the cable in again", lab::mend);
  add_host_command(*lab, session, "stop",
                   "Power a node off at once, as by pulling the plug; its disk stays", lab::stop);
  add_host_command(*lab, session, "start", "Power a node on and wait until it answers ssh",
                   [&session](const std::string& host) {
                     lab::start(host, session.reporter(), session.cancel());
                   });
  add_lab_limit(*lab, session);
}

}  // namespace clustermpi::cli
