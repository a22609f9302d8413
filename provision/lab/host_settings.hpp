// What a lab needs of this machine's kernel, raised when the first lab comes and put back when the
// last one goes. Each change is written down before it is made.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace clustermpi::lab {

class HostSettings {
 public:
  /// `record` is the file that remembers; `sys` is /proc/sys but in tests. The caller holds the
  /// lock of the labs.
  explicit HostSettings(std::filesystem::path record, std::filesystem::path sys = "/proc/sys");

  /// Forwarding between the labs and the world, inotify objects for dozens of systemds.
  void prepare();
  /// Lets the kernel run programs of `arch` ("arm64") through qemu, setuid ones too.
  /// Throws Error{local_failure} with the package to install.
  void emulate(const std::string& arch);
  void restore();

 private:
  struct Record {
    std::map<std::string, std::string> sysctls;  ///< path below /proc/sys -> value before
    bool mounted_binfmt = false;
    bool made_netns_folder = false;  ///< `ip netns` makes /run/netns a mount, and leaves it
    std::set<std::string> handlers;  ///< registered with binfmt_misc
  };
  [[nodiscard]] Record load() const;
  void save(const Record& record) const;
  void raise(Record& record, const std::string& key, unsigned long at_least) const;

  std::filesystem::path record_;
  std::filesystem::path sys_;
};

/// "amd64" where this machine is one.
[[nodiscard]] std::string native_arch();

}  // namespace clustermpi::lab
