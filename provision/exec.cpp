#include "provision/exec.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "provision/privileges.hpp"

namespace clustermpi {

namespace {

/// What different hosts printed, what is equal once.
class DistinctOutputs {
 public:
  std::shared_ptr<const HostOutput> keep(std::shared_ptr<const HostOutput> output) {
    const std::uint64_t key = output->out.fingerprint() ^ output->err.fingerprint() << 1;
    const auto [begin, end] = outputs_.equal_range(key);
    const auto same =
        std::find_if(begin, end, [&](const auto& known) { return *known.second == *output; });
    if (same != end) return same->second;
    return outputs_.emplace(key, std::move(output))->second;
  }

 private:
  std::multimap<std::uint64_t, std::shared_ptr<const HostOutput>> outputs_;
};

using OutputsByHost = std::map<std::string, std::shared_ptr<HostOutput>>;

/// Jobs that fill `outputs`, where output is gathered. They do not own it: a host that has ended
/// gives its output up.
std::map<std::string, Job> jobs_for(const Cluster& cluster, const ExecRequest& request,
                                    OutputsByHost& outputs) {
  std::map<std::string, Job> jobs;
  for (const std::string& host : request.hosts) {
    if (!cluster.is_active(host)) continue;
    HostOutput* kept = nullptr;
    if (request.store != nullptr) {
      kept =
          outputs.emplace(host, std::make_shared<HostOutput>(*request.store)).first->second.get();
    }
    Job job;
    job.command = request.line;
    job.stream = request.input;
    job.timeout = cluster.options().timeout;
    job.on_output = [&request, host, kept](Stream stream, std::string_view text) {
      if (kept != nullptr) (stream == Stream::out ? kept->out : kept->err).append(text);
      if (request.on_output) request.on_output(host, stream, text);
    };
    if (request.as_root) become_root(job, cluster, host);
    jobs.emplace(host, std::move(job));
  }
  return jobs;
}

HostOutcome outcome_of(const Result& result) {
  HostOutcome outcome;
  outcome.error = result.error;
  if (!result.error) outcome.exit_status = result.exit_status;
  outcome.elapsed = result.elapsed;
  return outcome;
}

/// Hosts that do not make us root have their outcome before anything is run.
ExecOutcomes without_privileges(Cluster& cluster, const ExecRequest& request) {
  ExecOutcomes outcomes;
  if (request.as_root) obtain_privileges(cluster, request.hosts);
  for (const std::string& host : request.hosts) {
    const auto failure = cluster.failures().find(host);
    if (failure == cluster.failures().end()) continue;
    outcomes[host].error = failure->second;
    if (request.on_end) request.on_end(host);
  }
  return outcomes;
}

}  // namespace

ExecOutcomes execute(Cluster& cluster, const ExecRequest& request) {
  OutputsByHost outputs;
  DistinctOutputs different;
  ExecOutcomes outcomes = without_privileges(cluster, request);
  const auto take = [&](const std::string& host, const Result& result) {
    HostOutcome outcome = outcome_of(result);
    if (auto output = outputs.extract(host)) {
      // What others printed as well is kept once.
      outcome.output = different.keep(output.mapped());
    }
    if (outcome.error && !was_interrupted(outcome)) cluster.fail(host, *outcome.error);
    outcomes.emplace(host, std::move(outcome));
    if (request.on_end) request.on_end(host);
  };
  (void)cluster.attempt(cluster.fleet(), jobs_for(cluster, request, outputs), take);
  return outcomes;
}

std::vector<OutcomeGroup> fold_outcomes(const ExecOutcomes& outcomes,
                                        const std::vector<std::string>& hosts) {
  std::vector<OutcomeGroup> groups;
  std::map<std::pair<const HostOutput*, std::optional<int>>, std::size_t> places;
  for (const std::string& host : hosts) {
    const auto found = outcomes.find(host);
    if (found == outcomes.end()) continue;
    const HostOutcome& outcome = found->second;
    const auto [place, is_new] =
        places.emplace(std::pair{outcome.output.get(), outcome.exit_status}, groups.size());
    if (is_new) groups.push_back({{}, &outcome});
    groups[place->second].hosts.push_back(host);
  }
  return groups;
}

int worst_status(const ExecOutcomes& outcomes) {
  int worst = 0;
  for (const auto& [host, outcome] : outcomes) {
    if (was_interrupted(outcome)) return static_cast<int>(ExitCode::interrupted);
    worst = std::max(worst, outcome.exit_status.value_or(static_cast<int>(ExitCode::hosts_failed)));
  }
  return worst;
}

bool was_interrupted(const HostOutcome& outcome) {
  return outcome.error && outcome.error->code == "cancelled";
}

}  // namespace clustermpi
