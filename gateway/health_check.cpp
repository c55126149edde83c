#include "health_check.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace gateway {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// A connection of which no step outlasts the deadline.
class Peer {
 public:
  Peer(const addrinfo& address, Clock::time_point deadline)
      : deadline_(deadline),
        descriptor_(socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    if (descriptor_ < 0) fail("socket");
    if (::connect(descriptor_, address.ai_addr, address.ai_addrlen) == 0) return;
    if (errno == EINPROGRESS) {
      wait(POLLOUT);
      socklen_t length = sizeof errno;
      getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &errno, &length);
    }
    if (errno != 0) {
      close(descriptor_);
      fail("connect");
    }
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() { close(descriptor_); }

  void send_all(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count > 0) {
        text.remove_prefix(static_cast<std::size_t>(count));
      } else if (errno == EAGAIN) {
        wait(POLLOUT);
      } else if (errno != EINTR) {
        fail("send");
      }
    }
  }

  // Until the peer closes, or has sent more than any health answer.
  std::string receive_all() const {
    std::string received;
    std::array<char, 4096> buffer{};
    while (received.size() < 65536) {
      const ssize_t count = recv(descriptor_, buffer.data(), buffer.size(), 0);
      if (count == 0) break;
      if (count > 0) {
        received.append(buffer.data(), static_cast<std::size_t>(count));
      } else if (errno == EAGAIN) {
        wait(POLLIN);
      } else if (errno != EINTR) {
        fail("receive");
      }
    }
    return received;
  }

 private:
  void wait(short event) const {
    using std::chrono::milliseconds;
    pollfd watched{descriptor_, event, 0};
    for (;;) {
      const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - Clock::now());
      if (left <= milliseconds(0)) throw std::runtime_error("no answer in time");
      const int ready = poll(&watched, 1, static_cast<int>(left.count()));
      if (ready > 0) return;
      if (ready < 0 && errno != EINTR) fail("poll");
    }
  }

  Clock::time_point deadline_;
  int descriptor_;
};

std::string ask(const std::string& address, std::uint16_t port, Clock::time_point deadline) {
  const bool any = address == "0.0.0.0" || address == "::";
  const std::string host = any ? (address == "::" ? "::1" : "127.0.0.1") : address;
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0)
    throw std::runtime_error(gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  const Peer peer(*found, deadline);
  peer.send_all("GET /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  return peer.receive_all();
}

}  // namespace

int check_health(const std::string& address, std::uint16_t port, std::chrono::milliseconds patience) {
  try {
    const std::string answer = ask(address, port, Clock::now() + patience);
    const std::size_t body = answer.find("\r\n\r\n");
    std::cout << (body == answer.npos ? answer : answer.substr(body + 4)) << '\n';
    return answer.starts_with("HTTP/1.1 200 ") ? 0 : 1;
  } catch (const std::exception& error) {
    std::cout << "The gateway does not answer on port " << port << ": " << error.what() << '\n';
    return 1;
  }
}

}  // namespace gateway
