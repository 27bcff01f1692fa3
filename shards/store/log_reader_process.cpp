#include "shards/store/log_reader_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <utility>

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"
#include "shards/store/hdf5_log.hpp"

namespace litebench::store {
namespace {

constexpr int kRead = 0, kGaveUp = 1, kFound = 2;  // exit codes of a process that reads

/// All bytes of the log, in this process. A log that claims to be larger than its file is damaged: it is stored as it is.
int read_bytes(const Hdf5Log& log, const SharedPages& pages) {
  constexpr std::uint64_t kWindow = 4 << 20;
  const std::uint64_t size = log.size();
  if (size > pages.room().size()) return kGaveUp;
  for (std::uint64_t offset = 0; offset < size; offset += kWindow)
    log.read(offset, pages.room().subspan(offset, std::min(kWindow, size - offset)));
  pages.set_filled(size);
  return kRead;
}

/// Size, size of a chunk and the chunks' places, if the log lies in the file as it is.
bool find_chunks(const Hdf5Log& log, const SharedPages& pages) {
  // What they cost grows with the square of the chunks; with 2,048 of them (128 MiB) it is a tenth of a second.
  constexpr std::uint64_t kMostChunks = 2048;
  std::vector<std::uint64_t> words = log.data().chunk_addresses(kMostChunks);
  if (words.empty()) return false;
  words.insert(words.begin(), {log.size(), log.data().chunk_size()});
  const auto bytes = std::as_bytes(std::span(words));
  if (bytes.size() > pages.room().size()) return false;
  std::copy(bytes.begin(), bytes.end(), pages.room().begin());
  pages.set_filled(bytes.size());
  return true;
}

constexpr char kFind = 'f', kReadBytes = 'r';  // requests

int work(char what, const std::filesystem::path& path, const SharedPages& pages) {
  try {
    const Hdf5Log log(path);
    return what == kFind && find_chunks(log, pages) ? kFound : read_bytes(log, pages);
  } catch (const std::exception&) {
    return kGaveUp;
  }
}

constexpr int kLost =
    -1;  // no wait status: the process could not be started, or nobody knows how it ended

int wait_for(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return kLost;
  }
  return status;
}

/// How a process that reads the log ended, as waitpid says it.
int status_of_reading(char what, const std::filesystem::path& path, int descriptor) {
  constexpr unsigned kSeconds = 20;
  constexpr std::uint64_t kBytesPerSecond = 20'000'000;
  const pid_t child = ::fork();
  if (child < 0) return kLost;
  if (child > 0) return wait_for(child);
  for (const int signal : {SIGALRM, SIGSEGV, SIGBUS, SIGABRT, SIGTERM}) ::signal(signal, SIG_DFL);
  const SharedPages pages = SharedPages::behind(descriptor);
  if (!pages) ::_exit(kGaveUp);
  ::alarm(kSeconds + static_cast<unsigned>(pages.room().size() / kBytesPerSecond));
  ::_exit(work(what, path, pages));
}

/// One request or the room for one: what to do, a path, and beside it a descriptor.
struct Message {
  std::array<char, 1 + PATH_MAX> text{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> beside{};
  iovec part{text.data(), text.size()};
  msghdr header{};

  Message() {
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = beside.data();
    header.msg_controllen = beside.size();
  }
};

bool send_request(int socket, char what, const std::filesystem::path& path, int descriptor) {
  Message message;
  const std::string text = what + path.string();
  if (text.size() >= message.text.size()) return false;
  std::copy(text.begin(), text.end(), message.text.begin());
  message.part.iov_len = text.size();
  cmsghdr* control = CMSG_FIRSTHDR(&message.header);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(control), &descriptor, sizeof descriptor);
  return ::sendmsg(socket, &message.header, MSG_NOSIGNAL) >= 0;
}

/// Answers requests until the other end is closed.
void serve(int socket) {
  while (true) {
    Message message;
    const ssize_t length = ::recvmsg(socket, &message.header, 0);
    if (length < 0 && errno == EINTR) continue;
    const cmsghdr* control = CMSG_FIRSTHDR(&message.header);
    if (length <= 0 || control == nullptr) return;
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(control), sizeof descriptor);
    const std::string path(message.text.data() + 1, static_cast<std::size_t>(length) - 1);
    const int status = status_of_reading(message.text[0], path, descriptor);
    ::close(descriptor);
    if (::send(socket, &status, sizeof status, MSG_NOSIGNAL) < 0) return;
  }
}

