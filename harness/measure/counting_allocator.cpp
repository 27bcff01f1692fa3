#include "harness/measure/counting_allocator.hpp"

#include <c10/core/CPUAllocator.h>
#include <c10/core/alignment.h>
#include <c10/util/Exception.h>

#include <new>

namespace litebench::measure {

// Lies right before the data, so that data and context are one pointer, which raw_allocate()
// demands of an allocator.
struct CountingAllocator::Header {
  CountingAllocator* owner;
  std::int64_t bytes;
};

namespace {
// A whole alignment unit, or the data behind it would lose LibTorch's 64-byte alignment.
constexpr std::size_t kHeaderBytes = c10::gAlignment;
// Above LibTorch's own registration, which has priority 0.
constexpr std::uint8_t kPriority = 100;

}  // namespace

// LibTorch gives exhausted memory a type of its own on GPUs only.
void* CountingAllocator::take_block(std::size_t bytes) {
  try {
    return blocks_.take(bytes);
  } catch (const c10::Error& error) {
    throw c10::OutOfMemoryError(error.msg());
  }
}

CountingAllocator& CountingAllocator::install() {
  // Never destroyed: memory of tensors in static storage returns after main() has ended. The
  // registry behind SetCPUAllocator is global anyway.
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
  static CountingAllocator& installed = []() -> CountingAllocator& {
    auto* allocator = new CountingAllocator;
    c10::SetCPUAllocator(allocator, kPriority);
    return *allocator;
  }();
  return installed;
}

c10::DataPtr CountingAllocator::allocate(std::size_t bytes) {
  static_assert(sizeof(Header) <= kHeaderBytes);
  const c10::Device cpu(c10::DeviceType::CPU);
  if (bytes == 0) return {nullptr, cpu};
  auto* block = static_cast<std::byte*>(take_block(bytes + kHeaderBytes));
  new (block) Header{this, static_cast<std::int64_t>(bytes)};
  add(static_cast<std::int64_t>(bytes));
  void* data = block + kHeaderBytes;
  return {data, data, &CountingAllocator::release, cpu};
}

c10::DeleterFnPtr CountingAllocator::raw_deleter() const { return &CountingAllocator::release; }

void CountingAllocator::copy_data(void* to, const void* from, std::size_t bytes) const {
  default_copy_data(to, from, bytes);
}

void CountingAllocator::release(void* data) {
  if (data == nullptr) return;
  std::byte* block = static_cast<std::byte*>(data) - kHeaderBytes;
  const Header header = *std::launder(reinterpret_cast<Header*>(block));
  header.owner->add(-header.bytes);
  header.owner->blocks_.give(block, static_cast<std::size_t>(header.bytes) + kHeaderBytes);
}

void CountingAllocator::add(std::int64_t bytes) noexcept {
  const std::int64_t now = current_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  std::int64_t seen = peak_.load(std::memory_order_relaxed);
  while (now > seen && !peak_.compare_exchange_weak(seen, now, std::memory_order_relaxed)) {
  }
}

}  // namespace litebench::measure
