#pragma once

#include <indrik/sdk/api.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {

/// Thrown by what a coroutine waits for when nobody wants what it does any more: the deadline of its request has passed
/// and the client has its 504, the client has left, or whoever started it has cancelled it, or has ended. It is to end.
/// No std::exception, so that whoever catches those to try again does not catch it.
struct Cancelled {};

}  // namespace indrik
#pragma GCC visibility pop
