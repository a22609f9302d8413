#include "provision/steps/install.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "hosts/mpi.hpp"
#include "provision/data_dir.hpp"
#include "provision/files.hpp"
#include "provision/private_agent.hpp"
#include "provision/privileges.hpp"
#include "provision/process.hpp"
#include "provision/remote_scripts.hpp"
#include "provision/steps/generate.hpp"
#include "provision/steps/playbook_inventory.hpp"

namespace fs = std::filesystem;

namespace clustermpi {

namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

/// Digest of all that decides what the playbooks do: themselves and the templates.
std::string playbooks_digest() {
  std::set<fs::path> files;
  for (const char* folder : {"playbooks", "templates"}) {
    for (const auto& entry : fs::recursive_directory_iterator(data_dir() / folder)) {
      if (entry.is_regular_file()) files.insert(entry.path());
    }
  }
  std::string all;
  for (const fs::path& file : files) {
    all += fmt::format("{} {}\n", fs::relative(file, data_dir()).string(), sha256(read_file(file)));
  }
  return sha256(all);
}

/// Variables that the roles go by: those of the cluster and their own. How Ansible reaches a host
/// decides nothing about what it leaves there, nor does where a key lies or what other roles want.
Json variables_for(const std::vector<std::string>& roles, const Json& variables) {
  Json kept = Json::object();
  for (const auto& [name, value] : variables.items()) {
    const std::string owner = name.substr(0, name.find('_'));
    const bool counts = owner == "cluster" || std::ranges::find(roles, owner) != roles.end();
    if (counts && !value.is_null() && name != "cluster_key" && name != "cluster_roles" &&
        name != "munge_key_file")
      kept[name] = value;
  }
  return kept;
}

/// Every host knows the keys of all others.
Json host_keys(const Json& inventory) {
  Json keys = Json::object();
  for (const auto& [host, variables] : inventory.at("_meta").at("hostvars").items()) {
    keys[host] = variables.value("cluster_host_keys", Json::array());
  }
  return keys;
}

/// "{venv_path}" as the host has it; other names as they are.
std::string name_on(const Json& variables, const std::string& name) {
  if (!name.starts_with('{') || !name.ends_with('}')) return name;
  return variables.value(name.substr(1, name.size() - 2), name);
}

/// What a role leaves on a host with these variables.
std::vector<ManagedItem> items_of(const std::string& role, const Json& variables) {
  const fs::path file = data_dir() / "playbooks" / "roles" / role / "files" / "managed.list";
  auto items = parse_managed_list(read_file(file), file.string());
  std::erase_if(items, [&](const ManagedItem& item) {
    return item.kind == "leftover" ||  // nothing that we put there
           (!item.condition.empty() && !variables.value(item.condition, false));
  });
  for (ManagedItem& item : items) item.name = name_on(variables, item.name);
  return items;
}

std::vector<ManagedItem> managed_items(const Playbook& playbook, const Json& variables) {
  std::vector<ManagedItem> items;
  const auto add = [&](const ManagedItem& item) {
    if (std::ranges::find(items, item) == items.end()) items.push_back(item);
  };
  for (const std::string& role : playbook.roles) {
    for (const ManagedItem& item : items_of(role, variables))
      if (playbook.brings_packages || item.kind != "package") add(item);
  }
  for (const std::string& role : playbook.package_roles) {
    for (const ManagedItem& item : items_of(role, variables))
      if (item.kind == "package") add(item);
  }
  return items;
}

std::string listed(const std::vector<ManagedItem>& items) {
  std::string list;
  for (const ManagedItem& item : items) list += fmt::format("{} {}\n", item.kind, item.name);
  return list;
}

std::string key_digest(const Cluster& cluster, const Playbook& playbook) {
  if (playbook.key.empty()) return {};
  return sha256(read_file_if_exists(cluster.workspace().path(playbook.key)).value_or(""));
}

/// What an installation depends on, host by host.
class Inputs {
 public:
  Inputs(const Cluster& cluster, const Playbook& playbook)
      : playbook_(playbook),
        inventory_(playbook_inventory(cluster)),
        common_(fmt::format("{}\n{}\n{}\n{}\n", playbooks_digest(), key_digest(cluster, playbook),
                            host_keys(inventory_).dump(),
                            variables_for(playbook.roles, inventory_.value("/all/vars"_json_pointer,
                                                                           Json::object()))
                                .dump())) {}

  [[nodiscard]] std::vector<ManagedItem> items(const std::string& host) const {
    return managed_items(playbook_, variables_of(inventory_, host));
  }
  /// Equal digests: the playbook would do the same again.
  [[nodiscard]] std::string digest(const std::string& host) const {
    const Json own = variables_for(playbook_.roles, variables_of(inventory_, host));
    return sha256(fmt::format("{}{}\n{}", common_, own.dump(), listed(items(host))));
  }

