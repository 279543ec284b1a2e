#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace indrik::control {

// How a server fares, as its master says it. Ages are in whole seconds. The members are the names in JSON: none may be
// renamed, and more may be added.

struct WorkerStatus {
  std::uint64_t number = 0;  ///< as the log counts them
  std::int32_t pid = 0;
  std::string state;  ///< "starting", "ready", "retiring", "quitting", "aborting", "killing"
  std::string worker_class;
  std::uint32_t generation = 0;
  std::uint32_t connections = 0;
  std::uint32_t in_flight = 0;
  std::uint64_t requests = 0;  ///< answered by this process
  std::int64_t age = 0;
  std::string running;  ///< the blocking request on its loop's thread; empty: none
};

struct ClosedRoute {
  std::string route;
  std::int64_t opens_in = 0;
};

struct LastReload {
  std::string result;  ///< "ok", "failed"; empty: there was none yet
  std::string text;    ///< the sentence of the log
  std::int64_t age = 0;
};

struct Status {
  std::string version;
  std::int32_t pid = 0;
  std::string state;  ///< "starting", "serving", "leaving" (drain_delay), "stopping"
  std::int64_t uptime = 0;
  std::int64_t started_at = 0;  ///< seconds since 1970
  std::uint32_t generation = 0;
  std::vector<std::string> listeners;
  std::uint64_t workers_wanted = 0;
  std::uint64_t workers_ready = 0;  ///< of the generation
  std::uint64_t requests = 0;       ///< of all workers since the start
  std::uint64_t errors = 0;         ///< answers of 500 and above among them
  std::uint64_t restarts = 0;       ///< workers that have ended by themselves, or were killed
  bool reloading = false;           ///< one is under way, or waits for its turn
  std::int32_t upgrading_to = 0;    ///< the pid of a new master that is starting; 0: none
  std::int32_t upgraded_from = 0;   ///< the pid of the master of before, while it finishes; 0: none
  LastReload last_reload;
  std::vector<ClosedRoute> closed_routes;
  std::vector<WorkerStatus> workers;
};

}  // namespace indrik::control
