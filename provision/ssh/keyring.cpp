#include "provision/ssh/keyring.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "provision/ssh/host_key.hpp"
#include "provision/ssh/wire.hpp"

namespace clustermpi {
namespace {

namespace fs = std::filesystem;

/// libssh asks for a passphrase exactly where a key has one: that is how we know.
int note_that_it_asked(const char* /*prompt*/, char* /*buffer*/, std::size_t /*length*/,
                       int /*echo*/, int /*verify*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

std::string blob_of(ssh_key key) {
  char* base64 = nullptr;
  if (ssh_pki_export_pubkey_base64(key, &base64) != SSH_OK) return {};
  const auto blob = decode_base64(base64);
  ssh_string_free_char(base64);
  return blob.value_or("");
}

SshKey public_half(const fs::path& file) {
  ssh_key key = nullptr;
  // OpenSSH's own format of private keys shows the public half without the passphrase.
  for (const fs::path& holder : {fs::path(file.string() + ".pub"), file})
    if (is_there(holder) && ssh_pki_import_pubkey_file(holder.c_str(), &key) == SSH_OK)
      return SshKey(key);
  return nullptr;
}

/// What a file holds: a private key, or the public half of one that we cannot use alone.
struct FileKey {
  fs::path file;
  SshKey key;
  std::string blob;
  LoginKey::Signer signer = LoginKey::Signer::us;
};

std::optional<FileKey> read_key(const fs::path& file, ssh_errors::TriedKeys& outcome) {
  if (!is_there(file)) {
    // A private key that lives in the agent alone may be named by the file it once had.
    if (SshKey key = public_half(file)) {
      std::string blob = blob_of(key.get());
      return FileKey{file, std::move(key), std::move(blob), LoginKey::Signer::agent};
    }
    outcome.missing.push_back(file);
    return std::nullopt;
  }
  bool encrypted = false;
  ssh_key raw = nullptr;
  if (ssh_pki_import_privkey_file(file.c_str(), nullptr, note_that_it_asked, &encrypted, &raw) ==
      SSH_OK) {
    SshKey key(raw);
    std::string blob = blob_of(raw);
    return FileKey{file, std::move(key), std::move(blob), LoginKey::Signer::us};
  }
  if (SshKey key = public_half(file)) {
    std::string blob = blob_of(key.get());
    return FileKey{file, std::move(key), std::move(blob),
                   encrypted ? LoginKey::Signer::locked : LoginKey::Signer::agent};
  }
  (encrypted ? outcome.encrypted : outcome.unreadable).push_back(file);
  return std::nullopt;
}

SshKey duplicate(const FileKey& from) {
  return SshKey(ssh_key_dup(from.key.get()));
}

LoginKey login_key(const FileKey& from, LoginKey::Signer signer) {
  return {signer, duplicate(from), nullptr, from.blob, from.file.string(), from.file};
}

SshKey import_blob(const std::string& blob) {
  const auto parsed = host_key_from_base64(encode_base64(blob));
  if (!parsed) return nullptr;
  ssh_key key = nullptr;
  const auto type = ssh_key_type_from_name(parsed->type.c_str());
  if (ssh_pki_import_pubkey_base64(parsed->base64.c_str(), type, &key) != SSH_OK) return nullptr;
  return SshKey(key);
}

/// A certificate is its type, a nonce, then what the key's blob has after its type.
bool certifies(std::string_view certificate, std::string_view key) {
  WireReader certified(certificate);
  certified.string();
  certified.string();
  WireReader plain(key);
  plain.string();
  return !plain.rest().empty() && certified.rest().starts_with(plain.rest());
}

SshKey with_certificate(ssh_key plain, ssh_key certificate) {
  SshKey key(ssh_key_dup(plain));
  if (ssh_pki_copy_cert_to_privkey(certificate, key.get()) != SSH_OK) return nullptr;
  return key;
}

/// Each key that we sign with ourselves, and before it the certificates that there are for it:
/// those of `files`, and the one beside it. An agent lists its certificates itself.
std::vector<LoginKey> with_certificates(std::vector<LoginKey> keys,
                                        const std::vector<fs::path>& files) {
  std::vector<LoginKey> all;
  for (LoginKey& key : keys) {
    std::vector<fs::path> candidates = files;
    candidates.emplace_back(key.file.string() + "-cert.pub");
    for (const fs::path& file : candidates) {
      ssh_key raw = nullptr;
      if (key.signer == LoginKey::Signer::agent || !is_there(file) ||
          ssh_pki_import_cert_file(file.c_str(), &raw) != SSH_OK)
        continue;
      SshKey certificate(raw);
      std::string blob = blob_of(raw);
      if (!certifies(blob, key.blob)) continue;
      if (SshKey certified = with_certificate(key.key.get(), raw))
        all.push_back({key.signer, std::move(certified), std::move(certificate), std::move(blob),
                       file.string(), key.file});
    }
    all.push_back(std::move(key));
  }
  return all;
}

KeyChain make_chain(const Credentials& credentials,
                    const std::optional<std::string>& agent_answer) {
  KeyChain chain;
  std::vector<FileKey> files;
  for (const fs::path& file : credentials.identities)
    if (auto key = read_key(file, chain.outcome)) files.push_back(std::move(*key));

  std::vector<AgentKey> held;
  if (agent_answer) held = parse_agent_identities(*agent_answer).value_or(held);
  if (!credentials.agent.empty() && held.empty())
    chain.outcome.agent_trouble = fmt::format("the agent at {} {}", credentials.agent,
                                              agent_answer ? "shows none" : "does not answer");
  const auto in_agent = [&](const FileKey& file) {
    return std::ranges::any_of(held, [&](const AgentKey& key) { return key.blob == file.blob; });
  };
  const auto in_file = [&](const AgentKey& key) {
    return std::ranges::any_of(files, [&](const FileKey& file) { return key.blob == file.blob; });
  };

  std::vector<LoginKey> keys;
  for (const FileKey& file : files) {
    if (!in_agent(file)) continue;
    // Signing here is quicker, and asks nobody.
    const bool ours = file.signer == LoginKey::Signer::us;
    keys.push_back(login_key(file, ours ? LoginKey::Signer::us : LoginKey::Signer::agent));
  }
  for (const AgentKey& key : held) {
    if (credentials.identities_only || in_file(key)) continue;
    if (SshKey parsed = import_blob(key.blob))
      keys.push_back({LoginKey::Signer::agent,
                      std::move(parsed),
                      nullptr,
                      key.blob,
                      printable(key.comment) + " of the agent",
                      {}});
  }
  for (const FileKey& file : files) {
    if (in_agent(file)) continue;
    if (file.signer == LoginKey::Signer::agent) {
      chain.outcome.unreadable.push_back(file.file);
    } else {
      keys.push_back(login_key(file, file.signer));
    }
  }
  chain.keys = with_certificates(std::move(keys), credentials.certificates);
  return chain;
}

}  // namespace

KeyChain& Keyring::chain(const Credentials& credentials,
                         const std::optional<std::string>& agent_answer) {
  if (KeyChain* known = find(credentials)) return *known;
  KeyChain& made =
      chains_.emplace(&credentials, make_chain(credentials, agent_answer)).first->second;
  open_in(made);
  return made;
}

KeyChain* Keyring::find(const Credentials& credentials) {
  const auto known = chains_.find(&credentials);
  return known == chains_.end() ? nullptr : &known->second;
}

bool Keyring::unlock(const fs::path& file, const Secret& passphrase) {
  ssh_key raw = nullptr;
  if (ssh_pki_import_privkey_file(file.c_str(), passphrase.c_str(), nullptr, nullptr, &raw) !=
      SSH_OK)
    return false;
  opened_[file] = SshKey(raw);
  for (auto& [credentials, chain] : chains_) open_in(chain);
  return true;
}

void Keyring::open_in(KeyChain& chain) const {
  for (LoginKey& key : chain.keys) {
    const auto opened = opened_.find(key.file);
    if (opened == opened_.end() || key.signer != LoginKey::Signer::locked) continue;
    key.key = key.certificate ? with_certificate(opened->second.get(), key.certificate.get())
                              : SshKey(ssh_key_dup(opened->second.get()));
    key.signer = LoginKey::Signer::us;
  }
}

}  // namespace clustermpi
