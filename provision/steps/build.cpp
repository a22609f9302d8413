#include "provision/steps/build.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>

#include "hosts/mpi.hpp"
#include "provision/catalogue.hpp"
#include "provision/files.hpp"
#include "provision/steps/distribute.hpp"

namespace fs = std::filesystem;

namespace clustermpi {

namespace {

using namespace std::chrono_literals;

/// Called with the program's name and the compiler's. Reads the source from stdin and writes the
/// program to stdout; what the compiler says goes to stderr.
constexpr std::string_view compile_script =
    "set -u\n"
    "dir=$(mktemp -d) || exit 1\n"
    "trap 'rm -rf \"$dir\"' EXIT\n"
    "cat >\"$dir/$1.cpp\" || exit 1\n"
    "\"$2\" -std=c++17 -O2 -ffp-contract=off -pthread -o \"$dir/$1\" \"$dir/$1.cpp\" >&2 || exit "
    "1\n"
    "cat \"$dir/$1\"\n";

struct Source {
  std::string program;
  std::shared_ptr<const std::string> text;
  std::string digest;
};

std::vector<Source> sources_of(const std::vector<std::string>& programs) {
  std::vector<Source> sources;
  for (const std::string& program : programs) {
    auto text = std::make_shared<const std::string>(whole_source(find_example(program)));
    std::string digest = sha256(*text);
    sources.push_back({program, std::move(text), std::move(digest)});
  }
  return sources;
}

/// What decides a compiled program: its source, how it is compiled, and which MPI it links.
std::string build_digest(const Cluster& cluster, const BuildGroup& group, const Source& source) {
  const auto& packages = cluster.facts.at(group.builder).packages;
  const auto library = packages.find(std::string(mpi_names(cluster.inventory().mpi).headers));
  return sha256(fmt::format("{}\n{}\n{}\n{}\n", source.digest, compile_script, group.key,
                            library == packages.end() ? "" : library->second));
}

fs::path compiled(const Cluster& cluster, const BuildGroup& group, const std::string& program) {
  return cluster.workspace().programs(group.key) / program;
}

fs::path digest_file(const fs::path& program) {
  return program.string() + ".inputs";
}

bool up_to_date(const Cluster& cluster, const BuildGroup& group, const Source& source) {
  const fs::path file = compiled(cluster, group, source.program);
  return fs::exists(file) &&
         read_file_if_exists(digest_file(file)) == build_digest(cluster, group, source);
}

struct Compilation {
  BuildGroup group;
  Source source;
};

std::vector<Compilation> outstanding(const Cluster& cluster,
                                     const std::vector<std::string>& programs) {
  const std::vector<Source> sources = sources_of(programs);
  std::vector<Compilation> work;
  for (const BuildGroup& group : build_groups(cluster.inventory(), cluster.facts)) {
    if (!cluster.is_active(group.builder)) continue;
    for (const Source& source : sources) {
      if (!up_to_date(cluster, group, source)) work.push_back({group, source});
    }
  }
  return work;
}

HostError compile_error(const std::string& program, const Result& result) {
  return {
      "build_failed",
      fmt::format("{} does not compile there: {}", program, printable(result.err.substr(0, 600))),
      "is its disk full, or its compiler damaged? `clustermpi install mpi` puts packages right"};
}

}  // namespace

std::string BuildStep::title() const {
  return fmt::format("{} for each architecture and MPI", fmt::join(programs_, ", "));
}

std::vector<Change> BuildStep::plan(Cluster& cluster) {
  std::vector<Change> changes;
  for (const Compilation& work : outstanding(cluster, programs_)) {
    changes.push_back({work.group.builder,
                       fmt::format("compile {} for {}", work.source.program, work.group.key)});
  }
  return changes;
}

std::string BuildStep::apply(Cluster& cluster, const std::vector<Change>&) {
  const auto work = outstanding(cluster, programs_);
  const std::string_view compiler = mpi_names(cluster.inventory().mpi).compiler;
  std::vector<Job> jobs;
  for (const Compilation& each : work) {
    Job job;
    job.host = cluster.fleet().index_of(each.group.builder).value();
    job.command = fmt::format("sh -c {} build {} {}", shell_quote(compile_script),
                              shell_quote(each.source.program), compiler);
    job.input = each.source.text;
    job.timeout = 10min;  // emulated or old boards take a minute a program
    jobs.push_back(std::move(job));
    cluster.progress(each.group.builder, fmt::format("compiling for {}", each.group.key));
  }
  const auto results = cluster.fleet().run(std::move(jobs));
  cluster.throw_if_cancelled();
  std::size_t built = 0;
  for (std::size_t i = 0; i < work.size(); ++i) {
    const auto& [group, source] = work[i];
    if (results[i].error) {
      cluster.fail(group.builder, *results[i].error);
    } else if (results[i].exit_status != 0) {
      cluster.fail(group.builder, compile_error(source.program, results[i]));
    } else {
      const fs::path file = compiled(cluster, group, source.program);
      fs::create_directories(file.parent_path());
      write_file(file, results[i].out, 0755);
      write_file(digest_file(file), build_digest(cluster, group, source));
      ++built;
    }
  }
  return fmt::format("{} of {} programs compiled", built, work.size());
}

}  // namespace clustermpi
