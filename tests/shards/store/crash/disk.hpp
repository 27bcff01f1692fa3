#pragma once
// A disk that can fail. The program's own write(), fsync() … stand before those of the C library, for libhdf5 too.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace litebench::store::disk {

enum class Plan : std::uint8_t {
  none,
  kill,       ///< dies before the n-th call
  tear,       ///< dies in the middle of the n-th call: half of a write arrives
  fail,       ///< the n-th write and all later ones fail with `error`
  power_cut,  ///< at the n-th call the power goes: writes that no sync confirmed are gone, then the process dies
};

/// Calls are counted from now on, from 1: write, pwrite, fsync, fdatasync, ftruncate, link, rename.
void arrange(Plan plan, std::uint64_t call, int error = 0);
std::uint64_t calls();

/// The power goes now.
[[noreturn]] void cut_power();

}  // namespace litebench::store::disk
