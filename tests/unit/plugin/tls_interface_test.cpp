#include <gtest/gtest.h>
#include <indrik/ext/tls.h>

#include <cstring>

#include "plugin/abi_text.h"
#include "plugin/interfaces.h"
#include "unit/plugin/fakes.h"

namespace indrik::plugin {
namespace {

http::Tls secured() {
  return {.version = "TLSv1.3",
          .cipher = "TLS_AES_128_GCM_SHA256",
          .server_name = "example.org",
          .protocol = "http/1.1",
          .is_resumed = true,
          .client = {.is_present = true,
                     .is_verified = true,
                     .subject = "CN=alice",
                     .issuer = "CN=authority",
                     .serial = "0F",
                     .fingerprint_sha256 = "ab",
                     .pem = "-----BEGIN"}};
}

TEST(TlsInterfaceTest, SaysThatAConnectionIsPlain) {
  FakeExchange exchange;
  indrik_tls_connection connection{};
  connection.struct_size = sizeof connection;
  EXPECT_EQ(kTls.read(handle_of(exchange), &connection), INDRIK_E_NOT_FOUND);
}

TEST(TlsInterfaceTest, WritesNoFurtherThanThePluginHasRoom) {
  FakeExchange exchange;
  exchange.secured = secured();
  indrik_tls_connection connection{};
  connection.struct_size = sizeof connection - 1;
  EXPECT_EQ(kTls.read(handle_of(exchange), &connection), INDRIK_E_INVALID);
  EXPECT_EQ(connection.version.data, nullptr);
  EXPECT_EQ(kTls.read(handle_of(exchange), nullptr), INDRIK_E_INVALID);
}

TEST(TlsInterfaceTest, TellsPluginsInCppOfTheConnectionAndTheClient) {
  Mounted probe{test_plugin("sdk_probe")};
  FakeExchange exchange;
  exchange.secured = secured();
  probe.run("GET /tls", exchange);
  EXPECT_EQ(
      exchange.response.body(),
      "TLSv1.3|TLS_AES_128_GCM_SHA256|example.org|http/1.1|resumed|verified|CN=alice|CN=authority|0F|ab|-----BEGIN");
}

TEST(TlsInterfaceTest, TellsPluginsInCppThatNobodyHasShownACertificate) {
  Mounted probe{test_plugin("sdk_probe")};
  FakeExchange exchange;
  exchange.secured = http::Tls{.version = "TLSv1.2", .cipher = "c", .server_name = "", .protocol = "", .client = {}};
  probe.run("GET /tls", exchange);
  EXPECT_EQ(exchange.response.body(), "TLSv1.2|c|||new|nobody");
  FakeExchange plain;
  probe.run("GET /tls", plain);
  EXPECT_EQ(plain.response.body(), "plain");
}

}  // namespace
}  // namespace indrik::plugin
