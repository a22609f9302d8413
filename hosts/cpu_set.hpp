// Sets of hardware threads by the kernel's numbers, and the two ways in which the kernel and hwloc
// write them: lists ("0-3,8") and masks ("0x00000001,0x0000000f").
#pragma once

#include <bitset>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace clustermpi {

/// More than any kernel of Debian's is built for on one board; what nodes say beyond is dropped.
inline constexpr std::size_t max_hardware_threads = 4096;

using CpuSet = std::bitset<max_hardware_threads>;

/// "0-3,8"; what is no number or too large is left out.
[[nodiscard]] CpuSet parse_cpu_list(std::string_view list);

/// hwloc's: words of 32 bits, the highest first, an empty one is 0; "0xf...f" in front: all above.
[[nodiscard]] CpuSet parse_cpu_mask(std::string_view mask);

/// Ascending.
[[nodiscard]] std::vector<unsigned> numbers_of(const CpuSet& cpus);

/// max_hardware_threads where there is none.
[[nodiscard]] unsigned first_of(const CpuSet& cpus);

/// "0-3,8": in the order given, and any numbers, not only of hardware threads.
[[nodiscard]] std::string number_list(std::span<const unsigned> numbers);

}  // namespace clustermpi
