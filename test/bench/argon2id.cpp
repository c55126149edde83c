// The time of one bare Argon2id hash on this machine, in milliseconds: the yardstick for log-ins a second.
// Runs the same libsodium call with the parameters given (m in KiB, t) on one thread and prints the median.
#include <sodium.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argument_count, char** arguments) {
  if (argument_count != 3 || sodium_init() < 0) {
    std::fputs("usage: argon2id MEMORY_KIB ITERATIONS\n", stderr);
    return 2;
  }
  const std::size_t memory_bytes = std::strtoul(arguments[1], nullptr, 10) * 1024;
  const unsigned long iterations = std::strtoul(arguments[2], nullptr, 10);
  constexpr std::array<char, 17> password{"bare hash, 16 by"};
  std::array<unsigned char, crypto_pwhash_SALTBYTES> salt{};
  std::array<unsigned char, 32> hash{};
  std::vector<double> milliseconds;
  for (int round = 0; round < 101; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    if (crypto_pwhash(hash.data(), hash.size(), password.data(), password.size() - 1, salt.data(), iterations,
                      memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
      std::fputs("argon2id: out of memory\n", stderr);
      return 1;
    }
    milliseconds.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  std::nth_element(milliseconds.begin(), milliseconds.begin() + 50, milliseconds.end());
  std::printf("%.3f\n", milliseconds[50]);
}
