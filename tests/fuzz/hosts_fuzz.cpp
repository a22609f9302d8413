// Throws broken input at all that reads what users and nodes write: see fuzz.hpp for how it runs.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/facts.hpp"
#include "hosts/hostlist.hpp"
#include "hosts/inventory.hpp"
#include "hosts/slurm_hostlist.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using clustermpi::test::require;

void read_hostlist(std::string_view input) {
  std::vector<std::string> names;
  try {
    names = clustermpi::expand_hostlist(input);
  } catch (const clustermpi::HostlistError& error) {
    require(error.position() <= input.size(), "the position lies in the expression", input);
    return;
  }
  if (names.size() > 2000) return;  // what is worth testing shows in small lists
  const std::vector<std::string> again =
      clustermpi::expand_hostlist(clustermpi::fold_hostlist(names));
  require(std::set(names.begin(), names.end()) == std::set(again.begin(), again.end()),
          "expand is the inverse of fold", input);
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  read_hostlist(input);
  read_inventory(input);
  read_probe(input);
  return 0;
}

#ifndef CLUSTERMPI_LIBFUZZER
namespace {

std::vector<std::string> seeds() {
  std::vector<std::string> texts = {
      "red,red0[1-3]", "r[1-2]n[08-11,13]-ib x", "a[0-9][00-09]",
      "probe=1\nhostname=red\nkernel=6\nos_id=debian\narchitecture=arm64\nsockets=1\ncores=4\ncpus="
      "4\n"
      "memory_kib=1\nclock=1.5\nssh_connection=10.0.0.1 1 10.0.0.2 22\ninterface=eth0 10.0.0.2/24\n"
      "home=/home/pi\nlogin_user=pi\nsudo=1\npackage=openmpi-bin 4.1.4\nend=1\n"};
  for (const auto& sample :
       std::filesystem::directory_iterator(CLUSTERMPI_SOURCE_DIR "/hosts/samples")) {
    std::ostringstream text;
    text << std::ifstream(sample.path()).rdbuf();
    texts.push_back(text.str());
  }
  return texts;
}

}  // namespace

int main(int argc, char** argv) {
  return clustermpi::test::fuzz(argc, argv, seeds());
}
#endif
