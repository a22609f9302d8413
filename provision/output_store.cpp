#include "provision/output_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "hosts/error.hpp"

namespace clustermpi {

namespace {

/// What is read back from the file at once.
constexpr std::size_t piece_size = 256 * 1024;

void require(bool done) {
  if (!done)
    throw Error(ExitCode::local_failure, "the OpenSSL library refuses to compute a digest");
}

}  // namespace

void OutputStore::fail(std::string_view doing, int reason) const {
  throw Error(ExitCode::local_failure,
              fmt::format("cannot {} what it prints in {}: {}", doing, folder_.string(),
                          std::generic_category().message(reason)));
}

void OutputStore::make_file() {
  std::string name = (folder_ / "output-XXXXXX").string();
  file_ = Descriptor(::mkostemp(name.data(), O_CLOEXEC));  // 0600
  if (!file_.is_open() || ::unlink(name.c_str()) != 0) fail("keep", errno);
}

void OutputStore::write(std::string_view data) {
  if (!file_.is_open()) make_file();
  std::uint64_t at = file_size_;
  while (!data.empty()) {
    const ssize_t written = ::pwrite(file_.get(), data.data(), data.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("keep", written < 0 ? errno : ENOSPC);
    data.remove_prefix(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  file_size_ = at;  // a piece that was written in part is written over by the next one
}

void OutputStore::read(std::uint64_t offset, char* data, std::size_t size) const {
  while (size > 0) {
    const ssize_t got = ::pread(file_.get(), data, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail("read back", got < 0 ? errno : EIO);
    data += got;
    size -= static_cast<std::size_t>(got);
    offset += static_cast<std::uint64_t>(got);
  }
}

void OutputLog::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

OutputLog::OutputLog(OutputStore& store) : store_(store), digest_(EVP_MD_CTX_new()) {
  // As safe as SHA-256, and twice as fast on a Pi, whose processor has no instructions for that.
  require(digest_ && EVP_DigestInit_ex(digest_.get(), EVP_blake2b512(), nullptr) == 1);
}

OutputLog::~OutputLog() {
  store_.held_ -= held_.size();
}

void OutputLog::append(std::string_view data) {
  if (data.empty()) return;
  require(EVP_DigestUpdate(digest_.get(), data.data(), data.size()) == 1);
  size_ += data.size();
  newlines_ += static_cast<std::uint64_t>(std::ranges::count(data, '\n'));
  last_ = data.back();
  held_ += data;
  store_.held_ += data.size();
  if (held_.size() > OutputStore::memory_of_one_log ||
      store_.held_ > OutputStore::memory_of_all_logs) {
    spill();
  }
}

void OutputLog::spill() {
  const std::uint64_t offset = store_.file_size_;
  store_.write(held_);
  if (!spilled_.empty() && spilled_.back().offset + spilled_.back().size == offset) {
    spilled_.back().size += held_.size();
  } else {
    spilled_.push_back({offset, held_.size()});
  }
  store_.held_ -= held_.size();
  held_ = {};  // its memory too
}

std::uint64_t OutputLog::lines() const {
  return newlines_ + (ends_with_newline() ? 0 : 1);
}

std::string OutputLog::digest() const {
  const std::unique_ptr<evp_md_ctx_st, Free> copy(EVP_MD_CTX_new());  // more may come
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  unsigned size = 0;
  require(copy && EVP_MD_CTX_copy_ex(copy.get(), digest_.get()) == 1 &&
          EVP_DigestFinal_ex(copy.get(), bytes.data(), &size) == 1);
  return {bytes.begin(), bytes.begin() + size};
}

void OutputLog::read(const std::function<bool(std::string_view)>& take) const {
  std::string piece;
  for (Extent left : spilled_) {
    while (left.size > 0) {
      piece.resize(std::min<std::uint64_t>(left.size, piece_size));
      store_.read(left.offset, piece.data(), piece.size());
      if (!take(piece)) return;
      left.offset += piece.size();
      left.size -= piece.size();
    }
  }
  if (!held_.empty()) take(held_);
}

std::string OutputLog::head(std::size_t limit) const {
  std::string text;
  read([&](std::string_view piece) {
    text += piece.substr(0, limit - text.size());
    return text.size() < limit;
  });
  return text;
}

}  // namespace clustermpi