 private:
  const Playbook& playbook_;
  Json inventory_;
  std::string common_;
};

std::string record_script(const std::string& playbook, const std::string& inputs,
                          const std::vector<ManagedItem>& items) {
  return fmt::format("mode=record\nplaybook={}\ninputs={}\nitems={}\n{}", playbook, inputs,
                     shell_quote(listed(items)), remote::record);
}

/// Items that the node does not have although the playbook ended well: exit code 0 alone proves
/// nothing.
std::vector<std::string> missing_items(const HostState& state) {
  std::vector<std::string> missing;
  for (const ItemState& item : state.items) {
    if (item.current == "-") missing.push_back(fmt::format("{} {}", item.kind, item.name));
  }
  return missing;
}

void take_versions(Facts& facts, const HostState& state) {
  for (const ItemState& item : state.items) {
    if (item.kind != "package") continue;
    // Of alternatives the node says which one it has: "chrony=4.3-2".
    const std::size_t equals = item.current.find('=');
    const bool chosen = equals != std::string::npos;
    facts.packages[chosen ? item.current.substr(0, equals) : item.name] =
        chosen ? item.current.substr(equals + 1) : item.current;
  }
  if (!facts.python) facts.python = parse_version(facts.packages["python3"]);
  facts.python_apt = facts.packages.contains("python3-apt");
}

/// "Python 3.11.2-1, mpi4py from Debian"
std::string product_text(const Playbook& playbook, const Facts& facts, const HostState& state) {
  std::string text = playbook.product;
  const auto version = facts.packages.find(playbook.product_package);
  if (version != facts.packages.end()) text += " " + version->second;
  for (const ItemState& item : state.items) {
    const std::string packages = item.kind == "venv" ? packages_of_venv(item) : "";
    if (!packages.empty()) text += ", " + packages;
  }
  return text;
}

/// Hosts that one run of a playbook can do: Ansible takes one password of sudo's.
struct PasswordGroup {
  std::shared_ptr<const Secret> password;
  std::vector<std::string> hosts;
};

/// Users have passwords of their own. Hosts that need none go with the first: one run the less.
std::vector<PasswordGroup> by_sudo_password(const Cluster& cluster,
                                            const std::vector<std::string>& hosts) {
  std::vector<PasswordGroup> groups;
  std::vector<std::string> need_none;
  for (const std::string& host : hosts) {
    const auto found = cluster.sudo_passwords.find(host);
    if (found == cluster.sudo_passwords.end()) {
      need_none.push_back(host);
      continue;
    }
    auto group = std::ranges::find_if(groups, [&](const PasswordGroup& known) {
      return known.password->text() == found->second->text();
    });
    if (group == groups.end()) group = groups.insert(group, {found->second, {}});
    group->hosts.push_back(host);
  }
  if (groups.empty()) groups.emplace_back();
  auto& first = groups.front().hosts;
  first.insert(first.end(), need_none.begin(), need_none.end());
  return groups;
}

/// Holds the keys that were unlocked for this run; none where none was.
std::unique_ptr<PrivateAgent> agent_for(const Cluster& cluster) {
  if (cluster.passphrases.empty()) return {};
  auto agent = std::make_unique<PrivateAgent>(cluster.workspace().directory());
  for (const auto& [key, passphrase] : cluster.passphrases) agent->add(key, *passphrase);
  return agent;
}

bool wants_unlocked_key(const Cluster& cluster, const Target& target) {
  return target.credentials &&
         std::ranges::any_of(target.credentials->identities, [&](const fs::path& key) {
           return cluster.passphrases.contains(key);
         });
}

/// Ansible's ssh takes the unlocked keys from our agent on hosts that have such a key among theirs;
/// on the others it keeps the agent that it has. Not covered: ssh reaches a bastion by an ssh of
/// its own, which our arguments do not get to. So where the user has an agent, a locked key of a
/// bastion is to be in that one.
void point_to_agent(Json& inventory, Cluster& cluster) {
  for (const Target& target : cluster.fleet().targets()) {
    if (!wants_unlocked_key(cluster, target)) continue;
    inventory["_meta"]["hostvars"][target.name]["ansible_ssh_common_args"]
        .get_ref<std::string&>() += " -o IdentityAgent=$CLUSTERMPI_AGENT";
  }
}

}  // namespace

std::string packages_of_venv(const ItemState& item) {
  std::map<std::string, std::vector<std::string>> names;  // by where they came from
  std::istringstream parts(item.current);
  for (std::string part; std::getline(parts, part, ',');) {
    if (const std::size_t colon = part.find(':'); colon != std::string::npos)
      names[part.substr(0, colon)].push_back(part.substr(colon + 1));
  }
  std::vector<std::string> texts;
  for (const auto& [origin, title] :
       {std::pair{"index", "the package index"}, {"debian", "Debian"}})
    if (names.contains(origin))
      texts.push_back(fmt::format("{} from {}", fmt::join(names[origin], ", "), title));
  return fmt::format("{}", fmt::join(texts, "; "));
}

