#include "hosts/topology_drawing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "hosts/cpu_set.hpp"

namespace clustermpi {
namespace {

/// One thing of the tree: what lies inside it are the branches behind it that its span covers.
struct Branch {
  std::string label;
  Span cores;
};

std::string count_of(std::size_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

std::string size_text(std::uint64_t kib) {
  if (kib == 0) return "";
  return kib >= 1024 && kib % 1024 == 0 ? fmt::format(" {} MiB", kib / 1024)
                                        : fmt::format(" {} KiB", kib);
}

std::string cache_text(const Cache& cache) {
  const std::string type = cache.type == 'u' ? "" : std::string(1, cache.type);
  return fmt::format("L{}{}{}", cache.level, type, size_text(cache.size_kib));
}

bool covers(const Span& outer, const Span& inner) {
  return outer.first <= inner.first && inner.first + inner.count <= outer.first + outer.count;
}

bool apart(const Span& a, const Span& b) {
  return a.first + a.count <= b.first || b.first + b.count <= a.first;
}

/// The cores of each logical number of a domain, one span for each package that has some.
std::vector<Branch> domains(std::string_view name, const std::vector<unsigned>& physical,
                            const std::vector<Span>& spans) {
  std::vector<Branch> branches;
  for (std::size_t i = 0; i < spans.size() && i < physical.size(); ++i)
    branches.push_back({fmt::format("{} {} (P#{})", name, i, physical[i]), spans[i]});
  return branches;
}

/// From the outside to the inside, and side by side in the logical order. Of equal spans a package
/// comes before its NUMA node, and that before its caches. What crosses others cannot be drawn.
std::vector<Branch> branches_of(const Topology& topology) {
  std::vector<Branch> found = domains("package", topology.packages, topology.cores_by_package());
  for (Branch& numa : domains("NUMA node", topology.numas, topology.cores_by_numa()))
    found.push_back(std::move(numa));
  std::vector<const Cache*> shared;
  for (const Cache& cache : topology.caches)
    if (cache.cores.count > 1) shared.push_back(&cache);
  std::stable_sort(shared.begin(), shared.end(),
                   [](const Cache* a, const Cache* b) { return a->level > b->level; });
  for (const Cache* cache : shared) found.push_back({cache_text(*cache), cache->cores});

  std::vector<Branch> kept;
  for (Branch& branch : found) {
    const bool fits = std::all_of(kept.begin(), kept.end(), [&](const Branch& other) {
      return apart(branch.cores, other.cores) || covers(branch.cores, other.cores) ||
             covers(other.cores, branch.cores);
    });
    if (fits) kept.push_back(std::move(branch));
  }
  std::stable_sort(kept.begin(), kept.end(), [](const Branch& a, const Branch& b) {
    return a.cores.first != b.cores.first ? a.cores.first < b.cores.first
                                          : a.cores.count > b.cores.count;
  });
  return kept;
}

class Drawing {
 public:
  explicit Drawing(const Topology& topology)
      : topology_(topology), branches_(branches_of(topology)), own_caches_(own_caches()) {}

  std::string text() {
    text_ = totals();
    draw_inside({0, static_cast<unsigned>(topology_.cores.size())}, "");
    if (!topology_.forbidden.empty())
      wrapped("not for this login: ", "", number_items(topology_.forbidden), ",");
    return std::move(text_);
  }

 private:
  [[nodiscard]] std::string totals() const {
    std::string line = fmt::format("{}, {}, {}, {}", count_of(topology_.packages.size(), "package"),
                                   count_of(topology_.numas.size(), "NUMA node"),
                                   count_of(topology_.cores.size(), "core"),
                                   count_of(topology_.thread_count(), "thread"));
    if (kinds() > 1) line += fmt::format(", {} kinds of core", kinds());
    return line + '\n';
  }

  [[nodiscard]] unsigned kinds() const {
    unsigned highest = 0;
    for (const Core& core : topology_.cores) highest = std::max(highest, core.kind);
    return highest + 1;
  }

  /// For each core the caches that are its own.
  [[nodiscard]] std::vector<std::string> own_caches() const {
    std::vector<std::string> texts(topology_.cores.size());
    for (const Cache& cache : topology_.caches) {
      if (cache.cores.count != 1 || cache.cores.first >= texts.size()) continue;
      std::string& text = texts[cache.cores.first];
      text += (text.empty() ? "" : ", ") + cache_text(cache);
    }
    return texts;
  }

  /// Draws what lies in `within`, behind the branches that are drawn already.
  void draw_inside(Span within, const std::string& indent) {
    const unsigned end = within.first + within.count;
    for (unsigned core = within.first; core < end;) {
      const bool branch = next_ < branches_.size() && branches_[next_].cores.first == core;
      const Span part = branch ? branches_[next_].cores : alike(core, end);
      const bool last = part.first + part.count >= end;
      const std::string head = indent + (last ? "└─ " : "├─ ");
      const std::string inside = indent + (last ? "   " : "│  ");
      if (branch) {
        text_ += head + branches_[next_].label + '\n';
        ++next_;
        draw_inside(part, inside);
      } else {
        draw_cores(part, head, inside);
      }
      core = part.first + part.count;
    }
  }

  /// Cores from `first` on of one kind with such caches, up to the next branch or `end`.
  [[nodiscard]] Span alike(unsigned first, unsigned end) const {
    if (next_ < branches_.size()) end = std::min(end, branches_[next_].cores.first);
    unsigned core = first + 1;
    while (core < end && topology_.cores[core].kind == topology_.cores[first].kind &&
           own_caches_[core] == own_caches_[first])
      ++core;
    return {first, core - first};
  }

  void draw_cores(Span cores, const std::string& head, const std::string& inside) {
    std::vector<std::string> items;
    for (unsigned i = cores.first; i < cores.first + cores.count; ++i)
      items.push_back(fmt::format("{} P#{}", i, number_list(topology_.cores[i].threads)));
    const std::string title = cores.count == 1 ? "core " : "cores ";
    wrapped(head + title, inside + std::string(title.size(), ' '), items, "  ");
    std::vector<std::string> notes;
    if (kinds() > 1) notes.push_back(kind_text(topology_.cores[cores.first].kind));
    if (!own_caches_[cores.first].empty())
      notes.push_back((cores.count == 1 ? "" : "each ") + own_caches_[cores.first]);
    if (!notes.empty()) text_ += fmt::format("{}  {}\n", inside, fmt::join(notes, "; "));
  }

  [[nodiscard]] std::string kind_text(unsigned kind) const {
    const std::string_view speed = kind == 0 ? ", slowest" : kind + 1 == kinds() ? ", fastest" : "";
    return fmt::format("kind {}{}", kind, speed);
  }

  static std::vector<std::string> number_items(const std::vector<unsigned>& threads) {
    std::vector<std::string> items;
    std::string list = number_list(threads);
    for (std::size_t begin = 0; begin < list.size();) {
      const std::size_t end = std::min(list.find(',', begin), list.size());
      items.push_back((items.empty() ? "P#" : "") + list.substr(begin, end - begin));
      begin = end + 1;
    }
    return items;
  }

  static std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
  }

  /// `head` and then `items`, on as many lines as it takes, the later ones behind `indent`.
  void wrapped(const std::string& head, const std::string& indent,
               const std::vector<std::string>& items, std::string_view between) {
    std::string line = head;
    bool first = true;
    for (const std::string& item : items) {
      if (!first && columns(line) + between.size() + item.size() >= drawing_columns) {
        text_ += line + (between == "," ? ",\n" : "\n");
        line = indent;
        first = true;
      }
      if (!first) line += between;
      line += item;
      first = false;
    }
    text_ += line + '\n';
  }

  const Topology& topology_;
  std::vector<Branch> branches_;
  std::vector<std::string> own_caches_;
  std::size_t next_ = 0;  ///< branch that is drawn next
  std::string text_;
};

}  // namespace

std::string topology_drawing(const Topology& topology) {
  return Drawing(topology).text();
}

}  // namespace clustermpi
