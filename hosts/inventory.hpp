// What the user wrote: cluster.toml as a value, and all that is wrong with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/placement_request.hpp"

namespace clustermpi {

struct Host {
  std::string name;  ///< short name, unique; what the node is called inside the cluster
  std::string
      address;       ///< IP address or DNS name to reach it by; equals `name` where none was given
  std::string user;  ///< who logs in and runs the jobs
  std::optional<std::uint16_t> port;  ///< of SSH; left out: what ssh's configuration says, else 22
  std::optional<unsigned> slots;      ///< ranks it takes; left out: its cores
  std::vector<std::string> labels;

  bool operator==(const Host&) const = default;
};

enum class HostKeyPolicy { strict, accept_new, ask };
enum class MpiImplementation { openmpi, mpich };

// Tables that are there only where the user wants what they set up.
struct SlurmPartition {
  std::string name;
  std::vector<std::string> hosts;  ///< names of hosts of the inventory, at least one
  bool is_default = false;         ///< takes jobs that name no partition
  std::string max_time;            ///< as Slurm writes it ("1-12:00:00"); empty: no limit

  bool operator==(const SlurmPartition&) const = default;
};
struct SlurmSettings {
  std::string partition = "main";          ///< the one that all nodes are in
  std::vector<SlurmPartition> partitions;  ///< beside it
  bool accounting = false;                 ///< keeps a record of all jobs in a data base
  bool memory_limits = false;  ///< a job asks for memory, and is held to what it asked for

  bool operator==(const SlurmSettings&) const = default;
};
struct PythonSettings {
  std::string venv = "~/ENV3";  ///< absolute, or "~/" and a path in the home of the host's user
  std::vector<std::string> packages = {"mpi4py"};  ///< names without versions

  bool operator==(const PythonSettings&) const = default;
};
struct StorageSettings {
  std::string directory;  ///< shared by all hosts, an absolute path
  std::string device;     ///< on the manager, holds it; empty: the manager's own file system
  bool format = false;    ///< may make a file system on a device that has none

  bool operator==(const StorageSettings&) const = default;
};

struct Inventory {
  std::string name = "cluster";
  std::string manager;           ///< name of the host where mpirun starts; left out: the first
  bool manager_computes = true;  ///< whether jobs run on the manager, too
  std::optional<std::string> network;  ///< CIDR; left out: found from the facts
  std::vector<Host> hosts;             ///< at least one, in the order written

  std::string
      identity;      ///< private key file as written ("~/.ssh/id_ed25519"); empty: the usual ones
  std::string jump;  ///< the way to all hosts, as parse_jump() reads it; empty: as ssh finds it
  /// Left out: accept-new, or strict where the user's own ssh configuration is.
  std::optional<HostKeyPolicy> host_key_policy;
  MpiImplementation mpi = MpiImplementation::openmpi;
  std::optional<PlacementRequest> placement;  ///< of [placement]; its `np` is 0
  std::optional<SlurmSettings> slurm;  ///< of [slurm], and so on; empty where the table is left out
  std::optional<PythonSettings> python;
  std::optional<StorageSettings> storage;

  /// The host of that name, or nullptr. The pointer lives as long as the inventory is not changed.
  [[nodiscard]] const Host* find(std::string_view host_name) const;
  [[nodiscard]] const Host& manager_host() const;  ///< the inventory must be valid
};

/// One mistake in a file, with the place and the way out.
struct Diagnostic {
  std::string file;
  unsigned line = 0;    ///< 1-based; 0: the file as a whole
  unsigned column = 0;  ///< 1-based, in characters
  std::string message;
  std::string hint;         ///< "did you mean 'manager'?"; may be empty
  std::string source_line;  ///< the line as written, for the caret

  bool operator==(const Diagnostic&) const = default;
};

struct ParsedInventory {
  Inventory inventory;                  ///< meaningful only while `diagnostics` is empty
  std::vector<Diagnostic> diagnostics;  ///< every mistake found, in the order of the file
};

/// Reads TOML `text`; `file` only names it in diagnostics. Never throws on what a user wrote.
[[nodiscard]] ParsedInventory parse_inventory(std::string_view text, const std::string& file);

/// "cluster.toml:3:1: unknown key ..." then the line, a caret below the column, and the hint. No
/// newline at the end; control characters that a file holds become '?'.
[[nodiscard]] std::string render(const Diagnostic& diagnostic);

/// The candidate nearest to `word` by edit distance (case and swapped neighbours weigh little), or
/// empty where none is near.
[[nodiscard]] std::string nearest_word(std::string_view word,
                                       const std::vector<std::string>& candidates);

}  // namespace clustermpi
