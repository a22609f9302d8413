#include "provision/ssh/known_hosts.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "hosts/error.hpp"
#include "provision/descriptor.hpp"
#include "provision/files.hpp"

namespace clustermpi {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// The name that a known_hosts line has for a host.
std::string spelled(std::string_view name, unsigned port) {
  return port == 22 ? lower(name) : fmt::format("[{}]:{}", lower(name), port);
}

std::vector<std::string> split(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts;
  while (true) {
    const auto begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) return parts;
    const auto end = std::min(text.find_first_of(separators, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

/// Shell-like: `*` is any run of characters, `?` any one. Linear in practice: only the last star is
/// ever tried again.
bool matches_wildcard(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, after_star = std::string_view::npos, star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p, ++t;
    } else if (after_star != std::string_view::npos) {
      p = after_star;
      t = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

/// The first field of a line: which hosts it speaks of.
class HostPatterns {
 public:
  static std::optional<HostPatterns> parse(std::string_view field) {
    HostPatterns patterns;
    if (field.starts_with("|1|")) {
      const auto parts = split(field.substr(3), "|");
      if (parts.size() != 2) return std::nullopt;
      const auto salt = decode_base64(parts[0]);
      const auto hash = decode_base64(parts[1]);
      if (!salt || !hash || salt->size() != hash->size()) return std::nullopt;
      patterns.salt_ = *salt;
      patterns.hash_ = *hash;
    } else {
      patterns.names_ = split(lower(field), ",");
    }
    return patterns;
  }

  [[nodiscard]] bool hashed() const { return !hash_.empty(); }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  /// Names alone, which a map can look up.
  [[nodiscard]] bool plain() const {
    return !hashed() && std::none_of(names_.begin(), names_.end(), [](const std::string& name) {
      return name.find_first_of("*?!") != std::string::npos;
    });
  }

  [[nodiscard]] bool match(const std::string& host, HmacSha1& hmac) const {
    if (hashed()) return hmac(salt_, host) == hash_;
    bool matched = false;
    for (const std::string& name : names_) {
      const bool negated = name.starts_with('!');
      if (!matches_wildcard(std::string_view(name).substr(negated ? 1 : 0), host)) continue;
      if (negated) return false;  // a negated pattern that matches overrules the whole line
      matched = true;
    }
    return matched;
  }

 private:
  std::vector<std::string> names_;
  std::string salt_;
  std::string hash_;
};

struct Line {
  HostPatterns hosts;
  HostKey key;
  bool revoked = false;
};

/// Nothing for comments, for what cannot be read and for @cert-authority.
std::optional<Line> parse_line(std::string_view text) {
  auto fields = split(text, " \t\r\n");
  if (fields.empty() || fields[0].starts_with('#')) return std::nullopt;
  const bool revoked = fields[0] == "@revoked";
  if (revoked) fields.erase(fields.begin());
  if (fields.size() < 3 || fields[0].starts_with('@')) return std::nullopt;
  auto hosts = HostPatterns::parse(fields[0]);
  auto key = host_key_from_base64(fields[2]);
  if (!hosts || !key || key->type != fields[1]) return std::nullopt;
  return Line{std::move(*hosts), std::move(*key), revoked};
}

}  // namespace

struct KnownHosts::Impl {
  struct Entry {
    Line line;
    std::filesystem::path file;
    unsigned number = 0;
  };

  std::filesystem::path pins;
  std::vector<std::filesystem::path> others;
  unsigned pins_lines = 0;  ///< how many lines our own file has
  std::vector<Entry> entries;
  std::multimap<std::string, std::size_t> by_name;  ///< plain lines
  std::vector<std::size_t> to_match;                ///< hashed, wildcard and negated ones
  /// Hashed lines cost a digest each, and every connection asks twice: answers are kept, and a line
  /// whose name was found is not tried with another.
  mutable std::map<std::string, std::vector<std::size_t>> lookups;
  mutable std::set<std::size_t> solved;
  mutable HmacSha1 hmac;

  void read() {
    entries.clear();
    by_name.clear();
    to_match.clear();
    lookups.clear();
    solved.clear();
    pins_lines = read(pins);
    for (const auto& file : others) read(file);
  }

  /// How many lines `file` has.
  unsigned read(const std::filesystem::path& file) {
    unsigned number = 0;
    const auto content = read_file_if_exists(file);
    if (!content) return number;
    for (std::string_view rest = *content; !rest.empty();) {
      const auto end = std::min(rest.find('\n'), rest.size());
      ++number;
      if (auto line = parse_line(rest.substr(0, end))) add({std::move(*line), file, number});
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
    entries.push_back(std::move(entry));
  }

  /// A pin that was just appended to our file: it changes the answer for that one host only.
  void add_pin(const std::string& host, const HostKey& key) {
    const std::size_t index = entries.size();
    add({Line{*HostPatterns::parse(host), key}, pins, ++pins_lines});
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
        if (solved.contains(index) || !entries[index].line.hosts.match(host, hmac)) continue;
        lines.push_back(index);
        if (entries[index].line.hosts.hashed()) solved.insert(index);
      }
      std::sort(lines.begin(), lines.end());
    }
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

KnownHosts::Answer KnownHosts::check(std::string_view name, unsigned port,
                                     const HostKey& key) const {
  const Impl::Entry* same_key = nullptr;
  const Impl::Entry* other_key = nullptr;
  for (const std::size_t index : impl_->lines_for(spelled(name, port))) {
    const Impl::Entry& entry = impl_->entries[index];
    if (entry.line.revoked) {
      if (entry.line.key == key) return {Verdict::revoked, key, entry.file, entry.number};
    } else if (entry.line.key == key) {
      same_key = &entry;
    } else if (!other_key ||
               (other_key->line.key.type != key.type && entry.line.key.type == key.type)) {
      other_key = &entry;
    }
  }
  if (same_key) return {Verdict::known, key, same_key->file, same_key->number};
  if (other_key) return {Verdict::changed, other_key->line.key, other_key->file, other_key->number};
  return {};
}

std::vector<std::string> KnownHosts::types_of(std::string_view name, unsigned port) const {
  std::vector<std::string> types;
  for (const std::size_t index : impl_->lines_for(spelled(name, port))) {
    const Line& line = impl_->entries[index].line;
    if (!line.revoked && std::find(types.begin(), types.end(), line.key.type) == types.end())
      types.push_back(line.key.type);
  }
  return types;
}

std::vector<KnownHosts::Entry> KnownHosts::on_file(std::string_view name, unsigned port) const {
  std::vector<Entry> found;
  for (const std::size_t index : impl_->lines_for(spelled(name, port))) {
    const Impl::Entry& entry = impl_->entries[index];
    found.push_back({entry.line.key, entry.line.revoked, entry.file, entry.number});
  }
  return found;
}

void KnownHosts::pin(std::string_view name, unsigned port, const HostKey& key) {
  if (check(name, port, key).verdict == Verdict::known) return;
  const std::string host = spelled(name, port);
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
  const auto content = read_file_if_exists(impl_->pins);
  if (!content) return 0;
  const std::string host = spelled(name, port);
  std::string kept;
  std::size_t forgotten = 0;
  for (std::string_view rest = *content; !rest.empty();) {
    const auto length = std::min(rest.find('\n'), rest.size() - 1) + 1;
    const std::string_view text = rest.substr(0, length);
    rest.remove_prefix(length);
    const auto line = parse_line(text);
    // A wildcard speaks of more than this host, and a revoked key stays revoked.
    const bool ours = line && !line->revoked && (line->hosts.plain() || line->hosts.hashed()) &&
                      line->hosts.match(host, impl_->hmac);
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
