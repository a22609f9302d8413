// What holds of every hostlist, on random fleets from fixed seeds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "hosts/hostlist.hpp"
#include "hosts/hostlist_forms.hpp"

namespace clustermpi {
namespace {

using Names = std::vector<std::string>;
using Set = std::set<std::string>;

Set set_of(const Names& names) {
  return {names.begin(), names.end()};
}

/// Names as fleets have them: padded or not, one number or several, text after them or not.
class Fleets {
 public:
  explicit Fleets(unsigned seed) : random_(seed) {}

  std::string name() {
    static const Names stems = {"n", "red", "r1n", "x-", "rack2-", "10.0.0.", ""};
    static const Names suffixes = {"", "-ib", "c", ".lan", "n"};
    std::string name = pick(stems) + number() + pick(suffixes);
    if (random_() % 3 == 0) name += number();
    return name;
  }

  Names names(std::size_t most) {
    Names names(random_() % (most + 1));
    for (std::string& name : names) name = this->name();
    return names;
  }

  Hostlist hostlist() { return Hostlist(names(40)); }

  std::size_t below(std::size_t end) { return random_() % end; }

 private:
  std::string number() {
    static const std::vector<unsigned> ends = {4, 12, 120, 1100};
    return std::string(random_() % 4 == 0 ? random_() % 3 : 0, '0') +
           std::to_string(random_() % ends[random_() % ends.size()]);
  }
  const std::string& pick(const Names& from) { return from[random_() % from.size()]; }

  std::mt19937 random_;
};

class HostlistProperties : public testing::TestWithParam<unsigned> {
 protected:
  Fleets fleets{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Seeds, HostlistProperties, testing::Values(1, 2, 3, 20240607));

TEST_P(HostlistProperties, ParseIsTheInverseOfFold) {
  for (int round = 0; round < 100; ++round) {
    const Names names = fleets.names(round % 10 == 0 ? 2000 : 80);
    const std::string folded = fold_hostlist(names);
    const Hostlist again = Hostlist::parse(folded);
    EXPECT_EQ(set_of(again.names()), set_of(names)) << folded;
    EXPECT_EQ(again.fold(), folded);
  }
}

TEST_P(HostlistProperties, FoldingDependsOnTheSetAlone) {
  std::mt19937 random(GetParam());
  for (int round = 0; round < 30; ++round) {
    Names names = fleets.names(200);
    const std::string folded = fold_hostlist(names);
    if (!names.empty()) names.push_back(names.front());
    std::shuffle(names.begin(), names.end(), random);
    EXPECT_EQ(fold_hostlist(names), folded);
  }
}

TEST_P(HostlistProperties, EveryReadersFormIsTheSameSet) {
  for (int round = 0; round < 60; ++round) {
    const Names names = fleets.names(80);
    for (const auto reader :
         {HostlistReader::slurm, HostlistReader::pdsh, HostlistReader::clustershell}) {
      const std::string list = fold_for(reader, names);
      EXPECT_EQ(set_of(expand_hostlist(list)), set_of(names)) << list;
    }
    EXPECT_EQ(expand_hostlist(slurm_hostlist(names)), Hostlist(names).names());
  }
}

TEST_P(HostlistProperties, NothingFollowsABracketOfSlurm) {
  for (int round = 0; round < 60; ++round) {
    const std::string list = fold_for(HostlistReader::slurm, fleets.names(80));
    for (std::size_t at = list.find(']'); at != list.npos; at = list.find(']', at + 1))
      EXPECT_TRUE(at + 1 == list.size() || list[at + 1] == ',') << list;
  }
}

TEST_P(HostlistProperties, TheLawsOfSetsHold) {
  for (int round = 0; round < 100; ++round) {
    const Hostlist a = fleets.hostlist();
    const Hostlist b = fleets.hostlist();
    const Hostlist c = fleets.hostlist();
    const auto same = [](const Hostlist& x, const Hostlist& y) {
      return set_of(x.names()) == set_of(y.names());
    };
    EXPECT_EQ(a | a, a);
    EXPECT_EQ(a & a, a);
    EXPECT_TRUE((a - a).empty());
    EXPECT_TRUE((a ^ a).empty());
    EXPECT_TRUE(same(a | b, b | a));
    EXPECT_TRUE(same(a & b, b & a));
    EXPECT_TRUE(same(a ^ b, b ^ a));
    EXPECT_EQ((a | b) | c, a | (b | c));
    EXPECT_TRUE(same(a & (b | c), (a & b) | (a & c)));
    EXPECT_TRUE(same(a - (b | c), (a - b) & (a - c)));
    EXPECT_TRUE(same(a ^ b, (a | b) - (a & b)));
    EXPECT_EQ((a & b).size() + (a - b).size(), a.size());
    for (const std::string& name : b.names()) EXPECT_EQ(a.contains(name), (a & b).contains(name));
  }
}

TEST_P(HostlistProperties, OperatorsAreThoseOfTheValue) {
  for (int round = 0; round < 60; ++round) {
    const Hostlist a = fleets.hostlist();
    const Hostlist b = fleets.hostlist();
    if (a.empty() || b.empty()) continue;
    // Folded, not as written: the order is that of the text.
    const Hostlist left = Hostlist::parse(a.fold());
    const Hostlist right = Hostlist::parse(b.fold());
    EXPECT_EQ(Hostlist::parse(a.fold() + "," + b.fold()), left | right);
    // The operators take one term each: the one on their right is cut into its names.
    Hostlist taken = left;
    std::string expression = a.fold();
    for (const std::string& name : right.names()) {
      expression += "!" + name;
      taken = taken - Hostlist(Names{name});
    }
    EXPECT_EQ(Hostlist::parse(expression), taken) << expression;
    EXPECT_EQ(taken, left - right);
  }
}

TEST_P(HostlistProperties, SlicesAreWhatTheirIndicesSay) {
  for (int round = 0; round < 100; ++round) {
    const Hostlist list = fleets.hostlist();
    const std::size_t middle = fleets.below(list.size() + 1);
    const auto text = [](std::size_t number) { return std::to_string(number); };
    const Hostlist back = list.slice(text(middle) + "-1000");
    const Hostlist front = middle == 0 ? Hostlist() : list.slice("0-" + text(middle - 1));
    EXPECT_EQ(front.size(), middle);
    EXPECT_EQ(front | back, list);
    EXPECT_TRUE((front & back).empty());
    const Hostlist even = list.slice("0-1000/2");
    EXPECT_EQ(even.size(), (list.size() + 1) / 2);
    EXPECT_EQ((even | list.slice("1-1001/2")).size(), list.size());
  }
}

TEST_P(HostlistProperties, NaturalOrderIsTotal) {
  Names names(40);
  for (std::string& name : names) name = fleets.name();
  for (const std::string& a : names) {
    for (const std::string& b : names) {
      EXPECT_EQ(natural_less(a, b) || natural_less(b, a), a != b) << a << " " << b;
      for (const std::string& c : names) {
        if (natural_less(a, b) && natural_less(b, c)) {
          EXPECT_TRUE(natural_less(a, c)) << a << " " << b << " " << c;
        }
      }
    }
  }
}

}  // namespace
}  // namespace clustermpi
