#include "provision/connections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <tuple>

#include "hosts/error.hpp"
#include "hosts/jump.hpp"

namespace fs = std::filesystem;

namespace clustermpi {
namespace {

/// As ssh does it: the last hop is asked for with the others as its own jump, whatever its own
/// settings say; a first hop's own settings say how it is reached.
SshQuestion question_of_last_hop(const std::string& jump, const std::string& target) {
  const std::size_t comma = jump.rfind(',');
  const bool alone = comma == std::string::npos;
  try {
    const JumpHop hop = parse_jump(std::string_view(jump).substr(alone ? 0 : comma + 1)).front();
    return {hop.host, hop.user, hop.port, alone ? "" : jump.substr(0, comma)};
  } catch (const std::invalid_argument& fault) {
    throw Error(ExitCode::local_failure,
                fmt::format("the ProxyJump '{}' of {} {}", jump, target, fault.what()),
                "see `ssh -G " + target + "`; it is set in ~/.ssh/config or in [ssh]");
  }
}

std::string called(const SshQuestion& question) {
  return to_string({JumpHop{question.user, question.name, question.port}});
}

class Finder {
 public:
  explicit Finder(OpensshSettings& settings) : settings_(settings) {}

  Connections find(const std::vector<const Host*>& hosts) {
    const std::vector<HostSettings> all = settings_.of(hosts);
    for (std::size_t i = 0; i < hosts.size(); ++i)
      found_.targets.push_back(target({hosts[i]->name}, all[i], {}));
    if (all_have_a_timeout_) found_.connect_timeout = longest_timeout_;
    return std::move(found_);
  }

 private:
  using Way = std::vector<SshQuestion>;  // from the target towards us

  Target target(const SshQuestion& question, const HostSettings& settings, Way way) {
    refuse_socket(question, settings);
    Target target;
    target.name = question.name;
    target.address = settings.address;
    target.port = settings.port;
    target.user = settings.user;
    target.host_key_alias = settings.host_key_alias;
    target.credentials = credentials(settings);
    target.proxy_command = settings.proxy_command;
    way.push_back(question);
    if (!settings.proxy_jump.empty())
      target.jump = jump(question_of_last_hop(settings.proxy_jump, question.name), way);
    note_common(settings);
    return target;
  }

  std::size_t jump(const SshQuestion& question, const Way& way) {
    if (const auto known = jumps_.find(question); known != jumps_.end()) return known->second;
    refuse_loop(question, way);
    Target hop = target(question, settings_.of(question), way);
    const std::size_t index = index_of(std::move(hop), question);
    jumps_.emplace(question, index);
    return index;
  }

  static void refuse_socket(const SshQuestion& question, const HostSettings& settings) {
    if (!settings.proxy_passes_socket) return;
    throw Error(
        ExitCode::local_failure,
        fmt::format("the ProxyCommand of {} hands over a socket (ProxyUseFdpass), which only "
                    "ssh itself can take",
                    question.name),
        "give it a command that carries the bytes, or ProxyJump, in ~/.ssh/config");
  }

  static void refuse_loop(const SshQuestion& question, const Way& way) {
    if (std::ranges::find(way, question) == way.end()) return;
    std::string path;
    for (const SshQuestion& step : way) path += called(step) + " -> ";
    throw Error(ExitCode::local_failure,
                fmt::format("the way to {} leads back to itself: {}{}", way.front().name, path,
                            called(question)),
                "one of them must be reached directly: give it `ProxyJump none` in ~/.ssh/config");
  }

  /// One hop may be called in several ways.
  std::size_t index_of(Target hop, const SshQuestion& question) {
    auto& jumps = found_.jumps;
    const auto same = std::ranges::find_if(jumps, [&](const Target& other) {
      return std::tie(other.address, other.port, other.user, other.host_key_alias,
                      other.credentials, other.jump, other.proxy_command) ==
             std::tie(hop.address, hop.port, hop.user, hop.host_key_alias, hop.credentials,
                      hop.jump, hop.proxy_command);
    });
    if (same != jumps.end()) return static_cast<std::size_t>(same - jumps.begin());
    const auto taken = [&](const std::string& name) {
      return std::ranges::any_of(jumps, [&](const Target& other) { return other.name == name; });
    };
    if (taken(hop.name)) hop.name = called(question);
    for (unsigned i = 2; taken(hop.name); ++i)
      hop.name = fmt::format("{} ({})", called(question), i);
    hop.is_jump = true;
    jumps.push_back(std::move(hop));
    return jumps.size() - 1;
  }

  /// Hosts with equal settings share theirs: a key is read and unlocked once.
  std::shared_ptr<const Credentials> credentials(const HostSettings& settings) {
    auto& shared = credentials_[{settings.identities, settings.certificates,
                                 settings.identities_only, settings.agent}];
    if (!shared) {
      Credentials own;
      own.identities = settings.identities;
      own.certificates = settings.certificates;
      own.identities_only = settings.identities_only;
      own.agent = settings.agent;
      shared = std::make_shared<const Credentials>(std::move(own));
    }
    return shared;
  }

  static void add_once(std::vector<fs::path>& files, const fs::path& file) {
    if (std::ranges::find(files, file) == files.end()) files.push_back(file);
  }

  void note_common(const HostSettings& settings) {
    for (const auto* list : {&settings.user_known_hosts, &settings.global_known_hosts})
      for (const fs::path& file : *list) add_once(found_.known_hosts, file);
    if (!settings.revoked_host_keys.empty())
      add_once(found_.revoked_keys, settings.revoked_host_keys);
    found_.strict = found_.strict || settings.strict;
    all_have_a_timeout_ = all_have_a_timeout_ && settings.connect_timeout.has_value();
    longest_timeout_ =
        std::max(longest_timeout_, settings.connect_timeout.value_or(longest_timeout_));
  }

  using CredentialsKey =
      std::tuple<std::vector<fs::path>, std::vector<fs::path>, bool, std::string>;

  OpensshSettings& settings_;
  Connections found_;
  std::map<SshQuestion, std::size_t> jumps_;
  std::map<CredentialsKey, std::shared_ptr<const Credentials>> credentials_;
  std::chrono::seconds longest_timeout_{0};
  bool all_have_a_timeout_ = true;
};

}  // namespace

Connections find_connections(const std::vector<const Host*>& hosts, OpensshSettings& settings) {
  return Finder(settings).find(hosts);
}

std::unique_ptr<KnownHosts> read_known_hosts(const fs::path& pins, const Connections& connections) {
  auto known_hosts = std::make_unique<KnownHosts>(pins, connections.known_hosts);
  for (const fs::path& file : connections.revoked_keys) known_hosts->revoke_keys_in(file);
  return known_hosts;
}

}  // namespace clustermpi
