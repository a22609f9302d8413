#include "provision/ssh/known_hosts.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <span>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "hosts/error.hpp"
#include "provision/descriptor.hpp"
#include "provision/files.hpp"
#include "provision/ssh/host_certificate.hpp"
#include "provision/ssh/known_hosts_line.hpp"
#include "provision/ssh/revoked_keys.hpp"
#include "provision/ssh/wire.hpp"

namespace clustermpi {
namespace {

using Kind = KnownHostsLine::Kind;

/// Room for a hundred thousand hosts. What is larger is no known_hosts file, and reading it must
/// not take all memory.
constexpr std::size_t largest_file = 16 * 1024 * 1024;
constexpr unsigned ssh_port = 22;

std::string described(const HostKey& key) {
  return fmt::format("{} {}", key.type, fingerprint(key));
}

}  // namespace

struct KnownHosts::Impl {
  struct Entry {
    KnownHostsLine line;
    std::filesystem::path file;
    unsigned number = 0;
  };

  std::filesystem::path pins;
  std::vector<std::filesystem::path> others;
  unsigned pins_lines = 0;  ///< how many lines our own file has
  std::vector<Entry> entries;
  std::multimap<std::string, std::size_t> by_name;  ///< plain lines
  bool has_authorities = false;  ///< most files have none: a second lookup can be left out
  bool has_revoked = false;
  RevokedKeys revoked_everywhere;
  std::map<std::string, std::vector<HostKey>> vouched_for;  ///< by certificates, by name
  std::vector<std::size_t> to_match;                        ///< hashed, wildcard and negated ones
  /// Hashed lines cost a digest each, and every connection asks twice: answers are kept, and a line
  /// whose name was found is not tried with another.
  mutable std::map<std::string, std::vector<std::size_t>> lookups;
  mutable std::set<std::size_t> solved;

  void read() {
    entries.clear();
    by_name.clear();
    to_match.clear();
    lookups.clear();
    solved.clear();
    has_authorities = has_revoked = false;
    pins_lines = read(pins);
    for (const auto& file : others) read(file);
  }

