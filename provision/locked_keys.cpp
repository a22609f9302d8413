#include "provision/locked_keys.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace clustermpi {

namespace {

constexpr unsigned attempts = 3;

enum class Outcome { opened, given_up, wrong };

Outcome unlock(Fleet& fleet, const std::filesystem::path& key, Asker& asker, Passphrases& known) {
  for (unsigned attempt = 0; attempt < attempts; ++attempt) {
    auto answer = asker.secret(
        fmt::format("{}Passphrase for {}", attempt == 0 ? "" : "That is not it. ", key.string()));
    if (!answer) return Outcome::given_up;
    auto passphrase = std::make_shared<const Secret>(*std::move(answer));
    if (!fleet.unlock(key, *passphrase)) continue;
    known[key] = std::move(passphrase);
    return Outcome::opened;
  }
  return Outcome::wrong;
}

}  // namespace

bool unlock_keys(Fleet& fleet, Asker& asker, Passphrases& known,
                 const std::function<void(const std::string&)>& warn) {
  bool opened = false;
  for (const std::filesystem::path& key : fleet.locked_keys()) {
    const Outcome outcome = unlock(fleet, key, asker, known);
    opened = opened || outcome == Outcome::opened;
    if (outcome == Outcome::wrong) {
      warn(fmt::format("{} wrong passphrases for {}: it is not used", attempts, key.string()));
    }
  }
  return opened;
}

}  // namespace clustermpi
