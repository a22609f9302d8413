// The host keys that servers showed in this run, and the question that the new ones are.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "provision/asker.hpp"
#include "provision/fleet.hpp"

namespace clustermpi {

class ShownHostKeys {
 public:
  /// FleetOptions::on_host_key: whether yes was said to this very key of this very place. Another
  /// one that is unknown waits for the next question.
  bool take(const Target& target, const HostKey& key, const KnownHosts::Answer& answer);
  /// FleetOptions::on_new_host_key.
  void take_pin(const std::string& host);

  /// Asks once for all keys that wait; whether the answer was yes. No question, no yes.
  [[nodiscard]] bool ask(Asker& asker);

  struct Shown {
    HostKey key;
    KnownHosts::Verdict verdict;  ///< when it was first shown
    bool pinned = false;          ///< since then
  };
  /// What that host showed, or nullptr.
  [[nodiscard]] const Shown* of(const std::string& host) const;

 private:
  struct Unknown {
    std::string host;
    std::string place;
    HostKey key;
  };
  static bool holds(const std::vector<Unknown>& keys, const Unknown& key);

  std::map<std::string, Shown> shown_;
  std::vector<Unknown> waiting_;
  std::vector<Unknown> trusted_;
};

}  // namespace clustermpi
