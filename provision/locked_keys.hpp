// Keys with a passphrase, which is asked for once where a host would take the key.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "provision/asker.hpp"
#include "provision/fleet.hpp"
#include "provision/secret.hpp"

namespace clustermpi {

/// By key file.
using Passphrases = std::map<std::filesystem::path, std::shared_ptr<const Secret>>;

/// Asks for the passphrase of each key that hosts of `fleet` would take, and opens it for the runs
/// that follow; three wrong ones are told to `warn`. Those that fit are added to `known`. Whether a
/// key was opened.
bool unlock_keys(Fleet& fleet, Asker& asker, Passphrases& known,
                 const std::function<void(const std::string&)>& warn);

}  // namespace clustermpi
