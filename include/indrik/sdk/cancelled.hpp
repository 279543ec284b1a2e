#pragma once

#include <indrik/sdk/api.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {

/// Thrown by what a coroutine waits for, when the deadline of its request has passed: the client has its 504, and the
/// coroutine is to end. No std::exception, so that whoever catches those to try again does not catch it.
struct Cancelled {};

}  // namespace indrik
#pragma GCC visibility pop
