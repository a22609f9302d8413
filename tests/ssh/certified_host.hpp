// A server whose host key has a certificate, and who signed it.
#pragma once

#include <poll.h>

#include "provision/ssh/certificate_fetch.hpp"
#include "provision/ssh/tcp.hpp"
#include "tests/ssh/sshd.hpp"

namespace clustermpi::test {

struct CertifiedHost {
  std::string names = own_address(1);     ///< whom the certificate is for
  std::vector<std::string> options = {};  ///< of ssh-keygen, when it is signed
  std::string type = "ed25519";           ///< of the host key
  std::string config = {};                ///< of sshd
};

class CertifiedHostTest : public SshTest {
 protected:
  CertifiedHostTest() { make_key(file("authority")); }

  std::unique_ptr<Sshd> start_certified(const CertifiedHost& host = {}) {
    fs::create_directories(file("node"));
    make_key(file("node/host_key"), host.type);
    std::vector<std::string> command{"ssh-keygen", "-q", "-s", file("authority"), "-I",
                                     "x",          "-h", "-n", host.names};
    command.insert(command.end(), host.options.begin(), host.options.end());
    command.push_back(file("node/host_key.pub"));
    if (const auto made = run_process(command); !made.ok())
      throw std::runtime_error("ssh-keygen: " + made.err);
    return start_sshd("node", fmt::format("HostCertificate {}\n{}",
                                          file("node/host_key-cert.pub").string(), host.config));
  }

  /// "MARKER HOSTS KEY" for known_hosts.
  [[nodiscard]] static std::string marked(const std::string& marker, const std::string& hosts,
                                          const fs::path& key) {
    const HostKey shown = public_key(key);
    return fmt::format("{} {} {} {}\n", marker, hosts, shown.type, shown.base64);
  }
  [[nodiscard]] std::string authority_line(const std::string& hosts) const {
    return marked("@cert-authority", hosts, file("authority"));
  }

  /// Talks to the server until it has nothing more to say to us.
  CertificateFetch::State fetch_from(const Target& target) {
    fetch = {};
    Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in to = socket_address(target.address, target.port);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("cannot connect to " + target.address);
    set_nonblocking(socket.get());
    set_read_threshold(socket.get(), 4);
    CertificateFetch::State state = fetch.begin(socket.get());
    while (state == CertificateFetch::State::waiting) {
      pollfd waiting{socket.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 20'000) != 1) throw std::runtime_error("the server says nothing");
      state = fetch.on_readable(socket.get());
    }
    return state;
  }

  CertificateFetch fetch;
};

}  // namespace clustermpi::test
