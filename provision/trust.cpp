#include "provision/trust.hpp"

#include <fmt/format.h>

namespace clustermpi {

namespace {

KeyState state_of(const ShownHostKeys::Shown& shown) {
  switch (shown.verdict) {
    case KnownHosts::Verdict::known:
      return KeyState::known;
    case KnownHosts::Verdict::changed:
      return KeyState::changed;
    case KnownHosts::Verdict::revoked:
      return KeyState::revoked;
    case KnownHosts::Verdict::unknown:
      break;
  }
  return shown.pinned ? KeyState::pinned : KeyState::refused;
}

HostTrust trust_of(const ShownHostKeys::Shown* shown, const Result& result) {
  HostTrust trust;
  trust.error = result.error;
  if (shown != nullptr) {
    trust.state = state_of(*shown);
    trust.key = shown->key;
  }
  return trust;
}

}  // namespace

std::map<std::string, HostTrust> trust_hosts(Cluster& cluster,
                                             const std::vector<std::string>& hosts) {
  std::map<std::string, Job> jobs;
  for (const std::string& host : hosts) jobs[host].command = "true";
  const auto results = cluster.attempt(cluster.fleet(), std::move(jobs));
  cluster.throw_if_cancelled();
  std::map<std::string, HostTrust> trusts;
  for (const std::string& host : hosts) {
    HostTrust trust = trust_of(cluster.shown_host_keys().of(host), results.at(host));
    if (trust.error && trust.ok()) {
      cluster.warn(fmt::format("its key is trusted, but the login fails: {}", trust.error->message),
                   host);
    } else if (trust.error) {
      cluster.fail(host, *trust.error);
    }
    trusts.emplace(host, std::move(trust));
  }
  return trusts;
}

}  // namespace clustermpi
