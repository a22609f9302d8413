#include "provision/shown_host_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "hosts/hostlist.hpp"
#include "provision/ssh/errors.hpp"

namespace clustermpi {

bool ShownHostKeys::take(const Target& target, const HostKey& key,
                         const KnownHosts::Answer& answer) {
  shown_.emplace(target.name, Shown{key, answer.verdict});
  // With a place on file, a certificate authority is named for the host: no key is pinned then.
  if (answer.verdict != KnownHosts::Verdict::unknown || !answer.file.empty()) return false;
  const Unknown unknown{target.name, ssh_errors::place(target), key};
  if (holds(trusted_, unknown)) return true;
  if (!holds(waiting_, unknown)) waiting_.push_back(unknown);
  return false;
}

void ShownHostKeys::take_pin(const std::string& host) {
  if (const auto found = shown_.find(host); found != shown_.end()) found->second.pinned = true;
}

bool ShownHostKeys::ask(Asker& asker) {
  std::vector<Unknown> keys = std::exchange(waiting_, {});
  if (keys.empty()) return false;
  std::ranges::sort(keys, natural_less, &Unknown::host);
  std::size_t width = 0;
  for (const Unknown& unknown : keys) width = std::max(width, unknown.host.size());
  std::string question = keys.size() == 1 ? "This host key is not known yet:\n"
                                          : "These host keys are not known yet:\n";
  for (const Unknown& unknown : keys) {
    question += fmt::format("  {:{}}  {}  {}  ({})\n", unknown.host, width, unknown.key.type,
                            fingerprint(unknown.key), unknown.place);
  }
  question += keys.size() == 1 ? "Trust it?" : fmt::format("Trust all {}?", keys.size());
  if (!asker.confirm(question)) return false;
  std::ranges::move(keys, std::back_inserter(trusted_));
  return true;
}

const ShownHostKeys::Shown* ShownHostKeys::of(const std::string& host) const {
  const auto found = shown_.find(host);
  return found == shown_.end() ? nullptr : &found->second;
}

bool ShownHostKeys::holds(const std::vector<Unknown>& keys, const Unknown& key) {
  return std::ranges::any_of(
      keys, [&](const Unknown& known) { return known.place == key.place && known.key == key.key; });
}

}  // namespace clustermpi
