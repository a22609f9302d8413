#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "hosts/ansible_inventory_text.hpp"
#include "hosts/error.hpp"
#include "hosts/writers.hpp"
#include "tests/unit/hosts/example_fleet.hpp"

namespace clustermpi {
namespace {

using Json = nlohmann::json;

std::string refusal(const Inventory& inventory) {
  try {
    (void)ansible_inventory(inventory, {}, "/c/ssh_config");
    return "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return std::string(error.what()) + " / " + error.hint();
  }
}

Inventory with_name(const std::string& name) {
  Inventory inventory = example::inventory();
  inventory.hosts[1].name = name;
  return inventory;
}

TEST(AnsibleInventory, RefusesNamesThatMeanMoreToAnsible) {
  for (const char* name : {"a:22", "a[1]", "a b", "a,b", "a#b", "a=b", "-a", "!a", "a*"})
    EXPECT_EQ(refusal(with_name(name)),
              std::string("host ") + name +
                  " has a character in its name that means more to Ansible / rename it in the "
                  "inventory");
  EXPECT_EQ(refusal(with_name("ungrouped")),
            "host ungrouped is called as a group that Ansible itself has / rename it in the "
            "inventory");
}

TEST(AnsibleInventory, RefusesAHostThatIsCalledAsAGroupOfOthers) {
  EXPECT_EQ(refusal(with_name("manager")),
            "host manager is called as the group of red, and Ansible would take it for those / "
            "rename it in the inventory");
  EXPECT_EQ(refusal(with_name("workers")),
            "host workers is called as the group of red[02-03],workers, and Ansible would take it "
            "for those / rename it in the inventory");
  EXPECT_EQ(refusal(with_name("builders")),
            "host builders is called as the group of no hosts, and Ansible would take it for those "
            "/ rename it in the inventory");
}

TEST(AnsibleInventory, TakesAHostThatIsCalledAsTheGroupOfItAlone) {
  Inventory inventory = example::inventory();
  inventory.hosts[0].name = inventory.manager = "manager";
  EXPECT_EQ(refusal(inventory), "no error");
}

TEST(AnsibleInventory, RefusesLabelsThatAreOneToAnsible) {
  Inventory inventory = example::inventory();
  inventory.hosts[1].labels = {"a-b"};
  inventory.hosts[2].labels = {"a_b"};
  EXPECT_EQ(refusal(inventory),
            "host red02 has label:a_b, and another host one that is the group label_a_b to "
            "Ansible, too / rename one of the two in the inventory");
}

TEST(StaticInventory, HasTheGroupsHostsAndVariablesOfTheDynamicOne) {
  const Json dynamic = Json::parse(R"({
    "_meta": {"hostvars": {"red": {"ansible_host": "10.0.0.1"}, "red01": {}}},
    "all": {"children": ["cluster", "workers"], "vars": {"cluster_name": "red"}},
    "cluster": {"hosts": ["red", "red01"]},
    "workers": {"hosts": ["red01"], "vars": {"a": 1}}})");
  EXPECT_EQ(static_inventory(dynamic), Json::parse(R"({"all": {
    "hosts": {"red": {"ansible_host": "10.0.0.1"}, "red01": {}},
    "vars": {"cluster_name": "red"},
    "children": {"cluster": {"hosts": {"red": {}, "red01": {}}},
                 "workers": {"hosts": {"red01": {}}, "vars": {"a": 1}}}}})"));
}

/// Values that a careless writer would hand on as something else.
const Json awkward = Json::parse(R"({
  "_meta": {"hostvars": {"red": {"port": 22, "text_22": "22", "yes": "yes", "none": "None",
                                 "on": true, "nothing": null, "empty": "", "quote": "it's \"so\"",
                                 "hash": "a # b", "path": "/usr/bin/python3", "list": ["a b"],
                                 "address": "10.0.0.1", "smile": "\ud83d\ude00 \u00f8\u2028\\ud83d"},
                         "red01": {}}},
  "all": {"vars": {"hosts": [{"name": "red", "address": "10.0.0.1"}, {}, [["x"]]], "map": {},
                   "file": "a = 1\n\n  b: #2\n", "no_file": " a\n"}},
  "cluster": {"hosts": ["red01", "red"]},
  "empty": {"hosts": []},
  "workers": {"hosts": ["red01"], "vars": {"a": "1e3"}}})");

TEST(AnsibleInventoryIni, WritesPythonsLiteralsWhereABareWordMeansMore) {
  EXPECT_EQ(ansible_inventory_ini(awkward),
            R"ini(# Written by clustermpi from the inventory; changes are overwritten.
red address=10.0.0.1 empty='""' hash='"a \u0023 b"' list='["a b"]' none='"None"' nothing=None on=True path=/usr/bin/python3 port=22 quote='"it\u0027s \"so\""' smile='"\U0001f600 \u00f8\u2028\\ud83d"' text_22='"22"' yes='"yes"'
red01

[cluster]
red01
red

[empty]

[workers]
red01

[workers:vars]
a="1e3"

[all:vars]
file="a = 1\n\n  b: \u00232\n"
hosts=[{"address": "10.0.0.1", "name": "red"}, {}, [["x"]]]
map={}
no_file=" a\n"
)ini");
}

TEST(AnsibleInventoryYaml, QuotesWhatYamlTakesForSomethingElse) {
  EXPECT_EQ(ansible_inventory_yaml(awkward),
            R"yaml(# Written by clustermpi from the inventory; changes are overwritten.
all:
  children:
    cluster:
      hosts:
        red: {}
        red01: {}
    empty:
      hosts: {}
    workers:
      hosts:
        red01: {}
      vars:
        a: "1e3"
  hosts:
    red:
      address: 10.0.0.1
      empty: ""
      hash: "a # b"
      list:
        - "a b"
      "none": "None"
      nothing: null
      "on": true
      path: /usr/bin/python3
      port: 22
      quote: "it's \"so\""
      smile: "\U0001f600 \u00f8\u2028\\ud83d"
      text_22: "22"
      "yes": "yes"
    red01: {}
  vars:
    file: |
      a = 1

        b: #2
    hosts:
      - address: 10.0.0.1
        name: red
      - {}
      - - - x
    map: {}
    no_file: " a\n"
)yaml");
}

}  // namespace
}  // namespace clustermpi
