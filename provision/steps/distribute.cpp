#include "provision/steps/distribute.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <sstream>

#include "hosts/writers.hpp"
#include "provision/files.hpp"
#include "provision/remote_scripts.hpp"

namespace fs = std::filesystem;

namespace clustermpi {

namespace {

using namespace std::chrono_literals;

/// One line a file, in order: its digest, or "-" where it is not there.
std::string digests_script(const std::vector<std::string>& paths) {
  std::string script = "for path in";
  for (const std::string& path : paths) script += " " + shell_quote(path);
  return script +
         "; do digest=$(sha256sum <\"$path\") 2>/dev/null && printf '%s\\n' \"${digest%% *}\" || "
         "echo -; done 2>/dev/null\n";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string octal_mode(const fs::path& file) {
  return fmt::format("{:o}", static_cast<unsigned>(fs::status(file).permissions()) & 0777);
}

HostError not_written(const std::string& remote, const Result& result) {
  const bool full = result.err.find("No space left") != std::string::npos;
  const std::string said = printable(result.err.substr(0, 300));
  if (full) {
    return {"no_space", fmt::format("no space left for {}", remote),
            "make room on that host (`df -h` shows where) and run the same command again"};
  }
  return {"distribute_failed", fmt::format("cannot write {}: {}", remote, said),
          "may the login user write there? name another folder with --to"};
}

/// The builder of these hosts failed, or nothing was built yet.
void fail_without_program(Cluster& cluster, const Placed& file) {
  for (const std::string& host : file.hosts) {
    if (!cluster.is_active(host)) continue;
    cluster.fail(host, {"no_program",
                        fmt::format("there is no {} for its kind of machine yet",
                                    file.local.filename().string()),
                        "`clustermpi build` compiles it, once the host that compiles is right"});
  }
}

/// A file's content is read once, however many hosts get it.
struct Content {
  std::shared_ptr<const std::string> bytes;
  std::string digest;
};

Content content_of(const fs::path& file) {
  auto bytes = std::make_shared<const std::string>(read_file(file));
  std::string digest = sha256(*bytes);
  return {std::move(bytes), std::move(digest)};
}

}  // namespace

const std::vector<std::string>& bundled_programs() {
  static const std::vector<std::string> programs{"hello", "links", "ring", "pi"};
  return programs;
}

std::string program_path(const Cluster& cluster, const std::string& program) {
  const auto manager = cluster.facts.find(cluster.inventory().manager);
  const std::string home = manager == cluster.facts.end() ? "" : manager->second.home + "/";
  return fmt::format("{}{}/{}", home, program_folder, program);
}

namespace {

std::vector<Placed> placed_programs(const Cluster& cluster,
                                    const std::vector<std::string>& programs) {
  std::vector<Placed> files;
  for (const BuildGroup& group : build_groups(cluster.inventory(), cluster.facts)) {
    for (const std::string& program : programs) {
      files.push_back({cluster.workspace().programs(group.key) / program,
                       program_path(cluster, program), group.members});
    }
  }
  return files;
}

}  // namespace

std::vector<Change> DistributeStep::plan(Cluster& cluster) {
  if (!programs_.empty()) files_ = placed_programs(cluster, programs_);
  std::vector<std::string> digests;
  std::map<std::string, std::vector<std::size_t>> by_host;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const bool is_there = fs::exists(files_[i].local);
    digests.push_back(is_there ? sha256(read_file(files_[i].local)) : "");
    if (!is_there && !cluster.options().dry_run) {
      fail_without_program(cluster, files_[i]);
      continue;
    }
    for (const std::string& host : files_[i].hosts) {
      if (cluster.is_active(host)) by_host[host].push_back(i);
    }
  }
  std::map<std::string, Job> jobs;
  for (const auto& [host, indices] : by_host) {
    std::vector<std::string> paths;
    for (const std::size_t i : indices) paths.push_back(files_[i].remote);
    Job job;
    job.command = "sh -s";
    job.input = std::make_shared<const std::string>(digests_script(paths));
    job.timeout = 5min;  // of reading large files on a slow card
    jobs.emplace(host, std::move(job));
  }
  std::vector<Change> changes;
  missing_.clear();
  for (const auto& [host, result] : cluster.run_jobs(std::move(jobs))) {
    const auto found = lines_of(result.out);
    const auto& indices = by_host[host];
    for (std::size_t k = 0; k < indices.size(); ++k) {
      if (k < found.size() && !digests[indices[k]].empty() && found[k] == digests[indices[k]])
        continue;
      missing_.push_back({host, indices[k]});
      changes.push_back({host, fmt::format("put {} in place", files_[indices[k]].remote)});
    }
  }
  return changes;
}

std::string DistributeStep::apply(Cluster& cluster, const std::vector<Change>&) {
  std::map<std::size_t, Content> contents;
  std::vector<Job> jobs;
  std::set<std::string> receivers;
  std::uintmax_t bytes = 0;
  for (const auto& [host, index] : missing_) {
    const Placed& file = files_[index];
    if (!contents.contains(index)) contents.emplace(index, content_of(file.local));
    const Content& content = contents.at(index);
    Job job;
    job.host = cluster.fleet().index_of(host).value();
    job.command = fmt::format("sh -c {} receive {} {} {}", shell_quote(remote::receive),
                              shell_quote(file.remote), content.digest, octal_mode(file.local));
    job.input = content.bytes;
    job.timeout = cluster.options().timeout;
    jobs.push_back(std::move(job));
    bytes += content.bytes->size();
    if (receivers.insert(host).second) cluster.progress(host, "receiving");
  }
  const auto results = cluster.fleet().run(std::move(jobs));
  cluster.throw_if_cancelled();
  std::size_t placed = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto& [host, index] = missing_[i];
    if (results[i].ok()) {
      ++placed;
    } else if (cluster.is_active(host)) {
      cluster.fail(host, results[i].error ? *results[i].error
                                          : not_written(files_[index].remote, results[i]));
    }
  }
  return fmt::format("{} of {} files placed on {} hosts, {:.1f} MB sent", placed, results.size(),
                     receivers.size(), static_cast<double>(bytes) / 1e6);
}

}  // namespace clustermpi
