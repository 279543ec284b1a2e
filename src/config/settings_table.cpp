#include <algorithm>
#include <array>

#include "config/setting_spec.h"

namespace indrik::config {

namespace {

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kHour = 3600 * kSecond;
constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kMiB = 1024 * kKiB;
constexpr std::int64_t kGiB = 1024 * kMiB;
constexpr std::int64_t kMost = 1'000'000'000;
constexpr std::int64_t kLongestPath = 4095;  // PATH_MAX less its NUL

constexpr std::string_view kSocket = "Server socket";
constexpr std::string_view kTls = "TLS";
constexpr std::string_view kWorkers = "Workers";
constexpr std::string_view kTimeouts = "Time limits";
constexpr std::string_view kLimits = "Limits of a request";
constexpr std::string_view kProxies = "Behind a proxy";
constexpr std::string_view kAnswers = "Answers";
constexpr std::string_view kLogs = "Logs";
constexpr std::string_view kProcess = "Process";

bool is_assignment(std::string_view text) noexcept {
  const auto equals = text.find('=');
  return equals != 0 && equals != std::string_view::npos;
}

// A row is read as a row.
// clang-format off
constexpr auto kSettings = std::to_array<SettingSpec>({
    {.group = kSocket, .key = "bind", .flag = "-b,--bind", .placeholder = "ADDRESS", .field = &Settings::bind,
     .fallback = "127.0.0.1:8080", .range = {0, 64},
     .accepts = "up to 64 addresses like \"127.0.0.1:8080\", \"[::1]:8080\", \"unix:/run/indrik.sock\" or \"fd://3\", "
                "each with \"https://\" before it or without",
     .doc = "Where to listen. With https:// before it an address speaks TLS, which needs a certfile. The flag may be "
            "repeated; the environment separates addresses by commas. `bind = []` is for a server of streams only, where an "
            "[[app]] has a bind."},
    {.group = kSocket, .key = "backlog", .flag = "--backlog", .placeholder = "NUMBER", .field = &Settings::backlog,
     .fallback = "2048", .range = {1, 65535},
     .doc = "Connections that may wait to be accepted, for each listener; the kernel's net.core.somaxconn is the "
            "upper bound."},
    {.group = kSocket, .key = "reuse_port", .flag = "--reuse-port", .placeholder = "", .field = &Settings::reuse_port,
     .fallback = "false",
     .doc = "Open as many sockets at each address with a port as there are workers at the start (SO_REUSEPORT): the "
            "kernel spreads new connections over their queues, which takes contention off a single one when very many "
            "come. The master keeps all of them and every worker serves each, so none waits for one that is busy or "
            "gone. Other processes of the same user can listen at the address as well."},
    {.group = kSocket, .key = "unix_socket_mode", .flag = "--unix-socket-mode", .placeholder = "MODE",
     .field = &Settings::unix_socket_mode, .fallback = "0660", .range = {0, 0777},
     .doc = "Permissions of the file of a unix: listener."},

    {.group = kTls, .key = "certfile", .flag = "--certfile", .placeholder = "FILE", .field = &Settings::certfile,
     .fallback = "", .range = {0, 64}, .accepts = "up to 64 files",
     .doc = "Certificates in PEM for the https:// addresses of bind: the server's own, then those up to an authority "
            "that clients know. A client that names a host gets the first one for this host, wildcards included; any "
            "other gets the first of all. The files are read at the start and at each reload, before the workers give "
            "up root."},
    {.group = kTls, .key = "keyfile", .flag = "--keyfile", .placeholder = "FILE", .field = &Settings::keyfile,
     .fallback = "", .range = {0, 64}, .accepts = "as many files as certfile has, or none",
     .doc = "The private keys, one for each certfile, in the same order, not encrypted; none: they stand in the files "
            "of the certificates. Others should not be able to read them."},
    {.group = kTls, .key = "ca_certs", .flag = "--ca-certs", .placeholder = "FILE", .field = &Settings::ca_certs,
     .fallback = "", .range = {0, kLongestPath}, .accepts = "a file, or \"\" for none",
     .doc = "Certificates in PEM of the authorities that may sign those of clients."},
    {.group = kTls, .key = "cert_reqs", .flag = "--cert-reqs", .placeholder = "DEMAND", .field = &Settings::cert_reqs,
     .fallback = "none",
     .doc = "Whether clients are asked for a certificate. One that ca_certs does not vouch for ends the handshake, "
            "optional or required; handlers learn whose it is."},
    {.group = kTls, .key = "tls_min_version", .flag = "--tls-min-version", .placeholder = "VERSION",
     .field = &Settings::tls_min_version, .fallback = "1.2", .doc = "The oldest version of TLS that is spoken."},
    {.group = kTls, .key = "ciphers", .flag = "--ciphers", .placeholder = "LIST", .field = &Settings::ciphers,
     .fallback = "ECDHE+AESGCM:ECDHE+CHACHA20", .range = {1, 4096},
     .accepts = "a list of ciphers as ciphers(1) describes it",
     .doc = "Ciphers of TLS 1.2, most wanted first. OpenSSL decides which are strong enough for its security level."},
    {.group = kTls, .key = "ciphersuites", .flag = "--ciphersuites", .placeholder = "LIST",
     .field = &Settings::ciphersuites,
     .fallback = "", .range = {0, 4096},
     .accepts = "a list of cipher suites of TLS 1.3, separated by colons, or \"\" for those that OpenSSL takes",
     .doc = "Cipher suites of TLS 1.3, most wanted first."},
    {.group = kTls, .key = "ocsp_file", .flag = "--ocsp-file", .placeholder = "FILE", .field = &Settings::ocsp_file,
     .fallback = "", .range = {0, 64}, .accepts = "up to 64 files",
     .doc = "OCSP responses in DER, stapled to the certificates that they speak of; one that has expired is not sent. "
            "Fetch them anew (openssl ocsp -respout) and send HUP."},
    {.group = kTls, .key = "tls_session_timeout", .flag = "--tls-session-timeout", .placeholder = "TIME",
     .field = &Settings::tls_session_timeout, .fallback = "1h", .range = {10 * kSecond, 24 * kHour}, .or_zero = true,
     .doc = "How long a client may resume a session instead of a full handshake, with whichever worker, and across "
            "reloads; the keys of its tickets are exchanged as often. 0 is never."},

    {.group = kWorkers, .key = "workers", .flag = "-w,--workers", .placeholder = "NUMBER|auto",
     .field = &Settings::workers, .fallback = "1", .range = {1, 1024},
     .doc = "Worker processes to keep alive; auto is one for each core that we may use."},
    {.group = kWorkers, .key = "worker_class", .flag = "-k,--worker-class", .placeholder = "CLASS",
     .field = &Settings::worker_class, .fallback = "sync",
     .doc = "Where a blocking handler runs: sync on the worker's only thread, one request at a time; event in a pool "
            "of threads; green in a fiber, so that many wait at once on one thread."},
    {.group = kWorkers, .key = "threads", .flag = "--threads", .placeholder = "NUMBER", .field = &Settings::threads,
     .fallback = "8", .range = {1, 1024},
     .doc = "Threads for the blocking handlers of a worker of class event; the other classes have none."},
    {.group = kWorkers, .key = "worker_connections", .flag = "--worker-connections", .placeholder = "NUMBER",
     .field = &Settings::worker_connections, .fallback = "1000", .range = {1, 1'000'000},
     .doc = "Connections that one worker holds open at once; more wait in the backlog, and after queue_timeout they are "
            "answered 503."},
    {.group = kWorkers, .key = "fair_accept", .flag = "--fair-accept", .placeholder = "BOOLEAN",
     .field = &Settings::fair_accept, .fallback = "true",
     .doc = "A worker with something running leaves a new connection to one that is idle, and one with markedly more "
            "connections to one with fewer. false: whoever the kernel wakes takes what it finds."},
    {.group = kWorkers, .key = "max_requests", .flag = "--max-requests", .placeholder = "NUMBER",
     .field = &Settings::max_requests, .fallback = "0", .range = {0, kMost},
     .doc = "A worker that has answered so many requests is replaced: against handlers that leak; 0 is never. It goes "
            "on serving until its successor is ready, and only one at a time is replaced."},
    {.group = kWorkers, .key = "max_requests_jitter", .flag = "--max-requests-jitter", .placeholder = "NUMBER",
     .field = &Settings::max_requests_jitter, .fallback = "0", .range = {0, kMost},
     .doc = "Each worker draws a number from 0 to this one and adds it to max_requests, so that not all are replaced "
            "at once."},
    {.group = kWorkers, .key = "crash_quarantine", .flag = "--crash-quarantine", .placeholder = "NUMBER",
     .field = &Settings::crash_quarantine, .fallback = "5", .range = {0, kMost},
     .doc = "A route that has killed so many workers within crash_quarantine_window is answered 503 by all workers for "
            "crash_quarantine_time, so that one request that crashes cannot keep the server forking; 0 is never."},
    {.group = kWorkers, .key = "crash_quarantine_window", .flag = "--crash-quarantine-window", .placeholder = "TIME",
     .field = &Settings::crash_quarantine_window, .fallback = "1m", .range = {1, kHour},
     .doc = "How long a crash of a route is remembered for crash_quarantine."},
    {.group = kWorkers, .key = "crash_quarantine_time", .flag = "--crash-quarantine-time", .placeholder = "TIME",
     .field = &Settings::crash_quarantine_time, .fallback = "1m", .range = {1, kHour},
     .doc = "How long such a route is closed. A reload that succeeds opens it earlier."},
    {.group = kWorkers, .key = "max_memory", .flag = "--max-memory", .placeholder = "SIZE",
     .field = &Settings::max_memory, .fallback = "0", .range = {kMiB, 1024 * kGiB}, .or_zero = true,
     .doc = "A worker with more than this resident in memory finishes what it has and is replaced; looked at once a "
            "second. 0 is no bound."},
    {.group = kWorkers, .key = "fiber_stack_size", .flag = "--fiber-stack-size", .placeholder = "SIZE",
     .field = &Settings::fiber_stack_size, .fallback = "256KiB", .range = {16 * kKiB, 64 * kMiB},
     .doc = "Stack of each fiber of class green. Memory is used only as far as a handler really goes."},
    {.group = kWorkers, .key = "file_offload", .flag = "--file-offload",
     .field = &Settings::file_offload, .fallback = "false",
     .doc = "Class green: what a handler does with regular files (open, read, write, pread, fsync, …) is done by a thread "
            "while others run, for files on slow disks or a network's file system. What is in memory already, as most "
            "is, takes ten to thirty times as long that way."},
    {.group = kWorkers, .key = "offload_threads", .flag = "--offload-threads", .placeholder = "NUMBER",
     .field = &Settings::offload_threads, .fallback = "8", .range = {1, 1024},
     .doc = "Threads beside the loop for what would block it: names that class green looks up, its files "
            "(file_offload), and what coroutines offload. They start when they are needed; what finds none free waits."},
    {.group = kWorkers, .key = "stall_threshold", .flag = "--stall-threshold", .placeholder = "TIME",
     .field = &Settings::stall_threshold, .fallback = "100ms", .range = {0, kHour},
     .doc = "A handler that holds the loop of its worker for longer, while others wait, is reported with its stack, once "
            "a place: in class green one that computes or blocks by what is not hooked, in class event an async one. "
            "Not in class sync, where handlers may block. 0 is never."},
    {.group = kWorkers, .key = "plugin_directory", .flag = "--plugin-directory", .placeholder = "FOLDER",
     .field = &Settings::plugin_directory, .fallback = "", .range = {0, kLongestPath},
     .accepts = "a folder, or \"\" for where they are installed",
     .doc = "Where a plugin named without a slash is looked up last: after the folder of the configuration file and, "
            "for a plugin on the command line, the current folder. Empty: plugins beside the executable, or if that is "
            "not there, where packages install them (pkg-config --variable=plugindir indrik)."},

    {.group = kTimeouts, .key = "timeout", .flag = "-t,--timeout", .placeholder = "TIME", .field = &Settings::timeout,
     .fallback = "30s", .range = {100, kHour}, .or_zero = true,
     .doc = "From a complete request to its answer; then the client gets 504 and the handler is cancelled. A worker "
            "that shows no sign of life for a second longer is killed and replaced. 0 is never."},
    {.group = kTimeouts, .key = "max_timeout", .flag = "--max-timeout", .placeholder = "TIME",
     .field = &Settings::max_timeout, .fallback = "5m", .range = {0, 24 * kHour},
     .doc = "What a handler may extend the timeout of its request to, counted from the same moment; not above timeout: "
            "no handler may."},
    {.group = kTimeouts, .key = "queue_timeout", .flag = "--queue-timeout", .placeholder = "TIME",
     .field = &Settings::queue_timeout, .fallback = "10s", .range = {10, kHour}, .or_zero = true,
     .doc = "A request that waits for longer until its handler can run (class sync, threads of class event) is answered "
            "503 with Retry-After; so is a connection that finds no room in any worker for so long. Over TCP the time in "
            "which nobody accepts or reads it counts too; over a unix socket that is not known, and a lower backlog "
            "bounds it. 0 is never."},
    {.group = kTimeouts, .key = "cancel_on_disconnect", .flag = "--cancel-on-disconnect", .placeholder = "BOOLEAN",
     .field = &Settings::cancel_on_disconnect, .fallback = "true",
     .doc = "An async handler whose client has left is cancelled, as at its timeout. A client that ends only its sending "
            "half looks the same; one that does so within 100 ms after its request is taken to wait for the answer. "
            "Blocking handlers go on in any case."},
    {.group = kTimeouts, .key = "boot_timeout", .flag = "--boot-timeout", .placeholder = "TIME",
     .field = &Settings::boot_timeout, .fallback = "30s", .range = {100, kHour},
     .doc = "A new worker gets this long to load its plugins and run their start hooks; then it is killed. At the "
            "start of the server that is the end of it, at a reload the old workers stay."},
    {.group = kTimeouts, .key = "graceful_timeout", .flag = "--graceful-timeout", .placeholder = "TIME",
     .field = &Settings::graceful_timeout, .fallback = "30s", .range = {1, kHour},
     .doc = "A worker that is asked to stop gets this long to finish its requests; then it is killed."},
    {.group = kTimeouts, .key = "drain_delay", .flag = "--drain-delay", .placeholder = "TIME",
     .field = &Settings::drain_delay, .fallback = "0", .range = {0, kHour},
     .doc = "After TERM the server still accepts and serves for this long before it drains: for balancers that notice "
            "late that a server goes. A second TERM ends the delay."},
    {.group = kTimeouts, .key = "drain_idle", .flag = "--drain-idle", .placeholder = "TIME",
     .field = &Settings::drain_idle, .fallback = "1s", .range = {0, kHour},
     .doc = "While a worker stops, an idle kept connection stays open for this long: a request that is on its way "
            "is still answered."},
    {.group = kTimeouts, .key = "handshake_timeout", .flag = "--handshake-timeout", .placeholder = "TIME",
     .field = &Settings::handshake_timeout, .fallback = "10s", .range = {1, kHour},
     .doc = "From accepting a connection at an https:// address to the end of the TLS handshake; then it is closed."},
    {.group = kTimeouts, .key = "first_byte_timeout", .flag = "--first-byte-timeout", .placeholder = "TIME",
     .field = &Settings::first_byte_timeout, .fallback = "30s", .range = {1, kHour},
     .doc = "From accepting a connection, or the end of its TLS handshake, to the first byte of its first request."},
    {.group = kTimeouts, .key = "head_timeout", .flag = "--head-timeout", .placeholder = "TIME",
     .field = &Settings::head_timeout, .fallback = "10s", .range = {1, kHour},
     .doc = "From the first byte of a request to its complete head; then 408."},
    {.group = kTimeouts, .key = "body_timeout", .flag = "--body-timeout", .placeholder = "TIME",
     .field = &Settings::body_timeout, .fallback = "30s", .range = {1, kHour},
     .doc = "Longest silence while the body of a request arrives; then 408."},
    {.group = kTimeouts, .key = "write_timeout", .flag = "--write-timeout", .placeholder = "TIME",
     .field = &Settings::write_timeout, .fallback = "30s", .range = {1, kHour},
     .doc = "Longest time in which the client takes nothing of an answer; then the connection is reset. It is noticed "
            "up to half as much later."},
    {.group = kTimeouts, .key = "min_body_rate", .flag = "--min-body-rate", .placeholder = "SIZE",
     .field = &Settings::min_body_rate, .fallback = "240", .range = {0, kMiB},
     .doc = "Bytes a second at which the body of a request must arrive. Who falls back by more than body_timeout behind "
            "that is answered 408: who sends a byte now and then, for ever. Only the time counts for which the server "
            "waits for the client; being ahead earns nothing. 0: any rate will do."},
    {.group = kTimeouts, .key = "min_write_rate", .flag = "--min-write-rate", .placeholder = "SIZE",
     .field = &Settings::min_write_rate, .fallback = "240", .range = {0, kMiB},
     .doc = "The same for answers, while more waits than the kernel takes, with write_timeout; the connection is reset. "
            "What counts is what the client's kernel has acknowledged; on a unix socket, what the client has read. 0: "
            "any rate will do."},
    {.group = kTimeouts, .key = "keep_alive", .flag = "--keep-alive", .placeholder = "TIME",
     .field = &Settings::keep_alive, .fallback = "75s", .range = {1, kHour},
     .doc = "How long a connection may be idle between two requests. Behind a balancer it must be longer than the "
            "balancer's own idle time, or some requests meet a closing connection (502)."},
    {.group = kTimeouts, .key = "stream_idle_timeout", .flag = "--stream-idle-timeout", .placeholder = "TIME",
     .field = &Settings::stream_idle_timeout, .fallback = "10m", .range = {0, 24 * kHour},
     .doc = "How long a client of a plugin's stream, which speaks another protocol than HTTP, may send nothing while "
            "its handler waits for it. A handler may say otherwise for its connections. 0 switches it off."},
    {.group = kTimeouts, .key = "linger_timeout", .flag = "--linger-timeout", .placeholder = "TIME",
     .field = &Settings::linger_timeout, .fallback = "2s", .range = {0, kHour},
     .doc = "After a last answer the rest of what the client sends is read for this long, so that the answer is not "
            "lost to a reset."},

    {.group = kLimits, .key = "limit_request_line", .flag = "--limit-request-line", .placeholder = "SIZE",
     .field = &Settings::limit_request_line, .fallback = "4094", .range = {64, kMiB},
     .doc = "Longest request line; beyond, 414 or 400."},
    {.group = kLimits, .key = "limit_request_fields", .flag = "--limit-request-fields", .placeholder = "NUMBER",
     .field = &Settings::limit_request_fields, .fallback = "100", .range = {1, 32768},
     .doc = "Most field lines of a request; beyond, 431."},
    {.group = kLimits, .key = "limit_request_field_size", .flag = "--limit-request-field-size", .placeholder = "SIZE",
     .field = &Settings::limit_request_field_size, .fallback = "8190", .range = {64, kMiB},
     .doc = "Longest field line; beyond, 431."},
    {.group = kLimits, .key = "limit_request_head_size", .flag = "--limit-request-head-size", .placeholder = "SIZE",
     .field = &Settings::limit_request_head_size, .fallback = "64KiB", .range = {256, 16 * kMiB},
     .doc = "Request line and all field lines together; beyond, 431."},
    {.group = kLimits, .key = "max_body_size", .flag = "--max-body-size", .placeholder = "SIZE",
     .field = &Settings::max_body_size, .fallback = "1MiB", .range = {0, 4 * kGiB},
     .doc = "Largest body of a request; beyond, 413."},
    {.group = kLimits, .key = "body_buffer_size", .flag = "--body-buffer-size", .placeholder = "SIZE",
     .field = &Settings::body_buffer_size, .fallback = "128KiB", .range = {0, kGiB},
     .doc = "A body larger than this is kept in a file without a name while it arrives, not in memory. Handlers see no "
            "difference. A route that streams its body needs neither."},
    {.group = kLimits, .key = "max_body_space", .flag = "--max-body-space", .placeholder = "SIZE",
     .field = &Settings::max_body_space, .fallback = "0", .range = {kMiB, 1024 * kGiB}, .or_zero = true,
     .doc = "What those files of one worker may take together; a body for which there is no room is answered 503. 0 is "
            "no bound but worker_connections times max_body_size."},
    {.group = kLimits, .key = "body_directory", .flag = "--body-directory", .placeholder = "FOLDER",
     .field = &Settings::body_directory, .fallback = "", .range = {0, kLongestPath},
     .accepts = "a folder, or \"\" for the system's folder for temporary files ($TMPDIR or /tmp)",
     .doc = "Where those files are made. Where that is memory as well (tmpfs), name a folder on a disk."},

    {.group = kProxies, .key = "proxy_protocol", .flag = "--proxy-protocol", .placeholder = "MODE",
     .field = &Settings::proxy_protocol, .fallback = "off",
     .doc = "Whether connections begin with a PROXY header, version 1 or 2, in which a proxy names its client: before "
            "TLS and HTTP, once a connection. off: none is expected. optional: one from proxy_allow_ips is heeded, other "
            "peers' bytes are taken as they are. required: whoever is not in proxy_allow_ips, or sends none, is "
            "closed. A malformed header closes the connection. A header of the proxy itself (LOCAL, UNKNOWN) leaves "
            "the connection's own address. What the header says is then the peer, for forwarded_allow_ips as well."},
    {.group = kProxies, .key = "proxy_allow_ips", .flag = "--proxy-allow-ips", .placeholder = "ADDRESS",
     .field = &Settings::proxy_allow_ips, .fallback = "127.0.0.0/8,::1,unix", .range = {0, 1024},
     .accepts = "up to 1024 addresses, networks like \"192.0.2.0/24\", \"unix\" or \"*\"",
     .doc = "Who may send a PROXY header: addresses, networks, unix for every peer on a unix socket, * for everybody. "
            "The flag may be repeated; the environment separates by commas."},
    {.group = kProxies, .key = "forwarded_allow_ips", .flag = "--forwarded-allow-ips", .placeholder = "ADDRESS",
     .field = &Settings::forwarded_allow_ips, .fallback = "127.0.0.0/8,::1,unix", .range = {0, 1024},
     .accepts = "up to 1024 addresses, networks like \"192.0.2.0/24\", \"unix\" or \"*\"",
     .doc = "Proxies whose forwarded_fields are believed, named as in proxy_allow_ips; nobody else's change anything. "
            "Each address that such a field names is believed as long as the ones nearer to us are in this list, so "
            "that the client is the first that is not: with *, the client is whoever a request says."},
    {.group = kProxies, .key = "forwarded_fields", .flag = "--forwarded-fields", .placeholder = "NAME",
     .field = &Settings::forwarded_fields, .fallback = "X-Forwarded-For,X-Forwarded-Proto", .range = {0, 7},
     .accepts = "up to 7 names out of Forwarded, X-Forwarded-For, -Proto, -Host, -Port and -Prefix, and SCRIPT_NAME",
     .doc = "What those proxies say of their clients that is believed: address and scheme, unless more is named. Name "
            "only what your proxy sets, or removes, in every request: what it passes through may come from anybody. "
            "They give peer and scheme of a request, in the access log too, its host, and a prefix: the part of the "
            "client's path that ours does not have. SCRIPT_NAME is such a prefix that the path still has, and loses. "
            "A malformed value, and Forwarded and X-Forwarded-* that contradict each other, are answered 400; a hop "
            "without an address ends the walk to the client."},
    {.group = kProxies, .key = "header_map", .flag = "--header-map", .placeholder = "RULE",
     .field = &Settings::header_map, .fallback = "drop",
     .doc = "What becomes of a field with an underscore in its name, which others take for a hyphen: drop leaves it out "
            "(the first one is logged), refuse answers 400, dangerous lets it pass. X_Forwarded_For is never taken "
            "for X-Forwarded-For. SCRIPT_NAME passes where forwarded_fields name it and the peer may say it."},

    {.group = kAnswers, .key = "server_header", .flag = "--server-header", .placeholder = "TEXT",
     .field = &Settings::server_header, .fallback = "indrik", .range = {0, 256},
     .accepts = "up to 256 bytes without control characters, or \"\" for none",
     .doc = "The Server field of every answer; empty sends none."},

    {.group = kLogs, .key = "access_logfile", .flag = "--access-logfile", .placeholder = "FILE",
     .field = &Settings::access_logfile, .fallback = "", .range = {0, kLongestPath},
     .accepts = "a file, \"-\" for stdout, or \"\" for none", .doc = "Where a line for every request goes."},
    {.group = kLogs, .key = "access_logformat", .flag = "--access-logformat", .placeholder = "FORMAT",
     .field = &Settings::access_logformat,
     .fallback = R"(%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s")", .range = {1, 4096},
     .accepts = "1 to 4096 bytes without control characters",
     .doc = "The form of that line, in Gunicorn's atoms: h client (peer, or whom a trusted proxy names), t time, r request line, m method, U path, q query, "
            "H protocol, s status, B and b bytes of the body, f Referer, a User-Agent, T M D L duration in s, ms, us "
            "and decimal seconds, p process, {name}i and {name}o a field of the request and of the answer."},
    {.group = kLogs, .key = "error_logfile", .flag = "--error-logfile", .placeholder = "FILE",
     .field = &Settings::error_logfile, .fallback = "-", .range = {1, kLongestPath},
     .accepts = "a file, or \"-\" for stderr", .doc = "Where the server says what happens to itself."},
    {.group = kLogs, .key = "log_level", .flag = "--log-level", .placeholder = "LEVEL", .field = &Settings::log_level,
     .fallback = "info", .doc = "What is less grave than this is not logged."},

    {.group = kProcess, .key = "pid", .flag = "-p,--pid", .placeholder = "FILE", .field = &Settings::pid,
     .fallback = "", .range = {0, kLongestPath}, .accepts = "a file, or \"\" for none",
     .doc = "File that holds the master's process id while it runs."},
    {.group = kProcess, .key = "control_socket", .flag = "--control-socket", .placeholder = "FILE",
     .field = &Settings::control_socket, .fallback = "", .range = {0, 107},
     .accepts = "a socket's path of up to 107 bytes, or \"\" for none",
     .doc = "Where the master listens for indrikctl: a unix socket that root and the user that the server was started "
            "as may ask for its status, a reload or a stop. indrikctl looks for it at /run/indrik/control.sock."},
    {.group = kProcess, .key = "proc_name", .flag = "-n,--proc-name", .placeholder = "NAME",
     .field = &Settings::proc_name, .fallback = "", .range = {0, 64},
     .accepts = "up to 64 bytes without control characters, or \"\" for none",
     .doc = "A name for ps and top, to tell servers apart: \"indrik: master [NAME]\", \"indrik: worker 3 [NAME]\"."},
    {.group = kProcess, .key = "chdir", .flag = "--chdir", .placeholder = "FOLDER", .field = &Settings::chdir,
     .fallback = "", .range = {0, kLongestPath}, .accepts = "a folder, or \"\" for the one where the server is started",
     .doc = "The folder in which the server works: every other relative path is looked up there. Only the "
            "configuration file itself is looked up where the server is started."},
    {.group = kProcess, .key = "env", .flag = "-e,--env", .placeholder = "NAME=VALUE", .field = &Settings::env,
     .fallback = "", .range = {0, 256}, .each = is_assignment,
     .accepts = "up to 256 texts like \"NAME=VALUE\"",
     .doc = "Variables in the environment of the workers, for the plugins. The flag may be repeated; INDRIK_ENV "
            "separates them by commas, so that a value with a comma must stand in the file or in a flag."},
    {.group = kProcess, .key = "umask", .flag = "-m,--umask", .placeholder = "MODE", .field = &Settings::umask,
     .fallback = "0022", .range = {0, 0777},
     .doc = "Permissions that files which the server or a plugin makes do not get. It replaces the one of the shell; "
            "the sockets' files have unix_socket_mode in any case."},
    {.group = kProcess, .key = "user", .flag = "-u,--user", .placeholder = "USER", .field = &Settings::user,
     .fallback = "", .range = {0, 256}, .accepts = "a user's name or number, or \"\" for the one who starts the server",
     .doc = "The workers become this user, with its groups, before they load a plugin; the master stays who it is. "
            "Only root may say so. Plugins must be readable for this user, and log files belong to it; a log that "
            "somebody else made already must be writable for it."},
    {.group = kProcess, .key = "group", .flag = "-g,--group", .placeholder = "GROUP", .field = &Settings::group,
     .fallback = "", .range = {0, 256}, .accepts = "a group's name or number, or \"\" for the user's own",
     .doc = "The workers' group, which unix sockets and log files belong to as well. Only root may say so."},
    {.group = kProcess, .key = "daemon", .flag = "-D,--daemon", .placeholder = "", .field = &Settings::daemon,
     .fallback = "false",
     .doc = "Leave the terminal and serve in the background. The command returns when the workers are ready, or with "
            "the server's exit code when it does not start. Needs error_logfile. Not for service managers: systemd, "
            "runit and containers want a server in the foreground."},
});
// clang-format on

}  // namespace

std::span<const SettingSpec> settings_table() noexcept { return kSettings; }

const SettingSpec* find_setting(std::string_view key) noexcept {
  const auto found =
      std::find_if(kSettings.begin(), kSettings.end(), [&](const auto& spec) { return spec.key == key; });
  return found == kSettings.end() ? nullptr : &*found;
}

std::string environment_name(const SettingSpec& spec) {
  std::string name = "INDRIK_";
  for (const char c : spec.key) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

bool is_list(const SettingSpec& spec) noexcept {
  return std::holds_alternative<std::vector<std::string> Settings::*>(spec.field);
}

std::string_view long_flag(const SettingSpec& spec) noexcept { return spec.flag.substr(spec.flag.rfind("--")); }

}  // namespace indrik::config
