#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"

namespace indrik::config {

enum class WorkerClass : std::uint8_t { sync, event, green };
enum class CertReqs : std::uint8_t { none, optional, required };
enum class TlsMinVersion : std::uint8_t { v1_2, v1_3 };
enum class ProxyProtocol : std::uint8_t { off, optional, required };
enum class HeaderMap : std::uint8_t { drop, refuse, dangerous };
enum class LogLevel : std::uint8_t { debug, info, warning, error, critical };

/// A number of workers, or "as many as there are cores for us", which whoever forks them finds out.
struct WorkerCount {
  int number = 0;  ///< 0: auto

  bool is_auto() const noexcept { return number == 0; }
  bool operator==(const WorkerCount&) const = default;
};

/// Every setting of the server. Meaning, default and range of each stand in settings_table.cpp, one row a member;
/// a Settings made by hand is empty, default_settings() and load() fill it.
struct Settings {
  std::vector<std::string> bind;
  int backlog{};
  bool reuse_port{};
  mode_t unix_socket_mode{};

  std::vector<std::string> certfile;  ///< none: no TLS
  std::vector<std::string> keyfile;   ///< one for each certfile; none: the keys stand there
  std::filesystem::path ca_certs;     ///< empty: none
  CertReqs cert_reqs{};
  TlsMinVersion tls_min_version{};
  std::string ciphers;
  std::string ciphersuites;
  std::vector<std::string> ocsp_file;
  milliseconds tls_session_timeout{};  ///< 0: no session is resumed

  WorkerCount workers;
  WorkerClass worker_class{};
  int threads{};
  int worker_connections{};
  bool fair_accept{};
  int max_requests{};         ///< 0: never
  std::size_t max_memory{};   ///< bytes; 0: no bound
  int max_requests_jitter{};  ///< the most that one worker's limit is raised by
  int crash_quarantine{};     ///< 0: never
  milliseconds crash_quarantine_window{};
  milliseconds crash_quarantine_time{};
  std::size_t fiber_stack_size{};
  bool file_offload{};
  int offload_threads{};
  milliseconds stall_threshold{};
  std::filesystem::path plugin_directory;  ///< empty: see plugin_folder() in plugin_lookup.h

  milliseconds timeout{};  ///< 0: off
  milliseconds boot_timeout{};
  milliseconds max_timeout{};
  milliseconds queue_timeout{};  ///< 0: off
  bool cancel_on_disconnect{};
  milliseconds graceful_timeout{};
  milliseconds drain_delay{};
  milliseconds drain_idle{};
  milliseconds handshake_timeout{};
  milliseconds first_byte_timeout{};
  milliseconds head_timeout{};
  milliseconds body_timeout{};
  milliseconds write_timeout{};
  std::size_t min_body_rate{};   ///< bytes a second; 0: any
  std::size_t min_write_rate{};  ///< bytes a second; 0: any
  milliseconds keep_alive{};
  milliseconds stream_idle_timeout{};  ///< 0: off
  milliseconds linger_timeout{};

  std::size_t limit_request_line{};
  int limit_request_fields{};
  std::size_t limit_request_field_size{};
  std::size_t limit_request_head_size{};
  std::size_t max_body_size{};
  std::size_t body_buffer_size{};
  std::size_t max_body_space{};          ///< bytes; 0: no bound
  std::filesystem::path body_directory;  ///< empty: the system's folder for temporary files

  ProxyProtocol proxy_protocol{};
  std::vector<std::string> proxy_allow_ips;
  std::vector<std::string> forwarded_allow_ips;
  std::vector<std::string> forwarded_fields;
  HeaderMap header_map{};

  std::string server_header;   ///< empty: none is sent
  std::string access_logfile;  ///< empty: off; "-": stdout
  std::string access_logformat;
  std::string error_logfile;  ///< "-": stderr
  LogLevel log_level{};
  std::filesystem::path pid;             ///< empty: none
  std::filesystem::path control_socket;  ///< empty: none
  std::string proc_name;                 ///< empty: none
  std::filesystem::path chdir;           ///< empty: where the server was started
  std::vector<std::string> env;          ///< "NAME=VALUE"
  mode_t umask{};
  std::string user;   ///< name or number; empty: as started
  std::string group;  ///< name or number; empty: the user's own, or as started
  bool daemon{};

  bool operator==(const Settings&) const = default;
};

}  // namespace indrik::config
