#include "net/tls_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "integration/support/certificates.h"
#include "net/ticket_keys.h"
#include "net/tls_stream.h"
#include "support/temporary_folder.h"

namespace indrik::net {
namespace {

using test::CertificateRequest;
using test::MadeCertificate;
using testing::HasSubstr;
using Part = TlsFault::Part;

TlsCertificate files_of(const MadeCertificate& made) {
  return {.chain = {.name = "c.pem", .bytes = made.pem()}, .key = {.name = "k.pem", .bytes = made.key_pem()}};
}

void expect_fault(const TlsOptions& options, Part part, std::string_view text) {
  const auto made = TlsContext::create(options);
  ASSERT_FALSE(made) << text;
  EXPECT_EQ(made.error().part, part) << made.error().text;
  EXPECT_THAT(made.error().text, HasSubstr(std::string{text}));
}

class TlsContextTest : public testing::Test {
 protected:
  TlsContextTest() { options.certificates.push_back(files_of(own)); }
  const MadeCertificate own;
  TlsOptions options;
};

TEST_F(TlsContextTest, TakesACertificateWithItsKeyInTheSameFile) {
  options.certificates = {{.chain = {.name = "both.pem", .bytes = own.key_pem() + own.pem()}, .key = {}}};
  EXPECT_TRUE(TlsContext::create(options));
}

TEST_F(TlsContextTest, TakesCertificatesForTheSameNamesWithKeysOfDifferentKinds) {
  const MadeCertificate rsa{{.has_rsa_key = true}};
  options.certificates.push_back(files_of(rsa));
  EXPECT_TRUE(TlsContext::create(options));
  const MadeCertificate again;
  options.certificates.push_back(files_of(again));
  expect_fault(options, Part::certificate, "c.pem is for the same names, with the same kind of key");
}

TEST_F(TlsContextTest, NamesTheFileThatIsToBlame) {
  const MadeCertificate other;
  options.certificates[0].key.bytes = other.key_pem();
  expect_fault(options, Part::key, "k.pem: the private key does not belong to the certificate in c.pem");
  options.certificates[0].key.bytes = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  expect_fault(options, Part::key, "k.pem: no private key can be read: ");
  options.certificates[0].chain.bytes = "hello";
  expect_fault(options, Part::certificate, "c.pem: no certificate in it");
  options.certificates[0].chain.bytes = own.pem() + own.pem().substr(0, 100);
  expect_fault(options, Part::certificate, "c.pem: certificate 2 cannot be read: ");
}

TEST_F(TlsContextTest, RefusesWhatHasExpiredWhereItIsAskedTo) {
  const MadeCertificate old{{.valid_from = -7200, .valid_until = -3600}};
  options.certificates = {files_of(old)};
  EXPECT_TRUE(TlsContext::create(options));
  options.refuses_expired = true;
  expect_fault(options, Part::certificate, "c.pem: the certificate has expired (");
}

TEST_F(TlsContextTest, RefusesCiphersThatThereAreNot) {
  options.ciphers = "ECDHE+AESGCM:!aNULL, ECDHE+CHACHA20 @STRENGTH";
  EXPECT_TRUE(TlsContext::create(options));
  options.ciphers = "ECDHE+AESGCM:NOTHING";
  expect_fault(options, Part::ciphers, "no cipher of TLS 1.2 is named \"NOTHING\"");
  options.ciphers = "ECDHE+AESGCM";
  options.ciphersuites = "TLS_AES_128_GCM_SHA256:TLS_NOTHING";
  expect_fault(options, Part::ciphersuites, "no cipher suite of TLS 1.3 is named \"TLS_NOTHING\"");
}

TEST_F(TlsContextTest, RefusesAuthoritiesThatCannotBeRead) {
  options.client_certificates = ClientCertificates::required;
  options.client_authorities = {.name = "ca.pem", .bytes = "nobody"};
  expect_fault(options, Part::client_authorities, "ca.pem: no certificate in it");
}

TEST_F(TlsContextTest, TakesOcspResponsesThatAreAboutItsCertificates) {
  const MadeCertificate authority{{.name = "authority", .hosts = {}, .is_authority = true}};
  const MadeCertificate signed_one{{}, &authority};
  const MadeCertificate other{{}, &authority};
  options.certificates = {files_of(signed_one)};
  options.ocsp_responses = {{.name = "a.ocsp", .bytes = signed_one.ocsp_response(authority)}};
  EXPECT_TRUE(TlsContext::create(options));
  options.ocsp_responses[0].bytes = other.ocsp_response(authority);
  expect_fault(options, Part::ocsp_response, "a.ocsp: the OCSP response is about none of the certificates");
  options.refuses_expired = true;
  options.ocsp_responses[0].bytes = signed_one.ocsp_response(authority, -30);
  expect_fault(options, Part::ocsp_response, "a.ocsp: the OCSP response has expired");
}

TEST(TlsFileTest, ReadsRegularFilesOnlyAndNoticesWhoElseMay) {
  const test::TemporaryFolder folder;
  const auto file = folder.write("key.pem", "bytes");
  ::chmod(file.c_str(), 0640);
  const auto read = TlsFile::read(file);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes, "bytes");
  EXPECT_FALSE(read->is_open_to_others);
  for (const mode_t mode : {0644U, 0660U}) {
    ::chmod(file.c_str(), mode);
    EXPECT_TRUE(TlsFile::read(file)->is_open_to_others) << mode;
  }
  EXPECT_THAT(TlsFile::read(folder.path()).error().text(), HasSubstr("no regular file"));
  EXPECT_THAT(TlsFile::read(folder / "none").error().text(), HasSubstr("No such file"));
  EXPECT_THAT(TlsFile::read(folder.write("empty")).error().text(), HasSubstr("the file is empty"));
  EXPECT_THAT(TlsFile::read(folder.write("large", std::string(2 << 20, 'x'))).error().text(), HasSubstr("larger than"));
  const auto fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(TlsFile::read(fifo).error().text(), HasSubstr("no regular file"));
}

TEST(TicketKeysTest, AreExchangedInTimeAndTheLastOneStillOpens) {
  auto keys = *TicketKeys::create();
  const TimePoint begin{std::chrono::hours{1}};
  const auto first = keys.current(begin, seconds{60});
  EXPECT_EQ(keys.current(begin + seconds{59}, seconds{60}).name, first.name);
  const auto second = keys.current(begin + seconds{61}, seconds{60});
  EXPECT_NE(second.name, first.name);
  EXPECT_NE(second.cipher, first.cipher);
  TicketKeys::Key found;
  bool is_old = false;
  ASSERT_TRUE(keys.find(first.name.data(), found, is_old));
  EXPECT_TRUE(is_old);
  EXPECT_EQ(found.cipher, first.cipher);
  ASSERT_TRUE(keys.find(second.name.data(), found, is_old));
  EXPECT_FALSE(is_old);
  keys.current(begin + seconds{122}, seconds{60});
  EXPECT_FALSE(keys.find(first.name.data(), found, is_old));
}

}  // namespace
}  // namespace indrik::net
