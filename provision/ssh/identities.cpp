#include "provision/ssh/identities.hpp"

#include <system_error>

namespace clustermpi {
namespace {

/// libssh asks for a passphrase exactly where a key has one: that is how we know.
int note_that_it_asked(const char* /*prompt*/, char* /*buffer*/, std::size_t /*length*/,
                       int /*echo*/, int /*verify*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

}  // namespace

Identities::Identities(const std::vector<std::filesystem::path>& files) {
  for (const auto& file : files) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
      outcome_.missing.push_back(file);
      continue;
    }
    bool encrypted = false;
    ssh_key key = nullptr;
    if (ssh_pki_import_privkey_file(file.c_str(), nullptr, note_that_it_asked, &encrypted, &key) ==
        SSH_OK) {
      usable_.push_back({file, SshKey(key)});
    } else {
      (encrypted ? outcome_.encrypted : outcome_.unreadable).push_back(file);
    }
  }
}

ssh_errors::TriedKeys Identities::tried(std::size_t count) const {
  ssh_errors::TriedKeys keys = outcome_;
  for (std::size_t i = 0; i < count && i < usable_.size(); ++i)
    keys.refused.push_back(usable_[i].file);
  return keys;
}

}  // namespace clustermpi
