// Throws broken input at all that reads what users and nodes write: see fuzz.hpp for how it runs.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/error.hpp"
#include "hosts/facts.hpp"
#include "hosts/hostlist.hpp"
#include "hosts/hostlist_forms.hpp"
#include "hosts/hostlist_sources.hpp"
#include "hosts/inventory.hpp"
#include "hosts/topology_json.hpp"
#include "hosts/topology_sources.hpp"
#include "tests/content_of.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/topology_promises.hpp"

namespace {

using clustermpi::test::require;

/// Groups, and one file that is the input itself: it may well name itself.
clustermpi::HostlistSources sources_of(std::string_view input) {
  static const clustermpi::HostGroups groups = {{"all", {"red", "red01"}},
                                                {"label:pi4", {"red01"}}};
  clustermpi::HostlistSources sources;
  sources.groups = []() -> const clustermpi::HostGroups& { return groups; };
  sources.read_file = [input](const std::string& file) {
    if (file != "f") throw clustermpi::Error(clustermpi::ExitCode::local_failure, "no such file");
    return std::string(input);
  };
  return sources;
}

void read_hostlist(std::string_view input) {
  if (std::count(input.begin(), input.end(), '^') > 3)
    return;  // of files, eight deep, in each other
  clustermpi::Hostlist list;
  try {
    list = clustermpi::Hostlist::parse(input, sources_of(input));
  } catch (const clustermpi::HostlistError& error) {
    require(error.position() <= error.expression().size(), "the position lies in the expression",
            input);
    require(!clustermpi::render(error).empty(), "a mistake can be shown", input);
    return;
  }
  const std::vector<std::string>& names = list.names();
  if (names.size() > 2000) return;  // what is worth testing shows in small lists
  const std::set<std::string> set(names.begin(), names.end());
  require(set.size() == names.size(), "each name once", input);
  const auto is_same = [&](const std::string& folded) {
    const std::vector<std::string> again = clustermpi::expand_hostlist(folded);
    return std::set(again.begin(), again.end()) == set;
  };
  require(is_same(list.fold()), "expand is the inverse of fold", input);
  for (const auto reader : {clustermpi::HostlistReader::slurm, clustermpi::HostlistReader::pdsh})
    require(is_same(clustermpi::fold_for(reader, names)), "every form is the same set", input);
  require(clustermpi::expand_hostlist(clustermpi::slurm_hostlist(names)) == names,
          "Slurm's list keeps names and order", input);
}

void read_inventory(std::string_view input) {
  const auto parsed = clustermpi::parse_inventory(input, "fuzz.toml");
  for (const auto& diagnostic : parsed.diagnostics) {
    require(!diagnostic.message.empty(), "a diagnostic says something", input);
    (void)clustermpi::render(diagnostic);
  }
  if (parsed.diagnostics.empty())
    require(parsed.inventory.find(parsed.inventory.manager) != nullptr, "a manager among the hosts",
            input);
}

void read_probe(std::string_view input) {
  try {
    const clustermpi::Facts facts = clustermpi::parse_probe(input);
    require(facts.cores() > 0, "a node has a core", input);
    require(facts.architecture.find_first_of("/{ ") == std::string::npos, "a harmless name", input);
  } catch (const std::invalid_argument&) {
    // a key is missing: most mutations end here
  }
}

void check_topology(const std::optional<clustermpi::Topology>& topology, std::string_view input) {
  if (!topology) return;
  require(clustermpi::test::broken_promise(*topology).empty(), "a topology keeps its promises",
          input);
  require(clustermpi::topology_of_json(clustermpi::short_json(*topology)) == topology,
          "a topology survives facts.json", input);
}

void read_topology(std::string_view input) {
  check_topology(clustermpi::topology_of_hwloc(input), input);
  std::vector<std::string> lines;
  std::istringstream text{std::string(input)};
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  check_topology(clustermpi::topology_of_sysfs(lines), input);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  read_hostlist(input);
  read_inventory(input);
  read_probe(input);
  read_topology(input);
  return 0;
}

#ifndef CLUSTERMPI_LIBFUZZER
namespace {

std::vector<std::string> seeds() {
  std::vector<std::string> texts = {
      "red,red0[1-3]",
      "r[1-2]n[08-11,13]-ib x",
      "a[0-9][00-09]",
      "n[1-9]!n[2-4],n[0-10/2]&n[5-7]",
      "@all!@pi4 ^f",
      "n[1-5]^n[4-6] , !n1 # mine\nred[1-2]",
      "probe=1\nhostname=red\nkernel=6\nos_id=debian\narchitecture=arm64\n"
      "topology=cpu/online:0-3\ncpus=4\n"
      "memory_kib=1\nclock=1.5\nssh_connection=10.0.0.1 1 10.0.0.2 22\ninterface=eth0 10.0.0.2/24\n"
      "home=/home/pi\nlogin_user=pi\nsudo=1\npackage=openmpi-bin 4.1.4\nend=1\n"};
  for (const char* folder : {"/hosts/samples", "/tests/unit/hosts/topology"}) {
    for (const auto& sample :
         std::filesystem::directory_iterator(std::string(CLUSTERMPI_SOURCE_DIR) + folder))
      texts.push_back(clustermpi::test::content_of(sample.path()));
  }
  return texts;
}

}  // namespace

int main(int argc, char** argv) {
  return clustermpi::test::fuzz(argc, argv, seeds());
}
#endif
