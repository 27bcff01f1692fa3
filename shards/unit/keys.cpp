#include "shards/unit/keys.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>

#include <fmt/core.h>
#include <unistd.h>

#include "base/hash.hpp"

namespace litebench::unit {
namespace {

constexpr std::uint64_t kSecondHalf = 0x6c62656e63680001;   // any other seed gives the independent second half

void spell(std::string& out, std::string_view text) {
  out += fmt::format("{}:", text.size());
  out += text;
}

void spell(std::string& out, std::int64_t value) { spell(out, fmt::format("{}", value)); }

void spell(std::string& out, const Parts& parts) {
  spell(out, static_cast<std::int64_t>(parts.size()));
  for (const auto& [name, value] : parts) {
    spell(out, name);
    spell(out, value);
  }
}

bool safe_in_file_names(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
}

int restarts_of_environment() {
  for (const char* name : {"LITEBENCH_RESTART_COUNT", "SLURM_RESTART_COUNT"}) {
    if (const char* value = std::getenv(name)) return std::atoi(value);
  }
  return 0;
}

}  // namespace

std::string key_of(const Parts& parts) {
  std::string text;
  spell(text, parts);
  return fmt::format("{:016x}{:016x}", hash64(text), hash64(text, kSecondHalf));
}

std::uint64_t sample_id(std::string_view dataset, std::string_view split, const Parts& protocol, std::int64_t seed,
                        std::int64_t image_id, std::int32_t ordinal) {
  std::string text = "sample";
  spell(text, dataset);
  spell(text, split);
  spell(text, protocol);
  spell(text, seed);
  spell(text, image_id);
  spell(text, std::int64_t{ordinal});
  return hash64(text);
}

std::uint64_t bundle_id(std::string_view pack, std::string_view pass, std::string_view dataset, std::string_view split,
                        std::string_view protocol, std::span<const std::int64_t> image_ids) {
  std::string text = "bundle";
  for (const std::string_view part : {pack, pass, dataset, split, protocol}) spell(text, part);
  for (const std::int64_t id : image_ids) spell(text, id);
  return hash64(text);
}

std::string attempt_id(std::chrono::system_clock::time_point start, std::string_view host, int pid, int restarts) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(start);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 32> time{};
  std::strftime(time.data(), time.size(), "%Y%m%dT%H%M%SZ", &utc);
  std::string safe_host(host.empty() ? "host" : host);
  std::replace_if(safe_host.begin(), safe_host.end(), [](char c) { return !safe_in_file_names(c); }, '_');
  return fmt::format("{}-{}-{}-{}", time.data(), safe_host, pid, restarts);
}

std::string attempt_id() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return attempt_id(std::chrono::system_clock::now(), host.data(), ::getpid(), restarts_of_environment());
}

}  // namespace litebench::unit
