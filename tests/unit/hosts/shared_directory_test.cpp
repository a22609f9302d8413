#include <gmock/gmock.h>

#include "hosts/checks.hpp"
#include "hosts/names.hpp"
#include "tests/unit/hosts/example_fleet.hpp"

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SharedDirectory, IsAnAbsolutePathThatNeedsNoQuotes) {
  for (const char* path : {"/shared", "/srv/our-data_2.0", "/home/pi/shared", "/mnt/usb"})
    EXPECT_EQ(shared_directory_fault(path), "") << path;
  EXPECT_EQ(shared_directory_fault("shared"), "is no absolute path: it begins with '/'");
  EXPECT_EQ(shared_directory_fault(""), "is no absolute path: it begins with '/'");
  for (const char* path : {"/our data", "/a'b", "/a\nb", "/$HOME", "/*"})
    EXPECT_EQ(shared_directory_fault(path), "may have letters, digits and any of ._-/ only");
  for (const char* path : {"/a//b", "/a/", "/a/../b", "/./a", "//"})
    EXPECT_EQ(shared_directory_fault(path),
              "is not written straight: leave out '//', '.', '..' and a '/' at the end");
}

TEST(SharedDirectory, IsNoPartOfTheSystem) {
  for (const char* path : {"/", "/home", "/usr", "/etc/x", "/dev/shm", "/run/user", "/var"})
    EXPECT_EQ(shared_directory_fault(path),
              "belongs to the system: take a directory of its own, such as /shared")
        << path;
}

TEST(Device, IsBelowDev) {
  for (const char* path : {"/dev/sda1", "/dev/disk/by-id/usb-SanDisk_Ultra_0-0:0-part1"})
    EXPECT_EQ(device_fault(path), "") << path;
  EXPECT_EQ(device_fault("sda"), "is no absolute path: it begins with '/'");
  EXPECT_EQ(device_fault("/mnt/disk"), "is no device: devices are below /dev");
  EXPECT_EQ(device_fault("/dev/../etc/passwd"),
            "is not written straight: leave out '//', '.', '..' and a '/' at the end");
}

TEST(Venv, IsAPathOfItsOwn) {
  for (const char* path : {"~/ENV3", "~/python/env-3.11", "/srv/ENV3", "/home/pi/ENV3", "~/etc"})
    EXPECT_EQ(venv_fault(path), "") << path;
  for (const char* path : {"~", "~/"})
    EXPECT_EQ(venv_fault(path), "is a whole home: take a directory in it, such as ~/ENV3");
  for (const char* path : {"", "ENV3", "~pi/ENV3"})
    EXPECT_EQ(venv_fault(path), "begins neither with '~/' nor with '/'");
  for (const char* path : {"~/my env", "/srv/$HOME"})
    EXPECT_EQ(venv_fault(path), "may have letters, digits and any of ._-/ only");
  for (const char* path : {"~/../x", "~/ENV3/", "~//"})
    EXPECT_EQ(venv_fault(path),
              "is not written straight: leave out '//', '.', '..' and a '/' at the end");
  for (const char* path : {"/", "/usr", "/etc/ENV3"})
    EXPECT_EQ(venv_fault(path),
              "belongs to the system: take a directory of its own, such as ~/ENV3");
}

TEST(PythonPackage, IsANameWithoutAVersion) {
  for (const char* name : {"mpi4py", "scikit-learn", "zope.interface", "a_b"})
    EXPECT_EQ(python_package_fault(name), "") << name;
  for (const char* name : {"", "numpy==1", "-r", "x;y", "a b", "x[y]", "ü", "-e"})
    EXPECT_NE(python_package_fault(name), "") << name;
}

TEST(SharedDirectory, NeedsOneNumberForTheUserOnAllHosts) {
  FleetFacts facts = example::fleet_facts();
  for (auto& [name, known] : facts) known.uid = 1000;
  facts["red02"].uid = 1001;
  Inventory inventory = example::inventory();
  EXPECT_THAT(check_fleet(inventory, facts, {}), IsEmpty()) << "no files are shared";
  inventory.storage = StorageSettings{"/shared", "", false};
  EXPECT_THAT(check_fleet(inventory, facts, {}),
              ElementsAre(Finding{
                  "red02",
                  {"uid_differs",
                   "its user pi has the number 1001, but 1000 on the manager red: files in /shared "
                   "belong to the number",
                   "there, as root, with pi logged out: usermod -u 1000 pi"}}));
}

}  // namespace
}  // namespace clustermpi