std::string failure_of(int status) {
  if (status == kLost) return "there is no room for a process that reads it, or it is lost";
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) return "libhdf5 hangs on it";
  if (WIFSIGNALED(status)) return "libhdf5 crashes on it";
  return WEXITSTATUS(status) == kGaveUp ? "libhdf5 cannot read it" : "";
}

}  // namespace

bool SharedPages::make_room(std::uint64_t size) {
  const std::uint64_t wanted = sizeof(std::uint64_t) + size;
  if (at_ != nullptr && wanted <= size_) return true;
  if (descriptor_ < 0) descriptor_ = ::memfd_create("litebench log", MFD_CLOEXEC);
  if (descriptor_ < 0 || ::ftruncate(descriptor_, static_cast<off_t>(wanted)) != 0) return false;
  if (at_ != nullptr) ::munmap(at_, size_);
  at_ = nullptr;
  size_ = wanted;
  map();
  return at_ != nullptr;
}

SharedPages SharedPages::behind(int descriptor) {
  SharedPages pages;
  struct stat found {};
  pages.descriptor_ = descriptor;
  if (::fstat(descriptor, &found) != 0) return pages;
  pages.size_ = static_cast<std::uint64_t>(found.st_size);
  pages.map();
  return pages;
}

void SharedPages::map() {
  void* at = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  if (at != MAP_FAILED) at_ = static_cast<std::byte*>(at);
}

SharedPages::~SharedPages() {
  if (at_ != nullptr) ::munmap(at_, size_);
  if (descriptor_ >= 0) ::close(descriptor_);
}

SharedPages::SharedPages(SharedPages&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      at_(std::exchange(other.at_, nullptr)) {}

void SharedPages::set_filled(std::uint64_t bytes) const { std::memcpy(at_, &bytes, sizeof bytes); }

std::span<const std::byte> SharedPages::filled() const {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at_, sizeof bytes);
  return room().first(bytes);
}

LogReaderProcess::LogReaderProcess() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return;
  process_ = ::fork();
  if (process_ == 0) {
    ::close(ends[0]);
    serve(ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  socket_ = ends[0];
}

LogReaderProcess::~LogReaderProcess() {
  if (socket_ >= 0) {
    ::shutdown(socket_,
               SHUT_RDWR);  // closing would not do: processes forked later hold this end too
    ::close(socket_);
  }
  if (process_ > 0) static_cast<void>(wait_for(process_));
}

int LogReaderProcess::ask(char what, const std::filesystem::path& path) const {
  int status = kLost;
  if (process_ <= 0 || !send_request(socket_, what, path, pages_.descriptor())) return kLost;
  ssize_t length = 0;
  do {
    length = ::recv(socket_, &status, sizeof status, 0);
  } while (length < 0 && errno == EINTR);
  return length == static_cast<ssize_t>(sizeof status) ? status : kLost;
}

LogReaderProcess::Answer LogReaderProcess::read(const std::filesystem::path& path,
                                                std::uint64_t size) {
  if (!pages_.make_room(size)) return {"there is no memory to read it", {}};
  return {failure_of(ask(kReadBytes, path)), {}};
}

LogReaderProcess::Answer LogReaderProcess::find(const std::filesystem::path& path,
                                                std::uint64_t size) {
  if (!pages_.make_room(size)) return {"there is no memory to read it", {}};
  const int status = ask(kFind, path);
  Answer answer{failure_of(status), {}};
  if (!answer.failure.empty() || WEXITSTATUS(status) != kFound) return answer;
  const std::span<const std::byte> found = pages_.filled();
  std::vector<std::uint64_t> words(found.size() / sizeof(std::uint64_t));
  std::memcpy(words.data(), found.data(), words.size() * sizeof(std::uint64_t));
  answer.places = {words[0], words[1], {words.begin() + 2, words.end()}};
  return answer;
}

LogReaders::LogReaders(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) resting_.push_back(std::make_unique<LogReaderProcess>());
}

std::unique_ptr<LogReaderProcess> LogReaders::take() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [this] { return !resting_.empty(); });
  std::unique_ptr<LogReaderProcess> process = std::move(resting_.back());
  resting_.pop_back();
  return process;
}

void LogReaders::put(std::unique_ptr<LogReaderProcess> process) {
  const std::lock_guard lock(mutex_);
  resting_.push_back(std::move(process));
  returned_.notify_one();
}

}  // namespace litebench::store
