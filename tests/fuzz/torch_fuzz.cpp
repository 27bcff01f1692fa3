// Any bytes either become tensors inside their storages or Error{data}. Bytes that are no archive become the pickle of one
// whose storages "0" and "1" hold 64 bytes each, so that mutations reach the state dict.
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "model/checkpoint/torch_zip.hpp"
#include "tests/fuzz/walk_tensors.hpp"

using namespace litebench;

namespace {

template <class T>
void put(std::string& text, T value) {
  text.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

class Archive {
 public:
  void add(const std::string& name, const std::string& content) {
    const auto offset = static_cast<std::uint32_t>(file_.size());
    put<std::uint32_t>(file_, 0x04034b50);
    file_.append(22, '\0');
    put<std::uint32_t>(file_, static_cast<std::uint32_t>(name.size()));
    file_ += name + content;
    put<std::uint32_t>(directory_, 0x02014b50);
    directory_.append(16, '\0');
    for (int i = 0; i < 2; ++i)
      put<std::uint32_t>(directory_, static_cast<std::uint32_t>(content.size()));
    put<std::uint32_t>(directory_, static_cast<std::uint32_t>(name.size()));
    directory_.append(10, '\0');
    put<std::uint32_t>(directory_, offset);
    directory_ += name;
    ++entries_;
  }
  std::string finish() && {
    const auto offset = static_cast<std::uint32_t>(file_.size());
    file_ += directory_;
    put<std::uint32_t>(file_, 0x06054b50);
    put<std::uint32_t>(file_, 0);
    for (int i = 0; i < 2; ++i) put<std::uint16_t>(file_, entries_);
    put<std::uint32_t>(file_, static_cast<std::uint32_t>(directory_.size()));
    put<std::uint32_t>(file_, offset);
    put<std::uint16_t>(file_, 0);
    return std::move(file_);
  }

 private:
  std::string file_, directory_;
  std::uint16_t entries_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string file(reinterpret_cast<const char*>(data), size);
  if (!file.starts_with("PK")) {
    Archive archive;
    archive.add("a/data.pkl", file);
    for (const auto* storage : {"a/data/0", "a/data/1"}) archive.add(storage, std::string(64, 'x'));
    file = std::move(archive).finish();
  }
  try {
    model::walk(model::parse_torch_zip(std::as_bytes(std::span(file)), "fuzz"));
  } catch (const Error& error) {
    if (error.code() != ExitCode::data) std::abort();
  }
  return 0;
}
