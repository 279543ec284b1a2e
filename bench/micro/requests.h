#pragma once

#include <string>

namespace indrik::bench {

/// As wrk sends it.
inline std::string hello_request() { return "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"; }

/// 2 KiB, as a browser sends them.
inline std::string browser_request() {
  const std::string head =
      "GET /news/2026/11?from=front-page HTTP/1.1\r\n"
      "Host: www.example.com\r\n"
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
      "Safari/537.36\r\n"
      "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
      "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
      "Accept-Encoding: gzip, deflate, br, zstd\r\n"
      "Cache-Control: max-age=0\r\n"
      "Connection: keep-alive\r\n"
      "Referer: https://www.example.com/news/2026/11/21/what-a-browser-sends\r\n"
      "Sec-Fetch-Dest: document\r\n"
      "Sec-Fetch-Mode: navigate\r\n"
      "Sec-Fetch-Site: same-origin\r\n"
      "Upgrade-Insecure-Requests: 1\r\n"
      "Cookie: session=";
  return head + std::string(2048 - head.size() - 4, 'x') + "\r\n\r\n";
}

}  // namespace indrik::bench