std::unique_ptr<Step> install_mpi(const Inventory& inventory) {
  const MpiNames& mpi = mpi_names(inventory.mpi);
  return std::make_unique<InstallStep>(
      Playbook{.name = "mpi",
               .title = fmt::format("{}, keys and names on every host", mpi.title),
               .roles = {"python", "base", std::string(mpi.key)},
               .package_roles = roles_asked_for(inventory),
               .key = "cluster_key.pub",
               .product = std::string(mpi.title),
               .product_package = std::string(mpi.runtime)});
}

std::vector<Change> InstallStep::plan(Cluster& cluster) {
  const Inputs inputs(cluster, playbook_);
  std::vector<Change> changes;
  for (const std::string& host : cluster.active()) {
    for (std::string& what :
         outstanding_changes(cluster.states[host][playbook_.name], inputs.digest(host),
                             inputs.items(host), cluster.facts.at(host).packages)) {
      changes.push_back({host, std::move(what)});
    }
  }
  return changes;
}

std::string InstallStep::apply(Cluster& cluster, const std::vector<Change>& changes) {
  for (const Change& change : changes) cluster.detail("will " + change.what, change.host);
  for (const std::string& host : cluster.active()) {
    const HostState& state = cluster.states[host][playbook_.name];
    if (!state.inputs) continue;
    for (const ItemState& item : state.drift()) cluster.note(describe_drift(item), host);
  }
  cluster.workspace().create();
  make_keys(cluster);
  write_file(cluster.workspace().ssh_config(), render_ssh_config(cluster));

  Json inventory = playbook_inventory(cluster);
  PlaybookRun run;
  run.playbook = data_dir() / "playbooks" / (playbook_.name + ".yml");
  run.workspace = cluster.workspace().directory();
  run.inventory = &inventory;
  run.log = cluster.workspace().ansible_log();
  run.cancel = &cluster.cancel();
  std::vector<std::string> hosts;
  for (const Change& change : changes) {
    if (std::ranges::find(hosts, change.host) == hosts.end()) hosts.push_back(change.host);
  }
  const auto agent = agent_for(cluster);
  if (agent) {
    run.agent = agent->socket();
    point_to_agent(inventory, cluster);
  }
  struct Forward : Reporter {
    explicit Forward(Cluster& to) : cluster(to) {}
    void on(const Event& event) override { cluster.report(event); }
    Cluster& cluster;
  } forward(cluster);
  std::vector<std::string> finished;
  for (PasswordGroup& group : by_sudo_password(cluster, hosts)) {
    run.become_password = std::move(group.password);
    run.limit = std::move(group.hosts);
    const PlaybookResult result = run_playbook(run, forward);
    cluster.throw_if_cancelled();
    for (const auto& [host, outcome] : result.hosts) {
      if (outcome.error) {
        cluster.fail(host, *outcome.error);
      } else {
        finished.push_back(host);
      }
    }
  }
  record(cluster, finished);
  return fmt::format("{} of {} hosts installed", finished.size(), hosts.size());
}

void InstallStep::record(Cluster& cluster, const std::vector<std::string>& hosts) {
  const Inputs inputs(cluster, playbook_);
  std::map<std::string, Job> jobs;
  for (const std::string& host : hosts) {
    Job job;
    job.command = "sh -s";
    job.timeout = 60s;
    job.input = std::make_shared<const std::string>(
        record_script(playbook_.name, inputs.digest(host), inputs.items(host)));
    become_root(job, cluster, host);
    jobs.emplace(host, std::move(job));
  }
  for (const auto& [host, outcome] : cluster.run_jobs(std::move(jobs))) {
    const HostState state = parse_host_states(printable(outcome.out))[playbook_.name];
    const auto missing = missing_items(state);
    if (outcome.exit_status != 0 || state.items.empty()) {
      cluster.fail(host, {"install_incomplete",
                          fmt::format("the result of the installation cannot be recorded: {}",
                                      printable(outcome.err)),
                          "is there space left in /var/lib? run the same command again"});
    } else if (!missing.empty()) {
      cluster.fail(host,
                   {"install_incomplete",
                    fmt::format("Ansible ended well, but there is no {}", fmt::join(missing, ", ")),
                    fmt::format("see {}", cluster.workspace().ansible_log().string())});
    } else {
      take_versions(cluster.facts[host], state);
      cluster.states[host][playbook_.name] = state;
      Event event;
      event.kind = Event::Kind::host_done;
      event.host = host;
      event.changed = true;
      event.text = product_text(playbook_, cluster.facts[host], state);
      cluster.report(event);
    }
  }
  cluster.workspace().save_facts(cluster.facts);
}

}  // namespace clustermpi
