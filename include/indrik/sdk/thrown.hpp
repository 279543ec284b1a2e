#pragma once

#include <cxxabi.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <typeinfo>

#include <indrik/sdk/api.hpp>
#include <indrik/sdk/cancelled.hpp>
#include <indrik/sdk/stream.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

/// "int" for `throw 1`; the name as the compiler has it where it cannot be told better.
inline std::string name_of_thrown_type() {
  const auto* type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "unknown";
  const std::unique_ptr<char, decltype(&std::free)> readable{
      abi::__cxa_demangle(type->name(), nullptr, nullptr, nullptr), &std::free};
  return readable ? readable.get() : type->name();
}

/// Within a catch block: what was thrown, in words. A forced unwinding, by which a thread or a fiber is cancelled, is
/// no failure of the handler and passes on.
inline std::string what_was_thrown() {
  try {
    throw;
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (const Cancelled&) {
    return "cancelled";
  } catch (const ClientGone&) {
    return "the client has gone";
  } catch (const std::exception& thrown) {
    return *thrown.what() == '\0' ? "an exception without a text" : thrown.what();
  } catch (...) {
    return "an exception of type " + name_of_thrown_type();
  }
}

/// Within a catch block: the exchange's answer is a 500 for this reason.
inline void fail_for_what_was_thrown(const Context& context) {
  context.api->response->fail(context.exchange, to_abi(what_was_thrown()));
}

}  // namespace sdk
}  // namespace indrik
#pragma GCC visibility pop
