// Throws broken input at all that reads what users and nodes write. With clang, -fsanitize=fuzzer
// and -DCLUSTERMPI_LIBFUZZER it is a libFuzzer target; without, a program that mutates the samples
// itself: hosts_fuzz [ROUNDS [SEED]].
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/facts.hpp"
#include "hosts/hostlist.hpp"
#include "hosts/inventory.hpp"

namespace {

using namespace std::string_view_literals;

void require(bool holds, const char* what, std::string_view input) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\ninput (%zu bytes):\n%.*s\n", what, input.size(),
               static_cast<int>(input.size()), input.data());
  std::abort();
}

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

/// `text` with some bytes changed, dropped, doubled, or replaced by what parsers stumble over.
std::string mutate(std::string text, std::mt19937& random) {
  static const std::vector<std::string_view> stumbling = {
      "[",     "]",         "[[",
      "\"",    "'",         "\"\"\"",
      "=",     ",",         "-",
      "\n",    "\0"sv,      "\xff",
      "\\",    "0",         "99999999999999999999",
      "[1-9]", "probe=1\n", "\xef\xbb\xbf",
      "{",     "\t"};
  for (auto changes = 1 + random() % 4; changes > 0 && !text.empty(); --changes) {
    const std::size_t at = random() % text.size();
    switch (random() % 4) {
      case 0:
        text[at] = static_cast<char>(random());
        break;
      case 1:
        text.erase(at, 1 + random() % 8);
        break;
      case 2:
        text.insert(at, text.substr(at, 1 + random() % 16));
        break;
      default:
        text.insert(at, stumbling[random() % stumbling.size()]);
    }
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned long rounds = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 2000;
  const unsigned long seed = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1;
  std::mt19937 random(static_cast<std::mt19937::result_type>(seed));
  const std::vector<std::string> texts = seeds();
  for (unsigned long round = 0; round < rounds; ++round) {
    const std::string input = mutate(texts[random() % texts.size()], random);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  }
  std::printf("%lu inputs survived (seed %lu)\n", rounds, seed);
  return 0;
}
#endif
