#pragma once

#include <string_view>

#include "process/scoreboard.h"
#include "worker/running_exchange.h"

namespace indrik::worker {

class Engine;

/// A line of the access log for an exchange and its answer, if there is an access log. Before the request's views end.
/// `response` is exchange.response, or what the client got while a handler still works on that.
void record_access(Engine& engine, const RunningExchange& exchange, const http::Response& response) noexcept;
/// The same for bytes that were no request.
void record_refusal(Engine& engine, int status, std::string_view peer) noexcept;

/// Adds an answer to the slot's totals.
void count_answer(process::Slot& slot, int status) noexcept;

}  // namespace indrik::worker
