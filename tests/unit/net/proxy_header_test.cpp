#include "net/proxy_header.h"

#include <gtest/gtest.h>

#include <string>

namespace indrik::net {
namespace {

using namespace std::string_literals;
using State = ProxyHeader::State;

const std::string kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};

std::string v2(char command, char family, const std::string& rest) {
  const auto size = rest.size();
  return kSignature + command + family + static_cast<char>(size >> 8) + static_cast<char>(size & 0xff) + rest;
}

std::string tlv(char type, const std::string& value) {
  return std::string{type} + static_cast<char>(value.size() >> 8) + static_cast<char>(value.size() & 0xff) + value;
}

/// 192.0.2.1:4711 to 192.0.2.2:443
const std::string kTcp4{"\xc0\x00\x02\x01\xc0\x00\x02\x02\x12\x67\x01\xbb", 12};

std::string source_of(const std::string& bytes) {
  const auto header = ProxyHeader::parse(bytes);
  return header.source ? header.source->text() : "none";
}

State state_of(const std::string& bytes) { return ProxyHeader::parse(bytes).state; }

/// Each shorter part is incomplete, and whatever follows the header changes nothing.
void expect_complete(const std::string& header) {
  for (std::size_t size = 0; size < header.size(); ++size)
    EXPECT_EQ(state_of(header.substr(0, size)), State::incomplete) << size;
  for (const auto& after : {""s, "GET / HTTP/1.1\r\n\r\n"s, header}) {
    const auto parsed = ProxyHeader::parse(header + after);
    EXPECT_EQ(parsed.state, State::complete);
    EXPECT_EQ(parsed.size, header.size());
  }
}

TEST(ProxyHeaderTest, ReadsVersion1) {
  const auto header = "PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n"s;
  expect_complete(header);
  const auto parsed = ProxyHeader::parse(header);
  EXPECT_EQ(parsed.source->text(), "192.0.2.1:4711");
  EXPECT_EQ(parsed.destination->text(), "192.0.2.2:443");
  EXPECT_FALSE(parsed.local);
}

TEST(ProxyHeaderTest, ReadsVersion1OfIpv6) {
  const auto header = "PROXY TCP6 2001:db8::1 2001:db8::2 65535 1\r\n"s;
  expect_complete(header);
  EXPECT_EQ(source_of(header), "[2001:db8::1]:65535");
}

TEST(ProxyHeaderTest, AcceptsUnknownAndIgnoresWhatFollowsIt) {  // section 2.1
  for (const auto& header : {"PROXY UNKNOWN\r\n"s, "PROXY UNKNOWN ffff::1 nonsense\t\x01\r\n"s}) {
    expect_complete(header);
    EXPECT_TRUE(ProxyHeader::parse(header).local);
    EXPECT_EQ(source_of(header), "none");
  }
}

TEST(ProxyHeaderTest, TakesTheLongestVersion1AndNothingLonger) {
  const std::string ipv6 = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  const auto longest = "PROXY UNKNOWN " + ipv6 + " " + ipv6 + " 65535 65535\r\n";
  ASSERT_EQ(longest.size(), ProxyHeader::kMaxSizeV1);
  expect_complete(longest);
  EXPECT_EQ(state_of("PROXY UNKNOWN " + std::string(92, 'x')), State::incomplete);
  EXPECT_EQ(state_of("PROXY UNKNOWN " + std::string(93, 'x')), State::malformed);
  EXPECT_EQ(state_of("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n"), State::malformed);
}

TEST(ProxyHeaderTest, RefusesAMalformedVersion1) {
  for (const auto& header :
       {"PROXY \r\n"s, "PROXY TCP4\r\n"s, "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n"s,
        "PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n"s, "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n"s,
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n"s, "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n"s,
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n"s, "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n"s,
        "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n"s, "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n"s,
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 \r\n"s, "PROXY TCP4 ::1 ::2 1 2\r\n"s,
        "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n"s, "PROXY TCP4 192.0.2.1 ::2 1 2\r\n"s,
        "PROXY TCP4 192.0.2.1\t192.0.2.2 1 2\r\n"s, "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n"s,
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\r\n"s, "PROXY TCP4 192.0.2.1\r\n 192.0.2.2 1 2\r\n"s})
    EXPECT_EQ(state_of(header), State::malformed) << header;
}

TEST(ProxyHeaderTest, ReadsVersion2) {
  const auto header = v2('\x21', '\x11', kTcp4);
  expect_complete(header);
  const auto parsed = ProxyHeader::parse(header);
  EXPECT_EQ(parsed.source->text(), "192.0.2.1:4711");
  EXPECT_EQ(parsed.destination->text(), "192.0.2.2:443");
  EXPECT_FALSE(parsed.over_tls);
}

TEST(ProxyHeaderTest, ReadsVersion2OfIpv6) {
  const auto address = "\x20\x01\x0d\xb8"s + std::string(11, '\0');
  const auto header = v2('\x21', '\x21', address + '\1' + address + '\2' + "\x12\x67\x01\xbb"s);
  expect_complete(header);
  EXPECT_EQ(source_of(header), "[2001:db8::1]:4711");
}

TEST(ProxyHeaderTest, AcceptsWhatHasNoAddressForUs) {
  for (const auto& header :
       {v2('\x20', '\0', ""), v2('\x20', '\x11', kTcp4), v2('\x20', '\x7f', "any bytes"), v2('\x21', '\0', ""),
        v2('\x21', '\0', "any bytes"), v2('\x21', '\x31', std::string(216, 'p'))}) {
    expect_complete(header);
    EXPECT_TRUE(ProxyHeader::parse(header).local);
    EXPECT_EQ(source_of(header), "none");
  }
}

TEST(ProxyHeaderTest, SkipsExtensionsAndKnowsTls) {
  const auto ssl = [](char client) { return tlv('\x20', client + std::string(4, '\0') + tlv('\x21', "TLSv1.3")); };
  const auto with_alpn = v2('\x21', '\x11', kTcp4 + tlv('\x01', "h2") + tlv('\x04', std::string(100, '\0')));
  expect_complete(with_alpn);
  EXPECT_FALSE(ProxyHeader::parse(with_alpn).over_tls);
  expect_complete(v2('\x21', '\x11', kTcp4 + ssl('\x01')));
  EXPECT_TRUE(ProxyHeader::parse(v2('\x21', '\x11', kTcp4 + tlv('\x01', "h2") + ssl('\x05'))).over_tls);
  EXPECT_FALSE(ProxyHeader::parse(v2('\x21', '\x11', kTcp4 + ssl('\x00'))).over_tls);
}

TEST(ProxyHeaderTest, RefusesAMalformedVersion2) {
  EXPECT_EQ(state_of(v2('\x11', '\x11', kTcp4)), State::malformed) << "version 1 in the signature of 2";
  EXPECT_EQ(state_of(v2('\x31', '\x11', kTcp4)), State::malformed) << "version 3";
  EXPECT_EQ(state_of(v2('\x22', '\x11', kTcp4)), State::malformed) << "no such command";
  for (const char family : {'\x01', '\x10', '\x12', '\x13', '\x22', '\x32', '\x41', '\xff'})
    EXPECT_EQ(state_of(v2('\x21', family, std::string(216, '\0'))), State::malformed) << static_cast<int>(family);
  EXPECT_EQ(state_of(v2('\x21', '\x11', kTcp4.substr(1))), State::malformed) << "no room for the addresses";
  EXPECT_EQ(state_of(v2('\x21', '\x21', std::string(35, '\0'))), State::malformed);
  EXPECT_EQ(state_of(v2('\x21', '\x31', std::string(215, '\0'))), State::malformed);
  EXPECT_EQ(state_of(v2('\x21', '\x11', kTcp4 + "\x01")), State::malformed) << "half a TLV";
  EXPECT_EQ(state_of(v2('\x21', '\x11', kTcp4 + "\x01\x00\x03h2"s)), State::malformed) << "a TLV beyond the end";
}

TEST(ProxyHeaderTest, RefusesTheVersionBeforeTheRestHasCome) {
  EXPECT_EQ(state_of(kSignature + '\x31'), State::malformed);
}

TEST(ProxyHeaderTest, TakesUpToItsBoundOfVersion2AndRefusesMoreAtOnce) {
  const auto extension = [](std::size_t size) { return kTcp4 + tlv('\x04', std::string(size, '\0')); };
  const auto fixed = v2('\x21', '\x11', extension(0)).size();
  const auto longest = v2('\x21', '\x11', extension(ProxyHeader::kMaxSizeV2 - fixed));
  EXPECT_EQ(ProxyHeader::parse(longest).size, ProxyHeader::kMaxSizeV2);
  EXPECT_EQ(state_of(kSignature + "\x21\x11\xff\xff"), State::malformed);
}

TEST(ProxyHeaderTest, KnowsFromTheFirstByteOnThatThereIsNone) {
  for (const auto& bytes : {"G"s, "\x16"s, "PX"s, "PROPFIND / HTTP/1.1\r\n"s, "proxy "s, "\r\nGET"s, "\r\n\r\nG"s,
                            "\0"s, kSignature.substr(0, 11) + "x"})
    EXPECT_EQ(state_of(bytes), State::absent) << bytes;
}

}  // namespace
}  // namespace indrik::net