  /// How many lines `file` has.
  unsigned read(const std::filesystem::path& file) {
    unsigned number = 0;
    const auto content = read_file_if_exists(file, largest_file);
    if (!content) return number;
    for (std::string_view rest = *content; !rest.empty();) {
      const auto end = std::min(rest.find('\n'), rest.size());
      ++number;
      if (auto line = parse_known_hosts_line(rest.substr(0, end)))
        add({std::move(*line), file, number});
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return number;
  }

  void add(Entry entry) {
    const std::size_t index = entries.size();
    if (entry.line.hosts.plain()) {
      for (const auto& name : entry.line.hosts.names()) by_name.emplace(name, index);
    } else {
      to_match.push_back(index);
    }
    has_authorities |= entry.line.kind == Kind::authority;
    has_revoked |= entry.line.kind == Kind::revoked;
    entries.push_back(std::move(entry));
  }

  /// A pin that was just appended to our file: it changes the answer for that one host only.
  void add_pin(const std::string& host, const HostKey& key) {
    const std::size_t index = entries.size();
    add({{*HostPatterns::parse(host), key}, pins, ++pins_lines});
    if (const auto found = lookups.find(host); found != lookups.end())
      found->second.push_back(index);
  }

  /// Indexes of the lines that speak of `host`, in the order of the files.
  const std::vector<std::size_t>& lines_for(const std::string& host) const {
    const auto [found, is_new] = lookups.try_emplace(host);
    if (is_new) {
      std::vector<std::size_t>& lines = found->second;
      const auto [begin, end] = by_name.equal_range(host);
      for (auto it = begin; it != end; ++it) lines.push_back(it->second);
      for (const std::size_t index : to_match) {
        if (solved.contains(index) || !entries[index].line.hosts.match(host)) continue;
        lines.push_back(index);
        if (entries[index].line.hosts.hashed()) solved.insert(index);
      }
      std::sort(lines.begin(), lines.end());
    }
    return found->second;
  }

  /// The line of that kind about `host`; with a key, the one that has it.
  const Entry* find(Kind kind, const std::string& host, const HostKey* key = nullptr) const {
    for (const std::size_t index : lines_for(host)) {
      const Entry& entry = entries[index];
      if (entry.line.kind == kind && (!key || entry.line.key == *key)) return &entry;
    }
    return nullptr;
  }

  /// The same under the names that stand for a host: OpenSSH takes what is said of it without a
  /// port for its other ports too, where nothing is said of those.
  const Entry* find(Kind kind, std::string_view name, unsigned port, const HostKey* key) const {
    const Entry* found = find(kind, known_hosts_name(name, port), key);
    if (found || port == ssh_port) return found;
    return find(kind, known_hosts_name(name, ssh_port), key);
  }

  const Entry* authority(std::string_view name, unsigned port, const HostKey* key = nullptr) const {
    return has_authorities ? find(Kind::authority, name, port, key) : nullptr;
  }

  std::optional<RevokedKeys::Place> revoked(std::string_view name, unsigned port,
                                            const HostKey& key) const {
    const Entry* entry = has_revoked ? find(Kind::revoked, name, port, &key) : nullptr;
    if (entry) return RevokedKeys::Place{entry->file, entry->number};
    return revoked_everywhere.find(key);
  }

  /// A key of `host` that is on file, of that type if possible.
  const Entry* other_key(const std::string& host, const std::string& type) const {
    const Entry* other = nullptr;
    for (const std::size_t index : lines_for(host)) {
      const Entry& entry = entries[index];
      if (entry.line.kind != Kind::key) continue;
      if (entry.line.key.type == type) return &entry;
      if (!other) other = &entry;
    }
    return other;
  }

  /// Keys that certificates spoke for.
  std::span<const HostKey> vouched(const std::string& host) const {
    const auto found = vouched_for.find(host);
    if (found == vouched_for.end()) return {};
    return found->second;
  }
};

KnownHosts::KnownHosts(std::filesystem::path pins, std::vector<std::filesystem::path> others)
    : impl_(std::make_unique<Impl>()) {
  impl_->pins = std::move(pins);
  impl_->others = std::move(others);
  impl_->read();
}

KnownHosts::~KnownHosts() = default;

const std::filesystem::path& KnownHosts::pins_file() const {
  return impl_->pins;
}

void KnownHosts::revoke_keys_in(const std::filesystem::path& file) {
  impl_->revoked_everywhere.add(file);
}

KnownHosts::Answer KnownHosts::check(std::string_view name, unsigned port,
                                     const HostKey& key) const {
  if (const auto place = impl_->revoked(name, port, key))
    return {Verdict::revoked, key, place->file, place->line};
  const std::string host = known_hosts_name(name, port);
  const auto vouched = impl_->vouched(host);
  if (std::ranges::find(vouched, key) != vouched.end()) return {Verdict::known, key, {}, 0};
  if (const auto* same = impl_->find(Kind::key, host, &key))
    return {Verdict::known, key, same->file, same->number};
  if (const auto* other = impl_->other_key(host, key.type))
    return {Verdict::changed, other->line.key, other->file, other->number};
  if (const auto* same = impl_->find(Kind::key, name, port, &key))
    return {Verdict::known, key, same->file, same->number};
  if (const auto* authority = impl_->authority(name, port))
    return {Verdict::unknown, {}, authority->file, authority->number};
  return {};
}

std::vector<std::string> KnownHosts::types_of(std::string_view name, unsigned port) const {
  std::vector<std::string> types;
  const auto add = [&](const HostKey& key) {
    if (std::ranges::find(types, key.type) == types.end()) types.push_back(key.type);
  };
  const std::string host = known_hosts_name(name, port);
  for (const HostKey& key : impl_->vouched(host)) add(key);
  for (const std::size_t index : impl_->lines_for(host)) {
    const KnownHostsLine& line = impl_->entries[index].line;
    if (line.kind == Kind::key) add(line.key);
  }
  return types.empty() && port != ssh_port ? types_of(name, ssh_port) : types;
}

std::vector<KnownHosts::Entry> KnownHosts::on_file(std::string_view name, unsigned port) const {
  std::vector<Entry> found;
  for (const std::size_t index : impl_->lines_for(known_hosts_name(name, port))) {
    const auto& [line, file, number] = impl_->entries[index];
    found.push_back(
        {line.key, line.kind == Kind::revoked, file, number, line.kind == Kind::authority});
  }
  return found;
}

bool KnownHosts::wants_certificate(std::string_view name, unsigned port) const {
  return impl_->authority(name, port) && types_of(name, port).empty();
}

std::optional<std::string> KnownHosts::vouch(std::string_view name, unsigned port,
                                             std::string_view certificate,
                                             std::chrono::system_clock::time_point now) {
  HostCertificate read;
  try {
    read = read_host_certificate(certificate);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  if (!impl_->authority(name, port, &read.authority))
    return fmt::format("it is signed by {}, which is not an authority for {}",
                       described(read.authority), name);
  const HostKey whole{std::string(WireReader(certificate).string()), encode_base64(certificate)};
  for (const auto& [what, key] : {std::pair{"the authority's key", read.authority},
                                  {"the host's key", read.key},
                                  {"the certificate", whole}}) {
    if (const auto place = impl_->revoked(name, port, key))
      return fmt::format("{} is revoked by {}", what, place->written());
  }
  if (auto reason = why_not_valid(read, known_hosts_name(name, ssh_port), now)) return reason;
  impl_->vouched_for[known_hosts_name(name, port)].push_back(std::move(read.key));
  return std::nullopt;
}

void KnownHosts::pin(std::string_view name, unsigned port, const HostKey& key) {
  const Answer answer = check(name, port, key);
  if (answer.verdict == Verdict::known) return;
  const std::string host = known_hosts_name(name, port);
  if (answer.by_certificate_only())
    throw Error(ExitCode::local_failure,
                fmt::format("{}:{} names a certificate authority for {}: a key without a "
                            "certificate is not trusted there",
                            answer.file.string(), answer.line, host));
  const std::string line = fmt::format("{} {} {}\n", host, key.type, key.base64);
  const auto fail = [&](int reason) {
    throw Error(ExitCode::local_failure, fmt::format("cannot write {}: {}", impl_->pins.string(),
                                                     std::generic_category().message(reason)));
  };

  // One append, so that two programs that pin at the same time do not lose each other's lines.
  const Descriptor file(
      ::open(impl_->pins.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.is_open()) fail(errno);
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  char last = '\n';
  if (size > 0 && ::pread(file.get(), &last, 1, size - 1) != 1) fail(errno);
  const std::string text = last == '\n' ? line : '\n' + line;
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    fail(errno);
  impl_->add_pin(host, key);
}

std::size_t KnownHosts::forget(std::string_view name, unsigned port) {
  const auto content = read_file_if_exists(impl_->pins, largest_file);
  if (!content) return 0;
  const std::string host = known_hosts_name(name, port);
  std::string kept;
  std::size_t forgotten = 0;
  for (std::string_view rest = *content; !rest.empty();) {
    const auto length = std::min(rest.find('\n'), rest.size() - 1) + 1;
    const std::string_view text = rest.substr(0, length);
    rest.remove_prefix(length);
    const auto line = parse_known_hosts_line(text);
    // A wildcard speaks of more than this host; what is revoked stays so, and an authority stays.
    const bool ours = line && line->kind == Kind::key &&
                      (line->hosts.plain() || line->hosts.hashed()) && line->hosts.match(host);
    if (!ours) {
      kept += text;
      continue;
    }
    ++forgotten;
    std::string others;
    for (const auto& other : line->hosts.names())
      if (other != host) others += (others.empty() ? "" : ",") + other;
    if (!others.empty())
      kept += fmt::format("{} {} {}\n", others, line->key.type, line->key.base64);
  }
  if (forgotten > 0) {
    write_file(impl_->pins, kept, S_IRUSR | S_IWUSR);
    impl_->read();
  }
  return forgotten;
}

}  // namespace clustermpi
