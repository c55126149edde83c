// Where a password hash works: in pages of 2 MiB instead of 4 KiB.
//
// Argon2id fills and walks 19 MiB at random, so 4 KiB pages cost 4,864 page faults a hash and a miss of the
// processor's address cache at nearly every step. libsodium takes its memory by mmap() and gives it back
// after each hash, with no way to tell it another place. The linker gives one: `--wrap=mmap --wrap=munmap`
// (Makefile) lead the calls of the libsodium that is linked into this library to the two functions below, and
// nobody else's. `make bench` measures what it brings ("log-ins a second"): a hash takes 9.6 ms instead of 11
// to 38, most of that on machines whose page tables are virtual.
//
// Nothing is kept from one hash to the next: pages go back to the system, which clears them.
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

extern "C" {

// Their names are the linker's.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
void* __real_mmap(void* address, std::size_t size, int protection, int flags, int file, off_t offset);
int __real_munmap(void* address, std::size_t size);

namespace {

constexpr std::size_t kLargePage = std::size_t{2} << 20;

// Less than a large page is served as it is asked for; the rest in whole large pages, by both functions
// alike.
std::size_t in_large_pages(std::size_t size) { return (size + kLargePage - 1) / kLargePage * kLargePage; }

}  // namespace

// As mmap() of memory of the caller's own.
[[gnu::visibility("hidden")]] void* __wrap_mmap(void* address, std::size_t size, int protection, int flags,
                                                int file, off_t offset) {
  if (size < kLargePage) return __real_mmap(address, size, protection, flags, file, offset);
  size = in_large_pages(size);
  // Pages of 2 MiB begin at multiples of 2 MiB: one more than needed, so that there is such a place in it.
  void* const taken =
      __real_mmap(address, size + kLargePage, protection, flags & ~MAP_POPULATE, file, offset);
  if (taken == MAP_FAILED) return taken;
  auto* const first = static_cast<std::byte*>(taken);
  const std::size_t before = (kLargePage - reinterpret_cast<std::uintptr_t>(first) % kLargePage) % kLargePage;
  if (before > 0) __real_munmap(first, before);
  __real_munmap(first + before + size, kLargePage - before);
  // Both are wishes: a system that does not know them, or has no large page left, gives what it has.
  madvise(first + before, size, MADV_HUGEPAGE);
  madvise(first + before, size, MADV_POPULATE_WRITE);
  return first + before;
}

[[gnu::visibility("hidden")]] int __wrap_munmap(void* address, std::size_t size) {
  return __real_munmap(address, size < kLargePage ? size : in_large_pages(size));
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

}  // extern "C"
