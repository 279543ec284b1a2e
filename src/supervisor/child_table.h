#pragma once

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>

namespace indrik::supervisor {

/// What the master knows of a living child. One that has ended is no child any more: waitpid(2) may give its pid away.
enum class ChildState : std::uint8_t {
  starting,  ///< forked, not yet able to serve
  ready,     ///< serves
  retiring,  ///< finishes what it has: asked to (SIGTERM), or by itself
  quitting,  ///< asked to end at once (SIGQUIT)
  aborting,  ///< stuck: told to leave a core (SIGABRT)
  killing,   ///< out of patience (SIGKILL)
};
inline constexpr std::size_t kChildStates = 6;

enum class ChildEvent : std::uint8_t {
  became_ready,       ///< it says so in its slot
  retires_by_itself,  ///< it says so in its slot, and we have not told it: it has served enough, or somebody sent TERM
  told_to_retire,     ///< stop, reload, fewer workers
  told_to_quit,       ///< quick stop
  fell_silent,        ///< its heartbeat is older than the timeout
  deadline_passed,    ///< what its state allows (see Children::apply) is over
};
inline constexpr std::size_t kChildEvents = 6;

struct Transition {
  ChildState next;
  int signal = 0;  ///< to send to the child; 0: none
};

namespace table {

inline constexpr auto starting = ChildState::starting;
inline constexpr auto ready = ChildState::ready;
inline constexpr auto retiring = ChildState::retiring;
inline constexpr auto quitting = ChildState::quitting;
inline constexpr auto aborting = ChildState::aborting;
inline constexpr auto killing = ChildState::killing;

// clang-format off
/// A child only ever moves to the right of the states' order; nothing brings one back.
inline constexpr std::array<std::array<Transition, kChildEvents>, kChildStates> kChildTable{{
  //             became_ready  by_itself   told_to_retire       told_to_quit         fell_silent          deadline_passed
  /* starting */ {{{ready},    {retiring}, {retiring, SIGTERM}, {quitting, SIGQUIT}, {aborting, SIGABRT}, {aborting, SIGABRT}}},
  /* ready    */ {{{ready},    {retiring}, {retiring, SIGTERM}, {quitting, SIGQUIT}, {aborting, SIGABRT}, {ready}}},
  /* retiring */ {{{retiring}, {retiring}, {retiring},          {quitting, SIGQUIT}, {aborting, SIGABRT}, {killing, SIGKILL}}},
  /* quitting */ {{{quitting}, {quitting}, {quitting},          {quitting},          {quitting},          {killing, SIGKILL}}},
  /* aborting */ {{{aborting}, {aborting}, {aborting},          {aborting},          {aborting},          {killing, SIGKILL}}},
  /* killing  */ {{{killing},  {killing},  {killing},           {killing},           {killing},           {killing}}},
}};
// clang-format on

}  // namespace table

constexpr Transition transition(ChildState state, ChildEvent event) noexcept {
  return table::kChildTable[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
}

}  // namespace indrik::supervisor
