#include "provision/fleet.hpp"

#include <algorithm>
#include <utility>

#include "provision/ssh/engine.hpp"

namespace clustermpi {

HostKeyName host_key_name(const Target& target) {
  if (!target.host_key_alias.empty()) return {target.host_key_alias, 22};
  return {target.address, target.port};
}

Fleet::Fleet(std::vector<Target> targets, FleetOptions options, KnownHosts& known_hosts,
             CancelToken& cancel)
    : engine_(
          std::make_unique<Engine>(std::move(targets), std::move(options), known_hosts, cancel)) {}

Fleet::~Fleet() = default;

std::vector<Result> Fleet::run(std::vector<Job> jobs,
                               const std::function<void(const Result&)>& on_result) {
  return engine_->run(std::move(jobs), on_result);
}

std::vector<std::filesystem::path> Fleet::locked_keys() const {
  return engine_->locked_keys();
}

bool Fleet::unlock(const std::filesystem::path& key, const Secret& passphrase) {
  return engine_->unlock(key, passphrase);
}

const std::vector<Target>& Fleet::targets() const {
  return engine_->targets();
}

std::optional<std::size_t> Fleet::index_of(std::string_view name) const {
  const auto& all = targets();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Target& target) { return target.name == name; });
  if (found == all.end()) return std::nullopt;
  return static_cast<std::size_t>(found - all.begin());
}

}  // namespace clustermpi
