#include "core/key_file.hpp"

#include <fcntl.h>
#include <sodium/utils.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace auth {
namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::size_t kHexSize = 2 * kKeySize;

class File {
 public:
  // Non-blocking, or a FIFO in the file's place would hold us for ever.
  explicit File(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (descriptor_ < 0)
      throw KeyFileError(std::string("the key file cannot be opened: ") + std::strerror(errno));
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::close(descriptor_); }

  // Asks the open file and not its path, so that nobody can exchange it between the question and the reading.
  void check_permissions() const {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) throw KeyFileError("the key file cannot be examined");
    if (!S_ISREG(status.st_mode)) throw KeyFileError("the key file is not a regular file");
    if (status.st_uid != ::geteuid() && status.st_uid != 0) {
      throw KeyFileError("the key file must belong to the database server's user or to root");
    }
    const mode_t forbidden = status.st_uid == ::geteuid() ? S_IRWXG | S_IRWXO : S_IWGRP | S_IXGRP | S_IRWXO;
    if ((status.st_mode & forbidden) != 0) {
      throw KeyFileError(
          "the key file is open to others: its mode must be 0600, or 0640 if it belongs to root");
    }
  }

  // The content, but no more of it than shows that it is too long.
  SecretBytes read() const {
    SecretBytes content(kHexSize + 2);
    std::size_t size = 0;
    while (size < content.size()) {
      const ssize_t count = ::read(descriptor_, content.data() + size, content.size() - size);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw KeyFileError(std::string("the key file cannot be read: ") + std::strerror(errno));
      if (count == 0) break;
      size += static_cast<std::size_t>(count);
    }
    content.resize(size);
    return content;
  }

 private:
  int descriptor_;
};

}  // namespace

SecretBytes read_key_file(const std::string& path) {
  const File file(path);
  file.check_permissions();
  SecretBytes content = file.read();
  if (content.size() == kKeySize) return content;

  if (content.size() == kHexSize + 1 && content.back() == '\n') content.pop_back();
  SecretBytes key(kKeySize);
  std::size_t decoded = 0;
  if (content.size() != kHexSize ||
      sodium_hex2bin(key.data(), key.size(), reinterpret_cast<const char*>(content.data()), content.size(),
                     nullptr, &decoded, nullptr) != 0 ||
      decoded != kKeySize) {
    throw KeyFileError("the key file must hold 32 bytes or 64 hexadecimal digits");
  }
  return key;
}

}  // namespace auth
