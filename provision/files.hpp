// Small file effects that several steps need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace clustermpi {

/// Throws Error{local_failure} naming the file and the system's reason; so does a file of more than
/// `most` bytes.
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::size_t most = SIZE_MAX);
[[nodiscard]] std::optional<std::string> read_file_if_exists(const std::filesystem::path& path,
                                                             std::size_t most = SIZE_MAX);

/// Temporary name in the same folder, fsync, rename: readers see the old or the new file, never
/// half of one. Unchanged content is not written again. Throws Error{local_failure}.
void write_file(const std::filesystem::path& path, std::string_view content, unsigned mode = 0644);

/// Writes `content` behind the first `size` bytes of a file that exists, in place of whatever
/// stands there, and waits until it is on the disk. Throws Error{local_failure}.
void append_to_file(const std::filesystem::path& path, std::size_t size, std::string_view content);

/// Lower-case hex SHA-256.
[[nodiscard]] std::string sha256(std::string_view data);

/// "~" and "~/x" with the home of the calling user.
[[nodiscard]] std::filesystem::path expand_home(std::string_view path);

}  // namespace clustermpi
