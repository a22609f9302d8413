// Throws broken input at all that reads what a host sends before and after the login, and at the
// files that say whom to trust: see fuzz.hpp for how it runs.
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hosts/error.hpp"
#include "provision/descriptor.hpp"
#include "provision/fleet.hpp"
#include "provision/host_state.hpp"
#include "provision/ssh/agent.hpp"
#include "provision/ssh/banner.hpp"
#include "provision/ssh/certificate_fetch.hpp"
#include "provision/ssh/host_certificate.hpp"
#include "provision/ssh/known_hosts.hpp"
#include "provision/ssh/wire.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace clustermpi;
using clustermpi::test::require;

// Made with ssh-keygen for this test: the certificate of a host key for red01, without end, and the
// key of the authority that signed it.
constexpr std::string_view certificate_base64 =
    "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIIGiVlOIaJIC1/66/Rx5PT8t4H4ICbzERWchmq"
    "gCxxbjAAAAIC1hDqMd/bxvzcICW9owzgxrxqwGgQg4veodJrz+/vJdAAAAAAAAAAAAAAACAAAABGZ1enoAAAAJAAAA"
    "BXJlZDAxAAAAAAAAAAD//////////wAAAAAAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAgu5xXeX7ZXKfUe4"
    "KmqHJgIQ9XjPwWUXaMrmQEk14HdlYAAABTAAAAC3NzaC1lZDI1NTE5AAAAQHWeLI1UXz80lxzcx5hgafPplbuF+lPm"
    "DkYhchqbPGJI9E5CoT+KEZA+JF1Xdi7pmEFFv/INUxoR6iT8LLRmUAc=";
constexpr std::string_view authority_base64 =
    "AAAAC3NzaC1lZDI1NTE5AAAAILucV3l+2Vyn1HuCpqhyYCEPV4z8FlF2jK5kBJNeB3ZW";
constexpr std::string_view key_type = "ssh-ed25519";

std::string certificate() {
  return *decode_base64(certificate_base64);
}

HostKey authority() {
  return {std::string(key_type), std::string(authority_base64)};
}

/// A file in memory, and the name by which it can be opened.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    const ssize_t written = ::write(fd_.get(), content.data(), content.size());
    require(written == static_cast<ssize_t>(content.size()), "a file in memory", content);
  }
  [[nodiscard]] std::filesystem::path name() const {
    return "/proc/self/fd/" + std::to_string(fd_.get());
  }

 private:
  Descriptor fd_;
};

/// A connection on which the other side has said `input` and then hung up.
Descriptor connection_that_says(std::string_view input) {
  std::array<int, 2> pair{};
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair.data()) == 0,
          "a connection", input);
  const Descriptor peer(pair[0]);
  [[maybe_unused]] const auto sent = ::send(peer.get(), input.data(), input.size(), MSG_NOSIGNAL);
  return Descriptor(pair[1]);
}

template <typename Reader>
typename Reader::State read_to_its_end(Reader& reader, std::string_view input) {
  const Descriptor socket = connection_that_says(input);
  for (std::size_t turns = 0; turns <= input.size() + 1; ++turns) {
    const auto state = reader.on_readable(socket.get());
    if (state != Reader::State::waiting) return state;
  }
  require(false, "reading comes to an end", input);
  return Reader::State::waiting;
}

void read_banner(std::string_view input) {
  BannerReader reader;
  read_to_its_end(reader, input);
  require(reader.first_line().size() <= 80, "a short quote", input);
  for (const char c : printable(reader.first_line()))
    require(c == '\t' || static_cast<unsigned char>(c) >= ' ', "nothing that moves a cursor",
            input);
}

void fetch_certificate(std::string_view input) {
  CertificateFetch fetch;
  const auto state = read_to_its_end(fetch, input);
  require((state == CertificateFetch::State::certificate) == !fetch.certificate().empty(),
          "a certificate where it says so", input);
  require((state == CertificateFetch::State::failed) == !fetch.reason().empty(),
          "a reason where it failed", input);
}

void judge_certificate(std::string_view input) {
  const auto now = std::chrono::system_clock::now();
  KnownHosts hosts("/nonexistent/known_hosts");
  require(hosts.vouch("red01", 22, input, now).has_value(), "nobody vouches without authority",
          input);

  const MemoryFile file("@cert-authority red01 " + authority().type + " " + authority().base64);
  KnownHosts with_authority("/nonexistent/known_hosts", {file.name()});
  const bool is_genuine = input == certificate();
  require(with_authority.vouch("red01", 22, input, now).has_value() == !is_genuine,
          "the genuine certificate is taken, and no other", input);
}

