#include "harness/launch/lock.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"

namespace litebench::launch {
namespace {

constexpr int kTries = 10;

std::string this_host() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string this_pid_namespace() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/ns/pid", error).string();
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string this_job() {
  const std::string slurm = variable("SLURM_JOB_ID");
  return slurm.empty() ? variable("LITEBENCH_LAUNCH") : "slurm " + slurm;
}

std::string this_restart() {
  return variable("SLURM_RESTART_COUNT") + "." + variable("LITEBENCH_RESTART_COUNT");
}

[[noreturn]] void refuse_io(const std::filesystem::path& path, int error) {
  throw Error(ExitCode::io, fmt::format("cannot write {}", path.string()), std::strerror(error),
              "check free space and permissions of the run directory");
}

void write_owner(const std::filesystem::path& path, const std::string& attempt) {
  const nlohmann::json owner{{"host", this_host()},
                             {"pid", ::getpid()},
                             {"attempt", attempt},
                             {"pid_namespace", this_pid_namespace()},
                             {"job", this_job()},
                             {"restart", this_restart()}};
  const std::string text =
      owner.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) refuse_io(path, errno);
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  ::close(fd);
  if (!written) refuse_io(path, error);
}

std::optional<LockOwner> read_owner(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) return std::nullopt;
  const std::string text(std::istreambuf_iterator<char>(in), {});
  try {
    const auto document = json::Document::parse(text, path.string());
    const json::Value root = document.root();
    // Locks of earlier versions lack these two.
    const auto optional = [&root](const char* key) {
      const auto value = root.find(key);
      return value ? std::string(value->as_string()) : std::string();
    };
    return LockOwner{std::string(root.at("host").as_string()),
                     static_cast<int>(root.at("pid").as_int()),
                     std::string(root.at("attempt").as_string()),
                     std::string(root.at("pid_namespace").as_string()),
                     optional("job"), optional("restart")};
  } catch (const Error&) {
    return std::nullopt;  // somebody else's file, or one cut short by a full disk
  }
}

/// A killed process stays a zombie until its parent looks, which in containers can take seconds.
bool is_zombie(int pid) {
  std::ifstream stat(fmt::format("/proc/{}/stat", pid));
  const std::string text{std::istreambuf_iterator<char>(stat), {}};
  const std::size_t name_end = text.rfind(')');
  return name_end != std::string::npos && text.compare(name_end, 3, ") Z") == 0;
}

bool process_is_gone(const LockOwner& owner) {
  const bool visible =
      owner.host == this_host() && owner.pid_namespace == this_pid_namespace() && owner.pid > 0;
  return visible && ((::kill(owner.pid, 0) != 0 && errno == ESRCH) || is_zombie(owner.pid));
}

bool earlier_start_of_this_job(const LockOwner& owner) {
  return !owner.job.empty() && owner.job == this_job() && owner.restart != this_restart();
}

/// While a file is open its inode number stays its own; otherwise the next new file may get it.
class OpenFile {
 public:
  explicit OpenFile(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  [[nodiscard]] std::optional<struct stat> stat() const {
    struct stat info {};
    if (fd_ < 0 || ::fstat(fd_, &info) != 0) return std::nullopt;
    return info;
  }

 private:
  int fd_;
};

std::optional<struct stat> stat_of(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return info;
}

double seconds(const timespec& time) {
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Seconds since the lock was touched, by the file system's own clock: clocks of hosts differ.
double age_of(const struct stat& lock, const std::filesystem::path& just_written) {
  ::utimensat(AT_FDCWD, just_written.c_str(), nullptr, 0);
  const auto now = stat_of(just_written);
  return now ? seconds(now->st_mtim) - seconds(lock.st_mtim) : 0;
}

[[noreturn]] void refuse_held(const std::filesystem::path& path, double age) {
  const std::optional<LockOwner> owner = read_owner(path);
  const std::string who =
      owner ? fmt::format("host {}, pid {}, attempt {}", owner->host, owner->pid, owner->attempt)
            : std::string("unknown owner");
  throw Error(ExitCode::usage, fmt::format("{} is in use", path.parent_path().string()),
              fmt::format("{} holds its lock and gave a sign of life {:.0f} s ago", who, age),
              fmt::format("wait for it, stop it, or, if it does not exist any more, remove {}",
                          path.string()));
}

/// Moves a stale lock away. Two starters may both find it stale: the loser puts the winner's fresh
/// lock back.
void remove_stale(const std::filesystem::path& path, ino_t stale) {
  const std::filesystem::path aside =
      fmt::format("{}.stale-{}-{}", path.string(), this_host(), ::getpid());
  if (::rename(path.c_str(), aside.c_str()) != 0) return;
  const auto moved = stat_of(aside);
  if (moved && moved->st_ino != stale) static_cast<void>(::link(aside.c_str(), path.c_str()) == 0);
  ::unlink(aside.c_str());
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& run, const std::string& attempt,
                 std::chrono::milliseconds stale_after)
    : path_(run / "lock") {
  std::error_code error;
  std::filesystem::create_directories(run, error);
  const std::filesystem::path mine =
      fmt::format("{}.new-{}-{}", path_.string(), this_host(), ::getpid());
  ::unlink(mine.c_str());
  write_owner(mine, attempt);
  try {
    take(mine, stale_after);
  } catch (...) {
    ::unlink(mine.c_str());
    throw;
  }
  ::unlink(mine.c_str());
  thread_ = std::thread([this, interval = stale_after / 6] { keep_alive(interval); });
}

void RunLock::take(const std::filesystem::path& mine, std::chrono::milliseconds stale_after) {
  for (int tries = 0; tries < kTries; ++tries) {
    // link() is the exclusive creation that also network file systems do right, and the lock is
    // never seen half-written. Over NFS the answer to a link that was made may get lost; the count
    // of names tells.
    const int error = ::link(mine.c_str(), path_.c_str()) == 0 ? 0 : errno;
    const auto info = stat_of(mine);
    if (info && (error == 0 || info->st_nlink == 2)) {
      inode_ = info->st_ino;
      fd_ = ::open(mine.c_str(), O_RDONLY | O_CLOEXEC);
      return;
    }
    if (error != EEXIST) refuse_io(path_, error);
    const OpenFile pinned(path_);
    const auto held = pinned.stat();
    if (!held) continue;  // released between the two calls
    const std::optional<LockOwner> owner = read_owner(path_);
    const double age = age_of(*held, mine);
    const bool stale = age > std::chrono::duration<double>(stale_after).count() ||
                       (owner && (process_is_gone(*owner) || earlier_start_of_this_job(*owner)));
    if (!stale) refuse_held(path_, age);
    remove_stale(path_, held->st_ino);
  }
  refuse_held(path_, 0);
}

bool RunLock::still_mine() const {
  const auto info = stat_of(path_);
  return info && info->st_ino == inode_;
}

void RunLock::keep_alive(std::chrono::milliseconds interval) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval, [this] { return ending_; })) {
    if (!still_mine()) lost_ = true;
    if (!lost_) ::utimensat(AT_FDCWD, path_.c_str(), nullptr, 0);
  }
}

RunLock::~RunLock() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
  if (still_mine()) ::unlink(path_.c_str());
  if (fd_ >= 0) ::close(fd_);
}

std::optional<LockOwner> lock_owner(const std::filesystem::path& run) {
  return read_owner(run / "lock");
}

}  // namespace litebench::launch
