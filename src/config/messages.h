#pragma once

#include <span>
#include <string>
#include <string_view>

namespace indrik::config {

/// Without control characters, which become \xHH: fit for a message of one line. UTF-8 and quotes stay.
std::string printable(std::string_view text);
bool is_printable(std::string_view text) noexcept;

/// Cut to what a message can bear, with "..." for the rest.
std::string shortened(std::string_view text);

/// `; did you mean "workers"?`, each name between `quote`s; `otherwise` where no candidate is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates, std::string_view quote,
                         std::string_view otherwise = {});

}  // namespace indrik::config