void read_known_hosts(std::string_view input) {
  const MemoryFile file(input);
  const KnownHosts hosts("/nonexistent/known_hosts", {file.name()});
  const auto answer = hosts.check("red01", 2222, authority());
  using Verdict = KnownHosts::Verdict;
  require(answer.verdict == Verdict::unknown || answer.file == file.name(),
          "what is known is written somewhere", input);
  if (answer.verdict == Verdict::known || answer.verdict == Verdict::changed)
    require(!hosts.wants_certificate("red01", 2222), "a certificate only where no key is on file",
            input);
  for (const auto& type : hosts.types_of("red01", 2222))
    require(!type.empty(), "a key has a type", input);
}

void read_revoked_keys(std::string_view input) {
  // A binary list is ssh-keygen's to read: a process an input would be slow.
  if (input.starts_with("SSHKRL")) return;
  const MemoryFile file(input);
  KnownHosts hosts("/nonexistent/known_hosts");
  try {
    hosts.revoke_keys_in(file.name());
  } catch (const Error&) {
    return;  // most mutations end here
  }
  (void)hosts.check("red01", 22, authority());
}

void read_agent_answer(std::string_view input) {
  const auto keys = parse_agent_identities(input);
  std::size_t bytes = 0;
  if (keys)
    for (const AgentKey& key : *keys) bytes += key.blob.size() + key.comment.size();
  require(bytes <= input.size(), "no more keys than it has bytes", input);
}

void read_host_states(std::string_view input) {
  for (const auto& [playbook, state] : parse_host_states(input)) {
    for (const ItemState& item : state.drift())
      require(!describe_drift(item).empty(), "a difference can be told", input);
    (void)outstanding_changes(state, "digest", {}, {});
  }
  try {
    (void)parse_managed_list(input, "managed.list");
  } catch (const Error&) {
    // names the line that it cannot read: most mutations end here
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  read_banner(input);
  fetch_certificate(input);
  judge_certificate(input);
  read_known_hosts(input);
  read_revoked_keys(input);
  read_agent_answer(input);
  read_host_states(input);
  return 0;
}

#ifndef CLUSTERMPI_LIBFUZZER
namespace {

std::string packet(const std::string& payload) {
  constexpr std::size_t padding = 4;
  return wire_uint32(static_cast<std::uint32_t>(1 + payload.size() + padding)) +
         static_cast<char>(padding) + payload + std::string(padding, '\0');
}

/// What a server says in a key exchange, from its greeting to its certificate.
std::string key_exchange() {
  std::string proposal = '\x14' + std::string(16, 'c');
  proposal += wire_string("curve25519-sha256,ecdh-sha2-nistp256");
  proposal += wire_string("ssh-ed25519-cert-v01@openssh.com,ssh-ed25519");
  return "Welcome to red01\r\nSSH-2.0-OpenSSH_9.2p1\r\n" + packet(proposal) +
         packet('\2' + wire_string("padding")) + packet('\x1f' + wire_string(certificate()));
}

std::vector<std::string> seeds() {
  const std::string key = std::string(key_type) + " " + std::string(authority_base64) + "\n";
  return {
      certificate(),
      certificate(),
      key_exchange(),
      key_exchange(),
      '\x0c' + wire_uint32(2) + wire_string(certificate()) + wire_string("me@home") +
          wire_string(*decode_base64(authority_base64)) + wire_string(""),
      "SSH-2.0-x\r\n" + packet('\1' + wire_uint32(2) + wire_string("Too many connections")),
      "Exceeded MaxStartups\r\n",
      "Not allowed at this time\r\n",
      "red01,10.0.0.1 " + key + "[red01]:2222 " + key,
      "@cert-authority *.lab,!old.lab,red?1 " + key + "@revoked * " + key,
      "|1|dHdlbnR5IGJ5dGVzIG9mIHNhbHQ=|rAGKDDO1W2MHIMvAFeKbgFLm9zc= " + key,
      key + "# a comment\n" + key,
      "inputs abc\nitem file /etc/hosts d1 d2\nitem package slurmd 22.05 -\nitem service munge "
      "active failed\n",
      "package openmpi-bin|mpich\nblock /etc/hosts when=use_names  # why\nservice munge\n",
  };
}

}  // namespace

int main(int argc, char** argv) {
  return clustermpi::test::fuzz(argc, argv, seeds());
}
#endif
