#include "provision/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "hosts/error.hpp"
#include "provision/descriptor.hpp"

namespace clustermpi {
namespace {

[[noreturn]] void fail(std::string_view doing, const std::filesystem::path& path, int reason) {
  throw Error(ExitCode::local_failure, fmt::format("cannot {} {}: {}", doing, path.string(),
                                                   std::generic_category().message(reason)));
}

std::string read_all(int fd, const std::filesystem::path& path, std::size_t most) {
  std::string content;
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count == 0) return content;
    if (count > 0) {
      content.append(buffer.data(), static_cast<std::size_t>(count));
      if (content.size() > most) fail("read", path, EFBIG);
    } else if (errno != EINTR) {
      fail("read", path, errno);
    }
  }
}

void write_all(int fd, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t count = ::write(fd, content.data(), content.size());
    if (count >= 0) {
      content.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      fail("write", path, errno);
    }
  }
}

/// A file that is removed again unless it got its final name.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& beside)
      : name_(beside.string() + ".XXXXXX"), fd_(::mkostemp(name_.data(), O_CLOEXEC)) {
    if (!fd_.is_open()) fail("write", beside, errno);
  }
  ~TemporaryFile() {
    if (!renamed_) ::unlink(name_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] int fd() const { return fd_.get(); }
  void rename_to(const std::filesystem::path& path) {
    if (::rename(name_.c_str(), path.c_str()) != 0) fail("write", path, errno);
    renamed_ = true;
  }

 private:
  std::string name_;
  Descriptor fd_;
  bool renamed_ = false;
};

bool has_mode(const std::filesystem::path& path, unsigned mode) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & 07777U) == mode;
}

std::string home_directory() {
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return home;
  const passwd* entry = ::getpwuid(::getuid());
  if (entry == nullptr) {
    throw Error(ExitCode::local_failure, "cannot tell what \"~\" stands for: HOME is not set",
                "set HOME, or write the path in full");
  }
  return entry->pw_dir;
}

}  // namespace

std::string read_file(const std::filesystem::path& path, std::size_t most) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) fail("read", path, errno);
  return read_all(fd.get(), path, most);
}

std::optional<std::string> read_file_if_exists(const std::filesystem::path& path,
                                               std::size_t most) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open() && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (!fd.is_open()) fail("read", path, errno);
  return read_all(fd.get(), path, most);
}

void write_file(const std::filesystem::path& path, std::string_view content, unsigned mode) {
  if (has_mode(path, mode) && read_file_if_exists(path) == content) return;
  TemporaryFile file(path);
  if (::fchmod(file.fd(), mode) != 0) fail("write", path, errno);
  write_all(file.fd(), content, path);
  // Without it a power cut could leave the new name with no content.
  if (::fsync(file.fd()) != 0) fail("write", path, errno);
  file.rename_to(path);
}

void append_to_file(const std::filesystem::path& path, std::size_t size, std::string_view content) {
  const Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.is_open() || ::ftruncate(fd.get(), static_cast<off_t>(size)) != 0 ||
      ::lseek(fd.get(), 0, SEEK_END) < 0) {
    fail("write", path, errno);
  }
  write_all(fd.get(), content, path);
  if (::fsync(fd.get()) != 0) fail("write", path, errno);
}

std::string sha256(std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (EVP_Digest(data.data(), data.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw Error(ExitCode::local_failure, "the OpenSSL library refuses to compute SHA-256");
  }
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::filesystem::path expand_home(std::string_view path) {
  if (path == "~") return home_directory();
  if (path.starts_with("~/")) return std::filesystem::path(home_directory()) / path.substr(2);
  return path;
}

}  // namespace clustermpi
