// One directory that all hosts share, and the device that may hold it.
#pragma once

#include <string>

#include "provision/steps/install.hpp"

namespace clustermpi {

/// What the command line allows to be done to a device, beside what the inventory allows.
struct FormatConsent {
  std::string device;  ///< `--yes-format`: may get a file system; empty: none may
  bool wipe = false;   ///< `--wipe`: what is on it may be lost

  bool operator==(const FormatConsent&) const = default;
};

/// Throws Error{usage} where the inventory has no [storage], or where the consent is not to what
/// the inventory says: another device, or one that is not to be formatted.
void check_consent(const Inventory& inventory, const FormatConsent& consent);

/// `install storage`. Before anything is changed, every host says what stands in its way: no NFS in
/// its kernel, files that a mount would hide; the manager's device is not blank, or is in use.
/// Afterwards a file written on the manager is read on every host through its mount, and the
/// reverse. Needs discover before it.
class StorageStep : public Step {
 public:
  /// Throws what check_consent() throws.
  StorageStep(const Inventory& inventory, FormatConsent consent);

  [[nodiscard]] std::string name() const override { return "storage"; }
  [[nodiscard]] std::string title() const override;
  [[nodiscard]] std::vector<Change> plan(Cluster& cluster) override;
  std::string apply(Cluster& cluster, const std::vector<Change>& changes) override;

 private:
  std::string directory_;
  FormatConsent consent_;
  InstallStep install_;
};

}  // namespace clustermpi
