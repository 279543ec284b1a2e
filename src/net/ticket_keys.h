#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "base/result.h"

namespace indrik::net {

/// The keys that session tickets are sealed with (RFC 5077, RFC 8446 4.6.1), in memory that the master makes before its
/// forks: a client that comes back is recognised by every worker, of every generation. They are exchanged in time, by
/// whichever worker notices first; what was sealed with the last one but one is not opened any more, by anybody.
class TicketKeys {
 public:
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;  ///< AES-256
    std::array<unsigned char, 32> mac;     ///< HMAC-SHA-256
  };

  /// Fails where the kernel gives no memory or no random bytes.
  static Result<TicketKeys> create();
  TicketKeys(TicketKeys&& other) noexcept;
  TicketKeys& operator=(TicketKeys&&) = delete;
  ~TicketKeys();

  /// What to seal with, `now`; a key that is older than `lifetime` is exchanged for a new one. Any process.
  Key current(TimePoint now, seconds lifetime) noexcept;
  /// The key of that name; false: it is gone, or was never ours. `is_old`: a new ticket is due.
  bool find(const unsigned char* name, Key& key, bool& is_old) const noexcept;

 private:
  struct Shared;
  explicit TicketKeys(Shared* shared) noexcept : shared_{shared} {}

  Shared* shared_;
};

}  // namespace indrik::net
